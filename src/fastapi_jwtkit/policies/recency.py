"""How long ago somebody authenticated: one answer for guards and policies."""

from __future__ import annotations

import math

from fastapi_jwtkit.errors import ConfigurationError

__all__ = ["ensure_positive", "is_recent"]

SKEW_SECONDS = 30.0
"""How far the clock of another worker may be ahead; what is later is no time of a login."""


def is_recent(auth_time: float | None, now: float, max_age: float) -> bool:
    """Say whether somebody authenticated at most ``max_age`` seconds ago.

    No time, and one that has not come yet, is not recent.
    """
    return auth_time is not None and -SKEW_SECONDS <= now - auth_time <= max_age


def ensure_positive(seconds: float) -> float:
    """Return the seconds.

    Raises:
        ConfigurationError: they are below 1: nobody could ever log in fast enough.
    """
    if not (math.isfinite(seconds) and seconds >= 1):
        raise ConfigurationError(
            f"An age of {seconds:g} seconds since the login is refused.",
            why="Times of logins are whole seconds: nobody could log in late enough.",
            fix="Name a time from 1 on, such as 300 for five minutes.",
            docs="how-to/step-up/",
        )
    return seconds
