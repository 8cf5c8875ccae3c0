"""The one place that asks what time it is."""

from __future__ import annotations

import time

__all__ = ["SystemClock"]


class SystemClock:
    """The machine's clocks, behind the ``Clock`` port so that tests can step time."""

    __slots__ = ()

    def now(self) -> float:
        """Return the wall clock in seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Return a clock in seconds that never goes back."""
        return time.monotonic()
