"""What happened, for audit and metrics.

Names follow the OWASP Logging Vocabulary where it has one. An event never holds a
token, a password or any part of one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

__all__ = ["AuthEvent", "EventName"]

_NOTHING: Mapping[str, str | int] = MappingProxyType({})


class EventName(StrEnum):
    """What can happen."""

    LOGIN_SUCCEEDED = "authn_login_success"
    LOGIN_FAILED = "authn_login_fail"
    TOKEN_REFUSED = "authn_token_refused"
    TOKEN_REVOKED_USED = "authn_token_revoked_used"
    TOKEN_REUSED = "authn_token_reuse"
    REFRESH_SUCCEEDED = "authn_refresh_success"
    REFRESH_FAILED = "authn_refresh_fail"
    REFRESH_REPLAYED = "authn_refresh_replay"
    REPLAY_STREAK = "authn_refresh_replay_streak"
    SESSION_STORE_BEHIND = "session_store_behind"
    SESSION_CREATED = "session_created"
    SESSION_ENDED = "session_expired"
    CLAIMS_EXPIRED = "session_claims_expired"
    USER_CREATED = "user_created"
    PASSWORD_UPGRADED = "authn_password_upgraded"
    ACCESS_DENIED = "authz_fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthEvent:
    """One thing that happened.

    Attributes:
        name: what.
        time: when, seconds since the epoch by the application's clock.
        realm: in which kit.
        outcome: ``True`` for success.
        reason: snake_case cause of a failure.
        subject, session_id: whom it concerns, where that is known.
        ip, user_agent: where the request came from, where there was one.
        detail: more, with bounded names: numbers and short words only.
    """

    name: EventName
    time: float
    realm: str
    outcome: bool = True
    reason: str = ""
    subject: str | None = None
    session_id: str | None = None
    ip: str | None = None
    user_agent: str | None = None
    detail: Mapping[str, str | int] = field(default_factory=lambda: _NOTHING)
