"""How long a failed login takes, so that its time tells nothing."""

from __future__ import annotations

from typing import Final

__all__ = ["FailureFloor"]

_SLOWEST_LEARNING: Final = 0.02
_ABOVE: Final = 1.3
"""Over the mean of the slowest, so that its own spread stays below the floor, nearly always."""
_MOST_OF_MEAN: Final = 2.0
_TOO_NEAR: Final = 1.15
_TOO_FAR: Final = 1.8
_MOST_SECONDS: Final = 5.0
_MOST_COSTS: Final = 32


class FailureFloor:
    """Learns how long hashes of each cost take to compare, and says what a failure waits for.

    As long as all hashes cost the same there is nothing to wait for: one comparison takes
    as long as another. Once a second cost is seen, every failure takes the mean time of the
    slowest and 30 % more, five seconds at most. The floor stays where it is until the
    slowest has come too near or gone too far, so that what a single comparison took does
    not show in it. Used from several threads; an update lost between them is a measurement
    less.
    """

    __slots__ = ("_floor", "_means")

    def __init__(self) -> None:
        self._means: dict[str, tuple[int, float]] = {}
        self._floor = 0.0

    def note(self, cost: str, seconds: float) -> float:
        """Learn from one comparison.

        Returns:
            how many seconds a failure of that very comparison takes at least, counted from
            its start: what it took itself counts only if it is the first of its cost.
        """
        known = self._means.get(cost)
        if known is None:
            if len(self._means) < _MOST_COSTS:
                self._means[cost] = (1, seconds)
            self._settle()
            return self._floor
        floor = self._floor
        count, mean = known
        share = max(_SLOWEST_LEARNING, 1 / (count + 1))
        # A moment in which the machine did something else says little about the next one.
        learned = min(seconds, _MOST_OF_MEAN * mean)
        self._means[cost] = (count + 1, mean + share * (learned - mean))
        self._settle()
        return floor

    def typical(self, cost: str) -> float:
        """Return what a comparison of this cost takes, in seconds; 0 if none was seen."""
        return self._means.get(cost, (0, 0.0))[1]

    @property
    def seconds(self) -> float:
        """What a failure takes at least, counted from the start of its comparison."""
        return self._floor

    def _settle(self) -> None:
        if len(self._means) < 2:  # noqa: PLR2004 - one cost: nothing to hide
            return
        slowest = max(mean for _, mean in tuple(self._means.values()))
        if not _TOO_NEAR * slowest <= self._floor <= _TOO_FAR * slowest:
            self._floor = min(_MOST_SECONDS, _ABOVE * slowest)
