"""The revocation map: right without being started, fresh before it is trusted."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from clocks import FakeClock
from fastapi_jwtkit.claims import Claims
from fastapi_jwtkit.errors import InvalidTokenError, RevocationsStaleError, StoreUnavailableError
from fastapi_jwtkit.records import FeedPage, RevocationEntry
from fastapi_jwtkit.revocations import Revocations
from fastapi_jwtkit.stores.memory import MemoryRevocationStore

REALM = "r"


class Counted(MemoryRevocationStore):
    """The memory feed, counting its reads and failing when told to."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock=clock)
        self.reads = 0
        self.broken = False

    async def snapshot(self, realm: str, /) -> FeedPage:
        """Read, or fail."""
        self.reads += 1
        await asyncio.sleep(0)
        if self.broken:
            raise ConnectionError("the server is gone")
        return await super().snapshot(realm)

    async def follow(self, realm: str, position: str, /) -> FeedPage:
        """Follow, or fail."""
        if self.broken:
            raise ConnectionError("the server is gone")
        return await super().follow(realm, position)

    async def publish(self, realm: str, entries: Sequence[RevocationEntry], /) -> None:
        """Publish, or fail."""
        if self.broken:
            raise ConnectionError("the server is gone")
        await super().publish(realm, entries)


def claims_of(clock: FakeClock, **changes: Any) -> Claims:
    """Return claims as a verifier would make them."""
    payload = {
        "sub": "u1",
        "exp": clock.now() + 600,
        "iat": clock.now() + 60,
        "jti": "j1",
        "sid": "s1",
        "sv": 2,
    }
    return Claims(payload | changes, kid="k1")


def follow(store: MemoryRevocationStore, clock: FakeClock) -> Revocations:
    """Return a map that follows a feed."""
    return Revocations(store, realm=REALM, max_staleness=30, entry_ttl=750, clock=clock)


def entry(kind: Any, value: str, **changes: Any) -> RevocationEntry:
    """Return an entry."""
    return replace(RevocationEntry(kind=kind, value=value), **changes)


@pytest.mark.parametrize(
    ("dead", "reason"),
    [
        (entry("sid", "s1"), "session_revoked"),
        (entry("sid", "s1", min_epoch=3), "claims_expired"),
        (entry("jti", "j1"), "token_revoked"),
        (entry("kid", "k1"), "key_revoked"),
        (entry("subject", "u1"), "subject_revoked"),
        (entry("subject", "u1", not_before=1_800_000_061.0), "subject_revoked"),
    ],
)
async def test_what_is_revoked_is_refused_at_once(dead: RevocationEntry, reason: str) -> None:
    """Session, claims version, token, key and subject: each kills what it names."""
    clock = FakeClock()
    revocations = follow(MemoryRevocationStore(clock=clock), clock)
    revocations.ensure_live(claims_of(clock))
    await revocations.publish([dead])
    with pytest.raises(InvalidTokenError) as caught:
        revocations.ensure_live(claims_of(clock))
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "other",
    [
        entry("sid", "s2"),
        entry("sid", "s1", min_epoch=2),
        entry("jti", "s1"),
        entry("kid", "k2"),
        entry("subject", "u2"),
        entry("subject", "u1", not_before=1_800_000_060.0),
    ],
)
async def test_what_is_not_named_lives(other: RevocationEntry) -> None:
    """Entries of other kinds, names, versions or times touch nobody else."""
    clock = FakeClock()
    revocations = follow(MemoryRevocationStore(clock=clock), clock)
    await revocations.publish([other])
    revocations.ensure_live(claims_of(clock))


async def test_a_weaker_entry_never_weakens_a_stronger_one() -> None:
    """A session that ended does not live again by a late claims entry."""
    clock = FakeClock()
    revocations = follow(MemoryRevocationStore(clock=clock), clock)
    await revocations.publish([entry("sid", "s1"), entry("sid", "s1", min_epoch=9)])
    assert revocations.is_session_revoked("s1")
    await revocations.publish([entry("sid", "s2", min_epoch=9), entry("sid", "s2", min_epoch=3)])
    assert revocations.min_epoch("s2") == 9


async def test_a_map_that_was_never_read_is_not_fresh_and_reads_once() -> None:
    """Fifty cold requests share one read."""
    clock = FakeClock()
    store = Counted(clock)
    revocations = follow(store, clock)
    assert not revocations.is_fresh()
    await asyncio.gather(*(revocations.freshen() for _ in range(50)))
    assert revocations.is_fresh()
    assert store.reads == 1
    await revocations.stop()


async def test_another_map_hears_of_a_revocation() -> None:
    """The follower wakes as soon as something is published."""
    clock = FakeClock()
    store = MemoryRevocationStore(clock=clock)
    mine, theirs = follow(store, clock), follow(store, clock)
    await theirs.freshen()
    await asyncio.sleep(0)
    await mine.publish([entry("sid", "s1")])
    async with asyncio.timeout(2):
        while not theirs.is_session_revoked("s1"):  # noqa: ASYNC110 - the map has no event
            await asyncio.sleep(0.005)
    await theirs.stop()


async def test_a_feed_that_fails_is_trusted_for_max_staleness_and_no_longer() -> None:
    """Then it denies, and once it can be read again it serves."""
    clock = FakeClock()
    store = Counted(clock)
    revocations = follow(store, clock)
    await revocations.freshen()
    store.broken = True
    clock.step(29)
    await revocations.freshen()
    clock.step(2)
    with pytest.raises(RevocationsStaleError):
        await revocations.freshen()
    store.broken = False
    await revocations.freshen()
    assert revocations.is_fresh()
    await revocations.stop()


async def test_a_feed_that_never_answered_denies() -> None:
    """Starting with the server down refuses; it does not guess."""
    clock = FakeClock()
    store = Counted(clock)
    store.broken = True
    with pytest.raises(RevocationsStaleError):
        await follow(store, clock).freshen()


async def test_a_revocation_that_cannot_be_published_holds_here_and_is_not_confirmed() -> None:
    """The process that revokes applies it first; the caller is told that it failed."""
    clock = FakeClock()
    store = Counted(clock)
    revocations = follow(store, clock)
    store.broken = True
    with pytest.raises(StoreUnavailableError):
        await revocations.publish([entry("sid", "s1")])
    assert revocations.is_session_revoked("s1")


@pytest.mark.parametrize("jump", [40.0, -3_600.0])
async def test_a_jump_of_either_clock_makes_the_map_stale(jump: float) -> None:
    """Staleness goes by the clock that says more: a machine may have slept."""
    clock = FakeClock()
    revocations = follow(MemoryRevocationStore(clock=clock), clock)
    await revocations.freshen()
    clock.step(jump)
    if jump > 0:
        assert not revocations.is_fresh()
    await revocations.stop()


async def test_stopping_the_follower_makes_the_map_stale() -> None:
    """Nobody may trust a map that nobody follows."""
    clock = FakeClock()
    revocations = follow(MemoryRevocationStore(clock=clock), clock)
    await revocations.freshen()
    await revocations.stop()
    assert not revocations.is_fresh()


def test_one_event_loop_after_another_reads_anew() -> None:
    """The end of a loop cancels its follower; the next loop starts its own."""
    clock = FakeClock()
    store = Counted(clock)
    revocations = follow(store, clock)
    for expected in (1, 2, 3):
        asyncio.run(revocations.freshen())
        assert store.reads == expected
        assert not revocations.is_fresh()


def test_event_loops_in_several_threads_share_a_map() -> None:
    """What one publishes, all of them know."""
    clock = FakeClock()
    revocations = follow(MemoryRevocationStore(clock=clock), clock)

    async def revoke(sid: str) -> None:
        await revocations.freshen()
        await revocations.publish([entry("sid", sid)])

    threads = [threading.Thread(target=lambda n=n: asyncio.run(revoke(f"s{n}"))) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(revocations.is_session_revoked(f"s{n}") for n in range(4))


async def test_a_token_older_than_the_feed_is_checked_against_its_row() -> None:
    """A feed that was emptied forgot what was revoked; the row did not."""
    clock = FakeClock()
    revocations = follow(MemoryRevocationStore(clock=clock), clock)
    await revocations.freshen()
    old = claims_of(clock, iat=clock.now() + 29)
    assert revocations.needs_row(old)
    assert not revocations.needs_row(claims_of(clock, iat=clock.now() + 30))
    revocations.vouch(old, epoch=2)
    assert not revocations.needs_row(old)
    assert revocations.needs_row(claims_of(clock, iat=clock.now(), sv=1))
    assert revocations.needs_row(claims_of(clock, iat=clock.now(), sid=None))
    await revocations.stop()


async def test_expired_entries_are_forgotten() -> None:
    """The map holds what can still be presented, and no history."""
    clock = FakeClock()
    revocations = follow(MemoryRevocationStore(clock=clock), clock)
    await revocations.publish([revocations.session_entry("s1"), entry("kid", "k9")])
    clock.step(751)
    await revocations.publish([revocations.session_entry("s2")])
    kept = {(kind, value) for kind, of in revocations._entries.items() for value in of}
    assert kept == {("sid", "s2"), ("kid", "k9")}


async def test_a_reader_behind_a_cut_log_gets_the_whole_state() -> None:
    """Whoever was away for longer than the log reaches misses nothing."""
    clock = FakeClock()
    store = MemoryRevocationStore(clock=clock)
    start = await store.snapshot(REALM)
    await store.publish(REALM, [entry("sid", f"s{n}") for n in range(10_050)])
    page = await store.follow(REALM, start.position)
    assert len(page.entries) == 10_050


async def test_a_late_weaker_entry_does_not_weaken_the_feed() -> None:
    """A worker that loads the state afterwards still refuses the ended session."""
    clock = FakeClock()
    store = MemoryRevocationStore(clock=clock)
    await store.publish(REALM, [entry("sid", "s1")])
    await store.publish(REALM, [entry("sid", "s1", min_epoch=1)])
    (kept,) = (await store.snapshot(REALM)).entries
    assert kept.min_epoch is None


async def test_a_logout_that_is_repeated_lasts_from_the_last_time() -> None:
    """The first one may have reached this process only."""
    clock = FakeClock()
    store = Counted(clock)
    revocations = follow(store, clock)
    store.broken = True
    with pytest.raises(StoreUnavailableError):
        await revocations.publish([revocations.session_entry("s1")])
    store.broken = False
    clock.step(700)
    await revocations.publish([revocations.session_entry("s1")])
    clock.step(100)
    await revocations.publish([revocations.session_entry("s2")])
    assert revocations.is_session_revoked("s1")


async def test_no_staleness_at_all_can_be_asked_for() -> None:
    """A map that was just read is fresh enough for anybody."""
    clock = FakeClock()
    store = Counted(clock)
    revocations = Revocations(store, realm=REALM, max_staleness=0, entry_ttl=750, clock=clock)
    await revocations.freshen()
    await revocations.freshen()
    store.broken = True
    clock.step(2)
    with pytest.raises(RevocationsStaleError):
        await revocations.freshen()
    await revocations.stop()


async def test_what_was_vouched_for_is_asked_again_when_the_feed_is_made_anew() -> None:
    """The old feed may have heard of an end that the new one does not know."""
    clock = FakeClock()
    revocations = follow(MemoryRevocationStore(clock=clock), clock)
    await revocations.freshen()
    claims = claims_of(clock, iat=clock.now())
    revocations.vouch(claims, epoch=2)
    assert not revocations.needs_row(claims)
    await revocations.stop()
    clock.step(5)
    revocations._store = MemoryRevocationStore(clock=clock)
    await revocations.freshen()
    assert revocations.needs_row(claims)
    await revocations.stop()
