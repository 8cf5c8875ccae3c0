"""A store that forgot revocations is told again, and its rows with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest

from clocks import FakeClock
from fastapi_jwtkit.errors import RevocationsStaleError
from fastapi_jwtkit.records import FeedPage, NewSession, RevocationEntry
from fastapi_jwtkit.revocations import Revocations
from fastapi_jwtkit.stores.memory import MemoryRevocationStore, MemorySessionStore
from fastapi_jwtkit.testing.contracts.session_data import new_session
from revocation_doubles import REALM, Counted, entry


class Forgetful(MemoryRevocationStore):
    """The memory feed on a server that can be set back to an earlier state."""

    def forget(self, *values: str) -> None:
        """Lose entries, as a fail-over does."""
        state = self._feeds[REALM].state
        for key in [key for key in state if key[1] in values]:
            del state[key]

    def names(self) -> set[str]:
        """Return the values of all entries."""
        return {value for _, value in self._feeds[REALM].state}


class Slow(Counted):
    """A feed whose whole state takes long to read."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.may_answer = asyncio.Event()

    async def snapshot(self, realm: str, /) -> FeedPage:
        """Answer when told to."""
        await self.may_answer.wait()
        return await super().snapshot(realm)


class House:
    """A map that follows a forgetful feed, beside its rows."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = Forgetful(clock=self.clock)
        self.sessions = MemorySessionStore(clock=self.clock)
        self.revocations = Revocations(
            self.store,
            sessions=self.sessions,
            realm=REALM,
            max_staleness=30,
            entry_ttl=750,
            clock=self.clock,
        )

    async def read_again(self) -> None:
        """Let the map read a whole state."""
        self.clock.step(2)
        await self.revocations.freshen()


@pytest.fixture
async def house() -> House:
    """Return a map that has read its feed."""
    house = House()
    await house.revocations.freshen()
    return house


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that happens beside the test."""
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - a store has no event
            await asyncio.sleep(0.005)


def row(sid: str) -> NewSession:
    """Return a login of the realm."""
    return new_session(sid, realm=REALM, idle_ttl=900)


async def test_a_forgotten_revocation_is_put_back_and_ends_its_row_again(house: House) -> None:
    """The fail-over that lost the entry lost the end of the session as well."""
    await house.sessions.add(row("s1"))
    await house.revocations.publish([house.revocations.session_entry("s1")])
    house.store.forget("s1")
    await house.read_again()
    await until(lambda: "s1" in house.store.names())
    await until(lambda: house.sessions._rows[REALM, "s1"].revoked_at is not None)
    assert house.revocations.put_back == 1
    await house.revocations.stop()


async def test_a_forgotten_claims_version_is_raised_again(house: House) -> None:
    """The row went back with the feed, and would hand out the old roles."""
    await house.sessions.add(row("s1"))
    await house.revocations.publish([house.revocations.session_entry("s1", min_epoch=3)])
    house.store.forget("s1")
    await house.read_again()
    await until(lambda: house.sessions._rows[REALM, "s1"].epoch == 3)
    await house.revocations.stop()


async def test_a_weaker_entry_in_the_store_grows_again(house: House) -> None:
    """Half an entry is forgotten as well."""
    await house.revocations.publish([house.revocations.session_entry("s1")])
    house.store.forget("s1")
    await house.store.publish(REALM, [entry("sid", "s1", min_epoch=1)])
    await house.read_again()
    state = house.store._feeds[REALM].state
    await until(lambda: state["sid", "s1"].min_epoch is None)
    await house.revocations.stop()


async def test_a_key_that_was_revoked_for_good_is_put_back(house: House) -> None:
    """An entry without an end is never too old to be worth it."""
    await house.revocations.publish([entry("kid", "k1")])
    house.store.forget("k1")
    await house.read_again()
    await until(lambda: "k1" in house.store.names())
    await house.revocations.stop()


async def test_what_is_about_to_expire_is_not_put_back(house: House) -> None:
    """Two clocks may differ, and workers must not keep each other's entries alive."""
    await house.revocations.publish(
        [entry("sid", "s1", expires_at=house.clock.now() + 30), entry("sid", "s2")]
    )
    house.store.forget("s1", "s2")
    await house.read_again()
    await until(lambda: "s2" in house.store.names())
    assert house.store.names() == {"s2"}
    await house.revocations.stop()


async def test_nothing_is_put_back_into_a_store_that_forgot_nothing(house: House) -> None:
    """A state that was read before an entry was published has not forgotten it."""
    old = await house.store.snapshot(REALM)
    house.clock.step(1)
    await house.revocations.publish([house.revocations.session_entry("s1")])
    house.store.forget("s1")  # seen by what follows only if it looks
    await house.revocations._writing.repair(
        house.revocations.known.entries(), old.entries, read_at=house.clock.monotonic() - 1
    )
    assert house.store.names() == set()
    # Unless it was published and forgotten since: the next state will show that.
    await house.read_again()
    await until(lambda: house.store.names() == {"s1"})
    await house.revocations.stop()


async def test_a_store_that_fails_while_it_is_told_is_told_again(house: House) -> None:
    """The next whole state is compared again."""
    await house.revocations.publish([entry("sid", "s1")])
    house.store.forget("s1")
    publish = house.store.publish
    failures = 1

    async def failing(realm: str, entries: Sequence[RevocationEntry], /) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise ConnectionError("the server is gone")
        await publish(realm, entries)

    house.store.publish = failing  # type: ignore[method-assign]
    await house.read_again()
    await until(lambda: failures == 0)
    assert house.store.names() == set()
    await house.read_again()
    await until(lambda: house.store.names() == {"s1"})
    await house.revocations.stop()


async def test_a_read_goes_on_for_those_who_come_later() -> None:
    """A large state takes longer than a request may wait, and is not begun anew each time."""
    clock = FakeClock()
    store = Slow(clock)
    revocations = Revocations(store, realm=REALM, max_staleness=30, entry_ttl=750, clock=clock)
    with pytest.raises(RevocationsStaleError):
        await revocations.freshen(wait=0.001)
    with pytest.raises(RevocationsStaleError):
        await revocations.freshen(wait=0.001)
    store.may_answer.set()
    await revocations.freshen()
    assert revocations.is_fresh()
    assert store.reads <= 2  # the follower's and the one that requests shared
    await revocations.stop()


async def test_after_a_failure_the_whole_state_is_read() -> None:
    """Behind a broken connection may be a server that forgot, or another one."""
    clock = FakeClock()
    store = Counted(clock)
    revocations = Revocations(store, realm=REALM, max_staleness=30, entry_ttl=750, clock=clock)
    await revocations.freshen()
    await until(lambda: revocations._position is not None)
    reads = store.reads
    store.broken = True
    await until(lambda: revocations._position is None)
    store.broken = False
    await until(lambda: store.reads > reads and revocations._position is not None)
    await revocations.stop()


async def test_stopping_ends_every_task_of_the_loop(house: House) -> None:
    """Nothing is left that the end of the loop would have to destroy."""
    await house.revocations.publish([entry("sid", "s1")])
    await house.read_again()
    await house.revocations.stop()
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_a_repair_that_an_event_loop_left_behind_stops_nobody() -> None:
    """Loops end with tests, with mounted apps, and in the child of a fork."""
    house = House()
    gone = asyncio.new_event_loop()
    never = gone.create_future()

    async def wait_for_ever() -> None:
        await never

    house.revocations._repairing = gone.create_task(wait_for_ever())
    gone.run_until_complete(asyncio.sleep(0))

    async def forget_and_read() -> None:
        await house.revocations.freshen()
        await house.revocations.publish([entry("sid", "s1")])
        house.store.forget("s1")
        await house.read_again()
        await until(lambda: "s1" in house.store.names())
        await house.revocations.stop()

    left_behind = house.revocations._repairing
    asyncio.run(forget_and_read())
    left_behind.cancel()
    gone.run_until_complete(asyncio.gather(left_behind, return_exceptions=True))
    gone.close()
