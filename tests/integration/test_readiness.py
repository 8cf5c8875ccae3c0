"""A probe that says whether a worker can answer, and how far behind it is."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from clocks import FakeClock
from fastapi_jwtkit.errors import InvalidGrantError, NotReplicatedError, StoreUnavailableError
from fastapi_jwtkit.records import RevocationEntry
from fastapi_jwtkit.stores.memory import MemoryRevocationStore, MemorySessionStore
from kits import House, refused
from revocation_doubles import Counted


async def test_a_worker_that_read_its_feed_is_ready() -> None:
    """Without having been started: the probe itself reads."""
    house = House()
    readiness = await house.kit.readiness()
    assert readiness.ready
    assert readiness.revocation_age is not None
    assert readiness.revocation_age < 5
    assert (readiness.live_revocations, readiness.put_back) == (0, 0)
    await house.kit.stop()


async def test_a_worker_whose_feed_never_answered_is_not_ready_and_becomes_it() -> None:
    """Readiness, not liveness: a restart would not mend the store."""
    clock = FakeClock()
    store = Counted(clock)
    store.broken = True
    house = House(clock=clock, parts={"revocations": store})
    await house.kit.start()
    readiness = await house.kit.readiness()
    assert (readiness.ready, readiness.reason) == (False, "revocations_stale")
    assert readiness.revocation_age is None
    store.broken = False
    assert (await house.kit.readiness()).ready
    await house.kit.stop()


async def test_the_age_of_the_feed_is_a_figure_to_watch() -> None:
    """It grows while the store is away, also before the worker has to refuse."""
    clock = FakeClock()
    store = Counted(clock)
    house = House(clock=clock, parts={"revocations": store})
    await house.kit.start()
    store.broken = True
    clock.step(20)
    readiness = await house.kit.readiness()
    assert readiness.ready
    assert readiness.revocation_age == pytest.approx(20, abs=3)
    await house.kit.stop()


async def test_live_entries_are_counted() -> None:
    """What a map holds is memory."""
    house = House()
    pair = await house.log_in()
    await house.kit.close(await house.kit.prove_access(pair.access_token))
    assert (await house.kit.readiness()).live_revocations == 1
    await house.kit.stop()


async def test_a_kit_that_asks_no_feed_is_ready_with_its_keys() -> None:
    """There is nothing to wait for."""
    store = Counted(FakeClock())
    store.broken = True
    house = House(parts={"revocations": store}, revocation="off")
    assert (await house.kit.readiness()).ready
    await house.kit.stop()


class Lagging(MemoryRevocationStore):
    """A feed whose replica does not answer, as a primary whose replicas are gone."""

    async def publish(self, realm: str, entries: Sequence[RevocationEntry], /) -> None:
        """Write, and say that no replica has it."""
        await super().publish(realm, entries)
        raise NotReplicatedError("not_replicated")


async def test_a_logout_that_no_replica_has_is_not_confirmed_but_holds() -> None:
    """A fail-over could undo it, so it is answered 503; here it is done all the same."""
    clock = FakeClock()
    sessions = MemorySessionStore(clock=clock)
    house = House(clock=clock, parts={"sessions": sessions, "revocations": Lagging(clock=clock)})
    pair = await house.log_in()
    with pytest.raises(StoreUnavailableError):
        await house.kit.close(await house.kit.prove_access(pair.access_token))
    assert await refused(house, pair.access_token) == "session_revoked"
    found = await sessions.find(house.kit.realm, pair.session.sid)
    assert found is not None
    assert found.session.revoked_at is not None
    await house.kit.stop()


async def test_a_reuse_that_no_replica_has_is_still_refused_as_one() -> None:
    """Whoever replays a stolen token learns nothing of the servers."""
    clock = FakeClock()
    house = House(
        clock=clock,
        parts={
            "sessions": MemorySessionStore(clock=clock),
            "revocations": Lagging(clock=clock),
        },
    )
    pair = await house.log_in()
    await house.kit.rotate(pair.refresh_token)
    clock.step(60)
    with pytest.raises(InvalidGrantError):
        await house.kit.rotate(pair.refresh_token)
    assert await refused(house, pair.access_token) == "session_revoked"
    await house.kit.stop()
