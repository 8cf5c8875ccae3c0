"""What contracts ask of a store's clock: that a test can move it."""

from __future__ import annotations

__all__ = ["ClockedContract"]

_ROUNDING = 0.001
"""Seconds by which a stored time may differ from the one that was meant."""


class ClockedContract:
    """Tests of a store that goes by a clock of its own.

    Attributes:
        slack: seconds that a time may read later than the steps say, because the clock
            moves by itself as well; 0 for one that stands still between the steps.
    """

    slack: float = 20.0

    def step(self, seconds: float, /) -> None:
        """Let the store's own clock move: give the store an offset that you add to."""
        message = f"{type(self).__name__} needs step(seconds), which moves the store's clock"
        raise NotImplementedError(message)

    def is_at(self, time: float | None, expected: float) -> bool:
        """Say whether a time of the store is the expected one, give or take what it may."""
        return time is not None and -_ROUNDING <= time - expected <= self.slack + _ROUNDING
