"""Clocks that tests can step."""

from __future__ import annotations

import time

from fastapi_jwtkit.testing.clock import FakeClock

__all__ = ["FakeClock", "MovingClock"]


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
