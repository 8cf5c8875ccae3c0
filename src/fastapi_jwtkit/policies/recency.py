"""How long ago somebody authenticated: one answer for guards and policies."""

from __future__ import annotations

import math

from fastapi_jwtkit.errors import ConfigurationError

__all__ = ["ensure_positive", "is_recent"]

SKEW_SECONDS = 30.0
"""How far the clock of another worker may be ahead; what is later is no time of a login."""


def is_recent(auth_time: float | None, now: float, max_age: float) -> bool:
    """Say whether somebody authenticated less than ``max_age`` seconds ago.

    No time, and one that has not come yet, is not recent.
    """
    return auth_time is not None and -SKEW_SECONDS <= now - auth_time < max_age


def ensure_positive(seconds: float) -> float:
    """Return the seconds.

    Raises:
        ConfigurationError: they are not above 0: nobody could ever log in fast enough.
    """
    if not (math.isfinite(seconds) and seconds > 0):
        raise ConfigurationError(
            f"{seconds!r} seconds since a login can never be kept.",
            why="Between a login and the request that follows it some time passes.",
            fix="Name a time above 0, such as 300 for five minutes.",
            docs="how-to/step-up/",
        )
    return seconds
