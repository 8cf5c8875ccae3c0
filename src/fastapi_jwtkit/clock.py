"""The one place that asks what time it is."""

from __future__ import annotations

import time

__all__ = ["SystemClock"]


class SystemClock:
    """The machine's clocks, behind the ``Clock`` port so that tests can step time.

    ``now()`` is the wall clock in seconds since the epoch, ``monotonic()`` one that never
    goes back.
    """

    __slots__ = ()

    # The functions themselves: each request asks several times.
    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)
