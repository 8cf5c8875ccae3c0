"""Bodies of the routes: strict, bounded, and deaf to what they do not name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from fastapi_jwtkit.principal import Principal
from fastapi_jwtkit.protocols import User
from fastapi_jwtkit.records import MAX_DEVICE_NAME, Session, TokenPair
from fastapi_jwtkit.scopes import MAX_SCOPE_CHARACTERS, format_scope

__all__ = [
    "BoundedRequest",
    "CookieBody",
    "JWTKitErrorBody",
    "JWTKitFieldError",
    "JWTKitOAuthErrorBody",
    "JWTKitValidationErrorBody",
    "LoginBody",
    "LoginOfEitherBody",
    "LogoutBody",
    "MeBody",
    "RefreshBody",
    "RefreshOfEitherBody",
    "RegisterBody",
    "SessionBody",
    "StepUpBody",
    "TokenBody",
    "UserBody",
]

MAX_USERNAME = 254
MAX_PASSWORD = 1024
"""Bounds the work of a parser; the password's own rules are stricter and say why."""
MAX_REFRESH_TOKEN = 512
MAX_CLIENT_ID = 128

Username = Annotated[str, Field(min_length=1, max_length=MAX_USERNAME)]
Password = Annotated[SecretStr, Field(min_length=1, max_length=MAX_PASSWORD)]
RefreshToken = Annotated[SecretStr, Field(min_length=1, max_length=MAX_REFRESH_TOKEN)]
Scope = Annotated[str, Field(max_length=MAX_SCOPE_CHARACTERS)]
ClientId = Annotated[str, Field(max_length=MAX_CLIENT_ID)]


class BoundedRequest(BaseModel):
    """What every body of a request is like."""

    # Unknown members are ignored: nobody gains a scope or a role by asking for it.
    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)


class RegisterBody(BoundedRequest):
    """A new account; its scopes and roles are the application's to give."""

    username: Username
    password: Password
    email: Annotated[str, Field(max_length=MAX_USERNAME)] | None = None


class LoginBody(BoundedRequest):
    """A login from a first-party client."""

    username: Username
    password: Password
    scope: Scope | None = Field(None, description="Ask for less than you may hold.")
    device_name: Annotated[str, Field(max_length=MAX_DEVICE_NAME)] | None = Field(
        None, description="Shown in the list of sessions."
    )


class LoginOfEitherBody(LoginBody):
    """A login that chooses where its tokens go."""

    transport: Literal["bearer", "cookie"] | None = Field(
        None, description="Tokens in the answer, or in cookies; default: as the app is set up."
    )


class StepUpBody(BoundedRequest):
    """The password once more, of whoever is logged in."""

    password: Password


class RefreshBody(BoundedRequest):
    """A refresh token to spend."""

    refresh_token: RefreshToken
    scope: Scope | None = Field(None, description="Narrow this access token; the grant stays.")
    client_id: ClientId | None = None


class RefreshOfEitherBody(RefreshBody):
    """What to narrow, and a refresh token where it is not in a cookie."""

    refresh_token: RefreshToken | None = None  # type: ignore[assignment]  # may be in a cookie


class LogoutBody(BoundedRequest):
    """A refresh token in place of, or beside, the access token of the header."""

    refresh_token: RefreshToken | None = None


class TokenBody(BaseModel):
    """The answer to a login or a refresh (RFC 6749 5.1)."""

    access_token: str
    token_type: str
    expires_in: int = Field(description="Seconds the access token lives.")
    refresh_token: str
    scope: str | None = Field(None, description="Space-delimited; absent if there is none.")

    @classmethod
    def of(cls, pair: TokenPair) -> Self:
        """Return the body that carries a pair."""
        return cls(
            access_token=pair.access_token,
            token_type=pair.token_type,
            expires_in=pair.expires_in,
            refresh_token=pair.refresh_token,
            # RFC 6749 A.4: a scope has at least one token, so none is no member at all.
            scope=format_scope(pair.scope) or None,
        )


class CookieBody(BaseModel):
    """The answer to a login or a refresh by cookies: no token, for no script may see one."""

    token_type: Literal["cookie"] = "cookie"  # noqa: S105 - where the token is
    expires_in: int = Field(description="Seconds the access token lives.")
    scope: str | None = Field(None, description="Space-delimited; absent if there is none.")

    @classmethod
    def of(cls, pair: TokenPair) -> Self:
        """Return the body for a pair that travels in cookies."""
        return cls(expires_in=pair.expires_in, scope=format_scope(pair.scope) or None)


class UserBody(BaseModel):
    """An account."""

    id: str
    username: str
    scopes: list[str]
    roles: list[str]

    @classmethod
    def of(cls, user: User) -> Self:
        """Return the body that describes a user."""
        return cls(
            id=user.id,
            username=user.login,
            scopes=sorted(user.scopes),
            roles=sorted(user.roles),
        )


class MeBody(BaseModel):
    """Who is calling, and by what token."""

    id: str
    username: str | None = Field(description="Absent where users live elsewhere.")
    scopes: list[str] = Field(description="What this access token may do.")
    roles: list[str]
    session_id: str | None
    auth_time: datetime | None = Field(description="When the person authenticated.")

    @classmethod
    def of(cls, principal: Principal, *, username: str | None) -> Self:
        """Return the body that describes a caller."""
        when = principal.auth_time
        return cls(
            id=principal.subject,
            username=username,
            scopes=sorted(principal.scopes),
            roles=sorted(principal.roles),
            session_id=principal.session_id,
            auth_time=None if when is None else _time(when),
        )


class SessionBody(BaseModel):
    """One login on one device."""

    id: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ip: str | None
    user_agent: str | None
    device_name: str | None
    current: bool = Field(description="Whether this request belongs to it.")

    @classmethod
    def of(cls, session: Session, *, current: bool) -> Self:
        """Return the body that describes a session."""
        return cls(
            id=session.sid,
            created_at=_time(session.created_at),
            last_seen_at=_time(session.last_seen_at),
            expires_at=_time(min(session.idle_expiry, session.absolute_expiry)),
            ip=session.device.ip,
            user_agent=session.device.user_agent,
            device_name=session.device.name,
            current=current,
        )


class JWTKitErrorBody(BaseModel):
    """Every error."""

    detail: str = Field(description="One sentence for people.")
    error_code: str = Field(description="Stable code for programs.")


class JWTKitOAuthErrorBody(JWTKitErrorBody):
    """An error of an OAuth 2.0 route (RFC 6749 5.2)."""

    error: str
    error_description: str


class JWTKitFieldError(BaseModel):
    """What was wrong with one field; never what was sent."""

    loc: list[str | int]
    msg: str
    type: str


class JWTKitValidationErrorBody(JWTKitErrorBody):
    """A request that does not validate."""

    errors: list[JWTKitFieldError] = []


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), tz=UTC)
