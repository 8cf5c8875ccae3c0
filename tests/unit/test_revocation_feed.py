"""Following the feed: read before it is trusted, right without being started."""

from __future__ import annotations

import asyncio
import threading

import pytest

from clocks import FakeClock
from fastapi_jwtkit.errors import RevocationsStaleError
from fastapi_jwtkit.revocations import Revocations
from fastapi_jwtkit.stores.memory import MemoryRevocationStore
from revocation_doubles import REALM, Counted, entry, follow


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
        while not theirs.known.is_session_revoked("s1"):  # noqa: ASYNC110 - the map has no event
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


async def test_a_map_is_never_served_beyond_a_staleness_that_is_shorter_than_a_poll() -> None:
    """The feed may be read less often than that; then requests read it."""
    clock = FakeClock()
    store = Counted(clock)
    revocations = Revocations(store, realm=REALM, max_staleness=0.5, entry_ttl=750, clock=clock)
    await revocations.freshen()
    clock.step(0.4)
    assert revocations.is_fresh()
    store.broken = True
    clock.step(0.2)
    assert not revocations.is_fresh()
    with pytest.raises(RevocationsStaleError):
        await revocations.freshen()
    await revocations.stop()


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
    assert all(revocations.known.is_session_revoked(f"s{n}") for n in range(4))


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
