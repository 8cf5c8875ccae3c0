"""How long a failed login takes, so that its time tells nothing."""

from __future__ import annotations

from typing import Final

__all__ = ["FailureFloor"]

_SMOOTHING: Final = 0.2
_MARGIN: Final = 1.25
"""Above the mean of the slowest, so that its own spread stays below the floor, nearly always."""
_MOST_SECONDS: Final = 5.0
_MOST_COSTS: Final = 32


class FailureFloor:
    """Learns how long hashes of each cost take to compare, and says what a failure waits for.

    As long as all hashes cost the same there is nothing to wait for: one comparison takes
    as long as another. Once a second cost is seen, every failure takes the time of the
    slowest and a quarter more, five seconds at most. Used from several threads; an update
    lost between them is a measurement less.
    """

    __slots__ = ("_typical",)

    def __init__(self) -> None:
        self._typical: dict[str, float] = {}

    def note(self, cost: str, seconds: float) -> None:
        """Learn from one comparison."""
        known = self._typical.get(cost)
        if known is None:
            if len(self._typical) < _MOST_COSTS:
                self._typical[cost] = seconds
        else:
            self._typical[cost] = known + _SMOOTHING * (seconds - known)

    def typical(self, cost: str) -> float:
        """Return what a comparison of this cost takes, in seconds; 0 if none was seen."""
        return self._typical.get(cost, 0.0)

    @property
    def seconds(self) -> float:
        """What a failure takes at least, counted from the start of its comparison."""
        if len(self._typical) < 2:  # noqa: PLR2004 - one cost: nothing to hide
            return 0.0
        return min(_MOST_SECONDS, _MARGIN * max(self._typical.values()))
