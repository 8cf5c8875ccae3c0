"""Whole reads of the revocation feed: how long they take and keep the event loop.

Part of ``benchmarks.revocation_map``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.servers import Server, prepared
from fastapi_jwtkit.clock import SystemClock
from fastapi_jwtkit.protocols import RevocationStore
from fastapi_jwtkit.records import FeedPage, RevocationEntry
from fastapi_jwtkit.revocations import Revocations

REALM = "https://bench.example"
ENTRY_SECONDS = 780.0
PUBLISHED_AT_ONCE = 5_000
READ_LIMIT_SECONDS = 30.0
IN_PROCESS = "in process"
COMPARING = "jwtkit-revocation-put-back"
"""The task that compares a whole state with the map, beside the follower."""


def entries(count: int, *, expires_at: float) -> tuple[RevocationEntry, ...]:
    """Return sessions that were closed, each with strings and numbers of its own."""
    return tuple(
        RevocationEntry(kind="sid", value=f"dead-{n:017d}", expires_at=expires_at + n / 1e6)
        for n in range(count)
    )


class HeldPages:
    """A feed without a server: the page is there, and reading it costs nothing.

    Args:
        copies: the same entries in objects of their own, as each read of a server would
            make them; they take turns.
    """

    sync_after = 60.0

    def __init__(self, copies: Sequence[tuple[RevocationEntry, ...]]) -> None:
        self.copies = copies
        self._reads = 0

    async def publish(self, realm: str, entries: Sequence[RevocationEntry], /) -> None:
        """Refuse: nobody publishes here."""
        raise NotImplementedError

    async def snapshot(self, realm: str, /) -> FeedPage:
        """Return the page."""
        del realm
        self._reads += 1
        page = self.copies[self._reads % len(self.copies)]
        return FeedPage(entries=page, position="0", whole=True, born_at=0.0)

    async def follow(self, realm: str, position: str, /) -> FeedPage:
        """Return nothing new, after a while."""
        del realm
        await asyncio.sleep(self.sync_after)
        return FeedPage(entries=(), position=position, whole=False, born_at=0.0)


def empty_map(store: RevocationStore) -> Revocations:
    """Return a map that has read nothing yet."""
    return Revocations(
        store, realm=REALM, max_staleness=30.0, entry_ttl=ENTRY_SECONDS, clock=SystemClock()
    )


def held(count: int) -> HeldPages:
    """Return a feed of so many entries, without a server."""
    expires_at = time.time() + ENTRY_SECONDS
    return HeldPages([entries(count, expires_at=expires_at) for _ in range(2)])


async def longest_block(work: asyncio.Task[Any]) -> float:
    """Return the longest time in seconds for which nothing else could run."""
    longest, last = 0.0, time.perf_counter()
    while not work.done():
        await asyncio.sleep(0)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    return longest


async def read_costs(store: RevocationStore, reads: int) -> dict[str, float]:
    """Return what whole reads of a feed cost a worker that knows it already.

    Each is timed once undisturbed and once watched, so that the watching does not count.
    What else runs on the machine can only add: the figures are those of the best read.
    """
    revocations = empty_map(store)

    async def read() -> None:
        await revocations.stop()  # what was read is not trusted any more
        await revocations.freshen(wait=READ_LIMIT_SECONDS)

    async def read_and_compare() -> None:
        await read()
        while beside := [task for task in asyncio.all_tasks() if task.get_name() == COMPARING]:
            await asyncio.wait(beside)

    await read()
    took: list[float] = []
    blocked: list[float] = []
    for _ in range(reads):
        started = time.perf_counter()
        await read()
        took.append((time.perf_counter() - started) * 1000)
        blocked.append(await longest_block(asyncio.create_task(read_and_compare())) * 1000)
    await revocations.stop()
    return {"read_ms": min(took), "block_ms": min(blocked), "block_max_ms": max(blocked)}


async def reads_of(server: Server, sizes: Sequence[int], reads: int) -> list[dict[str, Any]]:
    """Return what whole reads of a server's feed cost, by size."""
    rows: list[dict[str, Any]] = []
    async with prepared(server) as stores:
        published = 0
        everything = entries(max(sizes), expires_at=time.time() + ENTRY_SECONDS)
        for size in sorted(sizes):
            for start in range(published, size, PUBLISHED_AT_ONCE):
                some = everything[start : min(start + PUBLISHED_AT_ONCE, size)]
                await stores.revocations.publish(REALM, some)
                print(
                    f"\r{server.name}: {start + len(some):,} entries published", end="", flush=True
                )
            published = size
            costs = await read_costs(stores.revocations, reads)
            rows.append({"store": server.name, "entries": size} | costs)
    print()
    return rows
