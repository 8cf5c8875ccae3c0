"""The one table that says how each error reads over HTTP, and the handler that renders it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse

from fastapi_jwtkit import errors

__all__ = [
    "TABLE",
    "ErrorItem",
    "ErrorRow",
    "JWTKitHTTPError",
    "render",
    "row_of",
    "to_http",
    "validation_failed",
]

ErrorItem = Mapping[str, object]
"""One line of ``errors``: ``loc``, ``msg``, ``type``; never the input."""


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """How one class of error is answered.

    Attributes:
        status: the HTTP status.
        error_code: for programs; on OAuth routes also the ``error`` of RFC 6749 5.2.
        text: for people; the same for every cause. RFC 6749 5.2 allows it printable
            ASCII without quote and backslash.
        challenge: value of ``WWW-Authenticate``; every 401 has one (RFC 9110 15.5.2).
    """

    status: int
    error_code: str
    text: str
    challenge: str | None = None


_FALLBACK = ErrorRow(500, "server_error", "The server could not answer the request.")
_FORBIDDEN = 'Bearer error="insufficient_scope"'

# Every cause of a class reads alike: what exactly failed is for events and logs.
TABLE: Mapping[type[errors.JWTKitError], ErrorRow] = MappingProxyType(
    {
        errors.ConfigurationError: _FALLBACK,
        # RFC 6750 3.1: no error code where the request carried no token.
        errors.NotAuthenticatedError: ErrorRow(
            401, "not_authenticated", "Not authenticated.", "Bearer"
        ),
        errors.AuthenticationError: ErrorRow(
            401, "not_authenticated", "Not authenticated.", "Bearer"
        ),
        errors.InvalidTokenError: ErrorRow(
            401,
            "invalid_token",
            "The access token is invalid, expired or revoked.",
            'Bearer error="invalid_token"',
        ),
        errors.InvalidCredentialsError: ErrorRow(
            401, "invalid_credentials", "The username or password is wrong.", "Bearer"
        ),
        # RFC 9470 3; how old the login may be is added where the error is told.
        errors.ReauthenticationError: ErrorRow(
            401,
            "reauthentication_required",
            "Log in again, or give your password.",
            'Bearer error="insufficient_user_authentication"',
        ),
        errors.AuthorizationError: ErrorRow(
            403, "access_denied", "You may not do this.", _FORBIDDEN
        ),
        errors.InsufficientScopeError: ErrorRow(
            403, "insufficient_scope", "The access token lacks a scope.", _FORBIDDEN
        ),
        errors.AccessDeniedError: ErrorRow(
            403, "access_denied", "You may not do this.", _FORBIDDEN
        ),
        # No challenge: another token would not help.
        errors.CsrfError: ErrorRow(
            403, "csrf_failed", "The request does not come from a page of this application."
        ),
        errors.GrantError: ErrorRow(400, "invalid_request", "The request is malformed."),
        errors.InvalidRequestError: ErrorRow(
            400,
            "invalid_request",
            "A parameter is missing, repeated or malformed.",
            'Bearer error="invalid_request"',
        ),
        errors.InvalidGrantError: ErrorRow(
            400, "invalid_grant", "The grant is invalid, expired or revoked."
        ),
        errors.InvalidScopeError: ErrorRow(
            400, "invalid_scope", "The scope is malformed or wider than what may be granted."
        ),
        errors.UnsupportedGrantTypeError: ErrorRow(
            400, "unsupported_grant_type", "This grant type is not supported."
        ),
        errors.AccountError: ErrorRow(422, "account_rejected", "The account is not accepted."),
        errors.EmailRejectedError: ErrorRow(
            422, "email_rejected", "The e-mail address is missing or is none."
        ),
        errors.InvalidLinkError: ErrorRow(
            400, "invalid_link", "The link is invalid, expired or used. Ask for another."
        ),
        errors.LoginTakenError: ErrorRow(409, "login_taken", "This username is taken."),
        errors.LoginRejectedError: ErrorRow(422, "login_rejected", "The username is not accepted."),
        errors.PasswordRejectedError: ErrorRow(
            422, "password_rejected", "The password is not accepted."
        ),
        errors.HTTPSRequiredError: ErrorRow(
            400,
            "https_required",
            "This request came over plain HTTP and was not answered. Use https.",
        ),
        errors.SessionNotFoundError: ErrorRow(
            404, "session_not_found", "There is no such session."
        ),
        errors.ThrottledError: ErrorRow(429, "too_many_requests", "Too many attempts. Try later."),
        errors.UnavailableError: ErrorRow(
            503, "temporarily_unavailable", "The service cannot answer now. Try again."
        ),
    }
)


def row_of(error: type[errors.JWTKitError]) -> ErrorRow:
    """Return the row of an error class: its own, or that of its nearest ancestor."""
    for ancestor in error.__mro__:
        row = TABLE.get(ancestor)
        if row is not None:
            return row
    return _FALLBACK


class JWTKitHTTPError(HTTPException):
    """An answer of ours: Starlette's ``HTTPException`` with a code for programs.

    It is an ``HTTPException`` so that an app without our handler, or with its own,
    still answers with the right status and challenge.

    Args:
        status: the HTTP status.
        error_code: snake_case code for programs.
        detail: one sentence for people.
        headers: sent with the answer.
        oauth: whether the body also carries ``error`` and ``error_description``
            (RFC 6749 5.2).
        errors: what was wrong with which field.
    """

    def __init__(
        self,
        status: int,
        error_code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        oauth: bool = False,
        errors: Sequence[ErrorItem] = (),
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.error_code = error_code
        self.oauth = oauth
        self.errors = tuple(errors)

    def body(self) -> dict[str, object]:
        """Return the JSON body."""
        content: dict[str, object] = {"detail": self.detail, "error_code": self.error_code}
        if self.errors:
            content["errors"] = list(self.errors)
        if self.oauth:
            content["error"] = self.error_code
            content["error_description"] = self.detail
        return content


def to_http(error: errors.JWTKitError, *, oauth: bool = False) -> JWTKitHTTPError:
    """Return the answer to an error, by the table.

    Args:
        error: what was raised.
        oauth: whether the route speaks RFC 6749: its errors carry ``error``, and its
            400 no Bearer challenge, for no Bearer token was asked for.
    """
    row = row_of(type(error))
    headers: dict[str, str] = {}
    if row.challenge is not None and not (oauth and row.status == 400):  # noqa: PLR2004
        headers["WWW-Authenticate"] = _challenge(row.challenge, error)
    if isinstance(error, errors.ThrottledError | errors.UnavailableError):
        # RFC 9110 10.2.3: whole seconds; 0 would invite an endless loop.
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    detail = row.text
    items: tuple[ErrorItem, ...] = ()
    if isinstance(error, errors.LoginRejectedError | errors.PasswordRejectedError):
        # NIST SP 800-63B-4 3.1.1.2: say why, so that the person can choose another.
        detail = error.detail
        field = "password" if isinstance(error, errors.PasswordRejectedError) else "username"
        items = ({"loc": ["body", field], "msg": error.detail, "type": error.reason},)
    return JWTKitHTTPError(
        row.status, row.error_code, detail, headers=headers, oauth=oauth, errors=items
    )


def _challenge(challenge: str, error: errors.JWTKitError) -> str:
    if isinstance(error, errors.InsufficientScopeError) and error.scopes:
        # RFC 6750 3: scopes cannot hold a quote or backslash (checked when a guard is made).
        return f'{challenge}, scope="{" ".join(error.scopes)}"'
    if isinstance(error, errors.ReauthenticationError):
        if error.acr_values:
            # RFC 9470 3: space-delimited; checked like scopes when a guard is made.
            challenge += f', acr_values="{" ".join(error.acr_values)}"'
        if error.max_age is not None:
            challenge += f', max_age="{int(error.max_age)}"'
    return challenge


def error_items(error: RequestValidationError) -> list[ErrorItem]:
    """Return what was wrong with which field: never the input, which may be a password."""
    return [
        {"loc": list(item["loc"]), "msg": item["msg"], "type": item["type"]}
        for item in error.errors()
    ]


def validation_failed(error: RequestValidationError) -> JWTKitHTTPError:
    """Return the 422 for a request that does not validate."""
    return JWTKitHTTPError(
        422, "validation_error", "The request is not valid.", errors=error_items(error)
    )


async def render(connection: HTTPConnection, error: Exception) -> JSONResponse:
    """Render one of our answers; also a WebSocket's denial before ``accept``."""
    del connection
    if not isinstance(error, JWTKitHTTPError):  # pragma: no cover - registered for our class
        raise error
    return JSONResponse(error.body(), status_code=error.status_code, headers=error.headers)
