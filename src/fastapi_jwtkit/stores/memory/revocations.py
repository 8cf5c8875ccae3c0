"""The revocation feed within this process."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from fastapi_jwtkit.clock import SystemClock
from fastapi_jwtkit.protocols import Clock
from fastapi_jwtkit.records import FeedPage, RevocationEntry
from fastapi_jwtkit.revocation_entries import merge_entries
from fastapi_jwtkit.stores.memory.single_worker import claim_realm

__all__ = ["MemoryRevocationStore"]

FOLLOW_WAIT_SECONDS = 0.4
_LOG_KEPT = 10_000
_SWEEP_EVERY_SECONDS = 60.0


@dataclass(slots=True)
class _Feed:
    born_at: float
    swept_at: float
    state: dict[tuple[str, str], RevocationEntry] = field(
        default_factory=dict[tuple[str, str], RevocationEntry]
    )
    log: list[RevocationEntry] = field(default_factory=list[RevocationEntry])
    first: int = 0
    """Number of the oldest entry that the log still holds."""
    waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = field(
        default_factory=set[tuple[asyncio.AbstractEventLoop, asyncio.Event]]
    )


class MemoryRevocationStore:
    """A ``RevocationStore`` in this process, for kits that share it.

    Refuses to serve from a second worker of the same server, which would never hear of
    a logout.

    Args:
        clock: the store's own clock.
    """

    sync_after = 2.5 * FOLLOW_WAIT_SECONDS

    def __init__(self, *, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        born_at = self._clock.now()
        self._feeds: defaultdict[str, _Feed] = defaultdict(
            lambda: _Feed(born_at=born_at, swept_at=born_at)
        )

    async def publish(self, realm: str, entries: Sequence[RevocationEntry], /) -> None:
        """Add entries to the state and to the log, and wake who follows."""
        claim_realm(realm)
        with self._lock:
            feed = self._feeds[realm]
            self._forget_expired(feed)
            for entry in entries:
                self._add(feed, entry)
            surplus = len(feed.log) - _LOG_KEPT
            if surplus > 0:
                del feed.log[:surplus]
                feed.first += surplus
            waiting = tuple(feed.waiting)
        for waiter in waiting:
            loop, event = waiter
            try:
                loop.call_soon_threadsafe(event.set)
            except RuntimeError:  # a loop that was closed without ending its tasks
                feed.waiting.discard(waiter)

    async def snapshot(self, realm: str, /) -> FeedPage:
        """Return the whole state and the position from which to follow it."""
        claim_realm(realm)
        with self._lock:
            return self._whole(self._feeds[realm])

    async def follow(self, realm: str, position: str, /) -> FeedPage:
        """Return what came after ``position``, waiting up to 0.4 s for it."""
        claim_realm(realm)
        event = asyncio.Event()
        waiter = (asyncio.get_running_loop(), event)
        with self._lock:
            feed = self._feeds[realm]
            page = self._after(feed, int(position))
            feed.waiting.add(waiter)
        try:
            if page.entries:
                return page
            try:
                async with asyncio.timeout(FOLLOW_WAIT_SECONDS):
                    await event.wait()
            except TimeoutError:
                pass
        finally:
            feed.waiting.discard(waiter)
        with self._lock:
            return self._after(feed, int(position))

    @staticmethod
    def _add(feed: _Feed, entry: RevocationEntry) -> None:
        key = (entry.kind, entry.value)
        known = feed.state.get(key)
        merged = entry if known is None else merge_entries(known, entry)
        if merged != known:
            feed.state[key] = merged
            feed.log.append(merged)

    def _after(self, feed: _Feed, position: int) -> FeedPage:
        if position < feed.first:  # the log was cut: the state says it all
            return self._whole(feed)
        entries = tuple(feed.log[position - feed.first :])
        return FeedPage(
            entries=entries, position=self._end(feed), whole=False, born_at=feed.born_at
        )

    def _whole(self, feed: _Feed) -> FeedPage:
        self._forget_expired(feed)
        entries = tuple(feed.state.values())
        return FeedPage(entries=entries, position=self._end(feed), whole=True, born_at=feed.born_at)

    @staticmethod
    def _end(feed: _Feed) -> str:
        return str(feed.first + len(feed.log))

    def _forget_expired(self, feed: _Feed) -> None:
        now = self._clock.now()
        if now - feed.swept_at < _SWEEP_EVERY_SECONDS:
            return
        feed.swept_at = now
        for key, entry in list(feed.state.items()):
            if entry.expires_at is not None and entry.expires_at <= now:
                del feed.state[key]
