"""Clocks that tests can step."""

from __future__ import annotations

import time


class FakeClock:
    """A wall clock and a monotonic clock that move only when told to."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self._now = now
        self._monotonic = 1_000.0

    def now(self) -> float:
        """Return the wall clock in seconds since the epoch."""
        return self._now

    def monotonic(self) -> float:
        """Return the monotonic clock in seconds."""
        return self._monotonic

    def step(self, seconds: float) -> None:
        """Let both clocks move by ``seconds``; the monotonic one never goes back."""
        self._now += seconds
        self._monotonic += max(0.0, seconds)


class MovingClock:
    """The machine's clocks, and what they were moved by: for stores on clocks of their own."""

    def __init__(self) -> None:
        self.moved = 0.0

    def now(self) -> float:
        """Return the wall clock in seconds since the epoch."""
        return time.time() + self.moved

    def monotonic(self) -> float:
        """Return the monotonic clock in seconds."""
        return time.monotonic() + self.moved

    def step(self, seconds: float) -> None:
        """Let both clocks jump ahead by ``seconds``."""
        self.moved += seconds
