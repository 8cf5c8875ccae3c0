"""Counters that end by themselves, within this process."""

from __future__ import annotations

import heapq
import threading

from fastapi_jwtkit.clock import SystemClock
from fastapi_jwtkit.protocols import Clock
from fastapi_jwtkit.throttling import Count

__all__ = ["MemoryCounterStore"]

SWEEP_BATCH = 20
_NOTHING = Count(0, 0.0)


class MemoryCounterStore:
    """A ``CounterStore`` in a dict.

    Args:
        clock: decides when a counter is over.
    """

    def __init__(self, *, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._counters: dict[tuple[str, str], tuple[int, float]] = {}
        self._ends: list[tuple[float, tuple[str, str]]] = []

    async def increment(self, realm: str, key: str, /, *, by: int, window: float) -> Count:
        """Change a counter atomically and return what it is then."""
        name = (realm, key)
        # By the monotonic clock: one that is set back must not keep anybody out for longer.
        now = self._clock.monotonic()
        with self._lock:
            self._sweep(now)
            value, ends_at = self._counters.get(name, (0, now))
            if ends_at <= now:
                if by <= 0:
                    return _NOTHING
                value, ends_at = 0, now + window
                heapq.heappush(self._ends, (ends_at, name))
            value = max(0, value + by)
            self._counters[name] = (value, ends_at)
            return Count(value, ends_at - now)

    async def read(self, realm: str, key: str, /) -> Count:
        """Return a counter; one that is not there stands at 0."""
        now = self._clock.monotonic()
        value, ends_at = self._counters.get((realm, key), (0, now))
        return Count(value, ends_at - now) if ends_at > now else _NOTHING

    async def forget(self, realm: str, key: str, /) -> None:
        """End a counter now."""
        with self._lock:
            self._counters.pop((realm, key), None)

    def _sweep(self, now: float) -> None:
        """Drop a few counters that are over: more than each call adds."""
        for _ in range(SWEEP_BATCH):
            if not self._ends or self._ends[0][0] > now:
                return
            ends_at, name = heapq.heappop(self._ends)
            # One that was forgotten may have begun anew.
            if self._counters.get(name, (0, 0.0))[1] == ends_at:
                del self._counters[name]
