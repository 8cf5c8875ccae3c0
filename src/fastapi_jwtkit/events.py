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
    """Somebody logged in, or the application opened a session."""
    LOGIN_FAILED = "authn_login_fail"
    """A name and password were refused, or the session could not be opened."""
    THROTTLED = "excess_rate_limit_exceeded"
    """Somebody tried too often; ``reason`` says what was counted, ``detail`` what they tried."""
    LOGOUT_FAILED = "authn_logout_fail"
    """A token that should end its session proved none."""
    TOKEN_REFUSED = "authn_token_refused"
    """An access token failed a check: forged, expired, or meant for others."""
    TOKEN_REVOKED_USED = "authn_token_revoked_used"
    """An access token came whose session, key or claims were revoked."""
    TOKEN_REUSED = "authn_token_reuse"
    """A spent refresh token came back after its grace window; the session was ended."""
    REFRESH_SUCCEEDED = "authn_refresh_success"
    """A refresh token bought the next pair."""
    REFRESH_FAILED = "authn_refresh_fail"
    """A refresh token was refused."""
    REFRESH_REPLAYED = "authn_refresh_replay"
    """A spent refresh token came back within its grace window and was answered."""
    REPLAY_STREAK = "authn_refresh_replay_streak"
    """Replays follow one another, refresh after refresh: two parties may hold the token."""
    SESSION_STORE_BEHIND = "session_store_behind"
    """An authentic refresh token is newer than its row, as after a restored backup."""
    SESSION_CREATED = "session_created"
    """A session was stored."""
    SESSION_ENDED = "session_expired"
    """A session was ended; ``reason`` says by what. A logout is ``logout``."""
    SESSION_END_FAILED = "session_expired_fail"
    """A session could not be ended everywhere: it may live on, so it has to be tried again."""
    CLAIMS_EXPIRED = "session_claims_expired"
    """The access tokens of a user were ended, the sessions were not."""
    SUBJECT_ERASED = "user_erased"
    """What the session store held of a user was deleted; ``outcome`` says whether it could be."""
    USER_CREATED = "user_created"
    """Somebody registered, or could not."""
    PASSWORD_UPGRADED = "authn_password_upgraded"
    """An old password hash was replaced at a login."""
    PASSWORD_CHANGED = "authn_password_change"
    """A password was changed or reset, and the other sessions were ended."""
    PASSWORD_CHANGE_FAILED = "authn_password_change_fail"
    """A password was not changed. Of a link that is no good ``authn_link_refused`` tells."""
    RESET_REQUESTED = "authn_password_reset_request"
    """Somebody asked for a new password; ``outcome`` says whether a mail went out."""
    REAUTHENTICATED = "authn_reauthentication_success"
    """Somebody with a token showed anew who they are."""
    REAUTHENTICATION_FAILED = "authn_reauthentication_fail"
    """Somebody with a token did not know the password, or had logged in too long ago."""
    LINK_REFUSED = "authn_link_refused"
    """A token from a mail was forged, expired, used or overtaken."""
    VERIFICATION_REQUESTED = "user_email_verification_request"
    """Somebody asked for a link to verify an address; ``outcome`` says whether it went out."""
    EMAIL_VERIFIED = "user_email_verified"
    """An address was confirmed."""
    EMAIL_CHANGE_REQUESTED = "user_email_change_request"
    """Somebody with the password asked for another address."""
    EMAIL_CHANGED = "user_email_changed"
    """Mail goes to another address from now on."""
    USER_DISABLED = "user_archived"
    """An account was disabled, and its sessions were ended; or that failed."""
    USER_ENABLED = "user_restored"
    """An account was enabled again; or that failed."""
    USER_DELETED = "user_deleted"
    """An account was deleted, and its sessions were ended; or that failed."""
    MAIL_FAILED = "mail_fail"
    """A mail was not sent, or what it should say could not be found out."""
    CSRF_FAILED = "authn_csrf_fail"
    """A request came with cookies, and not from a page of the application."""
    KEYS_CHANGED = "crypt_keys_changed"
    """Signing keys or refresh secrets are others than before; or they cannot be read."""
    ACCESS_DENIED = "authz_fail"
    """Somebody who is known lacked a scope, a role or a permission."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthEvent:
    """One thing that happened.

    Attributes:
        name: what.
        time: when, seconds since the epoch by the application's clock.
        realm: in which kit.
        outcome: ``True`` for success.
        reason: snake_case cause of a failure.
        subject: the user that it concerns, where that is known.
        session_id: the session that it concerns, where that is known.
        ip: address that the request came from, where there was one.
        user_agent: what the client calls itself, where there was a request.
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
