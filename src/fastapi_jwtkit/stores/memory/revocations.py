"""The revocation feed within this process."""

from __future__ import annotations

import asyncio
import secrets
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
_WHOLE_EVERY_SECONDS = 60.0


@dataclass(slots=True)
class _Feed:
    born_at: float
    swept_at: float
    name: str = field(default_factory=lambda: secrets.token_hex(8))
    """Tells its positions from those of another feed."""
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
            page = self._after(feed, position)
            feed.waiting.add(waiter)
        try:
            if page.entries or page.whole:
                return page
            try:
                async with asyncio.timeout(FOLLOW_WAIT_SECONDS):
                    await event.wait()
            except TimeoutError:
                pass
        finally:
            feed.waiting.discard(waiter)
        with self._lock:
            return self._after(feed, position)

    def _add(self, feed: _Feed, entry: RevocationEntry) -> None:
        key = (entry.kind, entry.value)
        known = feed.state.get(key)
        if known is not None and self._is_over(known):
            known = None
        merged = entry if known is None else merge_entries(known, entry)
        if merged != known:
            feed.state[key] = merged
            feed.log.append(merged)

    def _after(self, feed: _Feed, position: str) -> FeedPage:
        read = self._read(feed, position)
        if read is None:
            return self._whole(feed)
        number, whole_at = read
        return FeedPage(
            entries=tuple(feed.log[number - feed.first :]),
            position=self._end(feed, whole_at),
            whole=False,
            born_at=feed.born_at,
        )

    def _read(self, feed: _Feed, position: str) -> tuple[int, float] | None:
        """Return a number in the log and when all was read; ``None``: read all now."""
        name, _, rest = position.partition(":")
        if name != feed.name:  # of another feed
            return None
        number, _, whole_at = rest.partition(":")
        if int(number) < feed.first:  # the log was cut: the state says it all
            return None
        is_due = not 0 <= self._clock.now() - float(whole_at) < _WHOLE_EVERY_SECONDS
        return None if is_due else (int(number), float(whole_at))

    def _whole(self, feed: _Feed) -> FeedPage:
        self._forget_expired(feed)
        return FeedPage(
            entries=tuple(entry for entry in feed.state.values() if not self._is_over(entry)),
            position=self._end(feed, self._clock.now()),
            whole=True,
            born_at=feed.born_at,
        )

    @staticmethod
    def _end(feed: _Feed, whole_at: float) -> str:
        return f"{feed.name}:{feed.first + len(feed.log)}:{whole_at!r}"

    def _is_over(self, entry: RevocationEntry) -> bool:
        return entry.expires_at is not None and entry.expires_at <= self._clock.now()

    def _forget_expired(self, feed: _Feed) -> None:
        now = self._clock.now()
        if now - feed.swept_at < _SWEEP_EVERY_SECONDS:
            return
        feed.swept_at = now
        for key, entry in list(feed.state.items()):
            if self._is_over(entry):
                del feed.state[key]
