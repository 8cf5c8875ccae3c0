"""A clock that moves only when a test says so."""

from __future__ import annotations

__all__ = ["FakeClock"]


class FakeClock:
    """A wall clock and a monotonic clock that move only when told to.

    Hand it to a kit, ``JWTKit(settings, clock=clock)``, and to stores of your own: tokens
    expire, sessions idle out and keys retire as you ``step``, and no test sleeps.

    Args:
        now: where the wall clock stands, in seconds since the epoch.
    """

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
