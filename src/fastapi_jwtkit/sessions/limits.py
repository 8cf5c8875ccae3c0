"""How long sessions last, and how many there may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from fastapi_jwtkit.settings import Settings

__all__ = ["SessionLimits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLimits:
    """How long sessions last (seconds), and what a strange replay means.

    Attributes:
        grace: how long a spent refresh token is answered with its successor.
        idle_ttl: life without a refresh.
        absolute_ttl: life in any case.
        revoke_foreign_replay: whether a replay from another user agent ends the
            session; if not it is only an event.
        max_sessions: how many a user may have at once; 0: any number.
    """

    grace: float
    idle_ttl: float
    absolute_ttl: float
    revoke_foreign_replay: bool = False
    max_sessions: int = 0

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return what the settings say."""
        return cls(
            grace=settings.grace,
            idle_ttl=settings.idle_ttl,
            absolute_ttl=settings.absolute_ttl,
            revoke_foreign_replay=settings.revoke_foreign_replay,
            max_sessions=settings.max_sessions,
        )
