"""Every error this package raises, in one tree.

::

    JWTKitError
    ├── ConfigurationError               start-up or developer mistake: what, why, fix
    │   ├── InvalidKeyError              weak, well-known, malformed or misused key
    │   ├── MissingKeyError              nothing to sign or verify with
    │   ├── MissingExtraError            an optional dependency is not installed
    │   ├── NotInstalledError            a guard ran on an app without ``install(app)``
    │   ├── ReservedClaimError           a caller tried to set a claim the kit owns
    │   └── SecondWorkerError            two workers keep the same sessions in memory
    ├── AuthenticationError              who is calling?
    │   ├── NotAuthenticatedError        no token at all
    │   ├── InvalidTokenError            a token that fails any check
    │   ├── InvalidCredentialsError      unknown login or wrong password
    │   └── ReauthenticationError        authenticated too long ago, or too weakly
    ├── AuthorizationError               may they?
    │   ├── InsufficientScopeError       a scope of the token is missing
    │   └── AccessDeniedError            a role, a permission or a policy says no
    ├── GrantError                       OAuth 2.0 token endpoint (RFC 6749 5.2)
    │   ├── InvalidRequestError
    │   ├── InvalidGrantError
    │   ├── InvalidScopeError
    │   └── UnsupportedGrantTypeError
    ├── AccountError
    │   ├── EmailRejectedError           a new address can be nobody's
    │   ├── InvalidLinkError             a mailed token is forged, expired or used
    │   ├── LoginRejectedError           a new login can be nobody's
    │   ├── LoginTakenError              the login belongs to somebody
    │   └── PasswordRejectedError        a new password breaks a rule
    ├── HTTPSRequiredError               the request came over plain HTTP
    ├── SessionNotFoundError             no such session of this subject
    ├── ThrottledError                   too many attempts, try later
    └── UnavailableError                 a part we depend on cannot answer now
        ├── StoreUnavailableError        a store failed or timed out
        ├── HashingBusyError             the password hashing queue is full
        ├── KeySourceUnavailableError    keys cannot be read
        └── RevocationsStaleError        the revocation map is too old to trust

No HTTP numbers live here: ``fastapi_jwtkit.web.errors`` holds the one table that
maps each class to a status, a public text and a challenge. ``reason`` is the precise
cause, for events and logs; it never reaches a client.
"""

from __future__ import annotations

from collections.abc import Iterable

from fastapi_jwtkit.configuration_errors import (
    ConfigurationError,
    InvalidKeyError,
    JWTKitError,
    MissingExtraError,
    MissingKeyError,
    NotInstalledError,
    ReservedClaimError,
    SecondWorkerError,
)

__all__ = [
    "AccessDeniedError",
    "AccountError",
    "AuthenticationError",
    "AuthorizationError",
    "ConfigurationError",
    "EmailRejectedError",
    "GrantError",
    "HTTPSRequiredError",
    "HashingBusyError",
    "InsufficientScopeError",
    "InvalidCredentialsError",
    "InvalidGrantError",
    "InvalidKeyError",
    "InvalidLinkError",
    "InvalidRequestError",
    "InvalidScopeError",
    "InvalidTokenError",
    "JWTKitError",
    "KeySourceUnavailableError",
    "LoginRejectedError",
    "LoginTakenError",
    "MissingExtraError",
    "MissingKeyError",
    "NotAuthenticatedError",
    "NotInstalledError",
    "PasswordRejectedError",
    "ReauthenticationError",
    "ReservedClaimError",
    "RevocationsStaleError",
    "SecondWorkerError",
    "SessionNotFoundError",
    "StoreUnavailableError",
    "ThrottledError",
    "UnavailableError",
    "UnsupportedGrantTypeError",
]


class AuthenticationError(JWTKitError):
    """The caller is not known: no proof, or a proof that does not hold."""


class NotAuthenticatedError(AuthenticationError):
    """The request carries no token (RFC 6750 3.1: a challenge without an error code)."""


class InvalidTokenError(AuthenticationError):
    """A token was presented and fails a check; ``reason`` names the first that failed."""


class InvalidCredentialsError(AuthenticationError):
    """Unknown login, wrong password or disabled user: one answer for all three."""


class ReauthenticationError(AuthenticationError):
    """The caller is known, but proved it too long ago or too weakly for this (RFC 9470 3).

    Args:
        max_age: seconds that may lie between the login and the request; ``None``: any.
        acr_values: authentication contexts, one of which would do.
        reason: what was wrong with the login.
    """

    def __init__(
        self,
        max_age: float | None,
        *,
        acr_values: Iterable[str] = (),
        reason: str = "authenticated_too_long_ago",
    ) -> None:
        super().__init__(reason)
        self.max_age = max_age
        self.acr_values = tuple(acr_values)


class AuthorizationError(JWTKitError):
    """The caller is known and may not do this."""


class InsufficientScopeError(AuthorizationError):
    """The token lacks a scope (RFC 6750 3.1).

    Args:
        scopes: what the guard asks for, in its own order.
    """

    def __init__(self, scopes: Iterable[str]) -> None:
        super().__init__("insufficient_scope")
        self.scopes = tuple(scopes)


class AccessDeniedError(AuthorizationError):
    """A role, a permission or a policy says no; ``reason`` says which."""


class CsrfError(JWTKitError):
    """A request by cookies does not show that a page of the application made it."""


class GrantError(JWTKitError):
    """A refused grant, answered as RFC 6749 5.2 writes it."""


class InvalidRequestError(GrantError):
    """A parameter is missing, repeated or malformed."""


class InvalidGrantError(GrantError):
    """The refresh token or credential grants nothing; every cause reads alike outside."""


class InvalidScopeError(GrantError):
    """The requested scope is malformed or wider than what may be granted."""


class UnsupportedGrantTypeError(GrantError):
    """The ``grant_type`` is unknown or switched off."""


class AccountError(JWTKitError):
    """An account cannot be made or changed as asked."""


class EmailRejectedError(AccountError):
    """A new e-mail address cannot be one."""


class InvalidLinkError(AccountError):
    """A token from a mail is forged, expired, used or overtaken: one answer for all."""


class LoginRejectedError(AccountError):
    """A new login cannot be one: empty, too long, or holding characters nobody can see.

    Args:
        reason: snake_case rule, such as ``login_malformed``.
        detail: one public sentence that tells the person what to change.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.detail = detail


class LoginTakenError(AccountError):
    """The login already belongs to somebody, in its canonical spelling."""


class PasswordRejectedError(AccountError):
    """A new password breaks a rule.

    Args:
        reason: snake_case rule, such as ``password_too_short``.
        detail: one public sentence that tells the person what to change
            (NIST SP 800-63B-4 3.1.1.2: say why).
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.detail = detail


class HTTPSRequiredError(JWTKitError):
    """The request came over plain HTTP, where anybody on the way can read its secrets."""


class SessionNotFoundError(JWTKitError):
    """The subject has no such live session; somebody else's reads the same."""


class ThrottledError(JWTKitError):
    """Too many attempts.

    Args:
        retry_after: seconds until another attempt is worth making.
        reason: what was counted.
    """

    def __init__(self, retry_after: float, reason: str = "throttled") -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class UnavailableError(JWTKitError):
    """Something the answer needs cannot be had now; nothing was consumed.

    Args:
        reason: what failed.
        retry_after: seconds until another attempt is worth making.
    """

    def __init__(self, reason: str = "unavailable", *, retry_after: float = 1.0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class StoreUnavailableError(UnavailableError):
    """A store failed or did not answer in time."""


class NotReplicatedError(StoreUnavailableError):
    """A write is done on the primary and no replica has it yet: a fail-over could undo it."""


class HashingBusyError(UnavailableError):
    """The bounded queue in front of the password hasher is full."""


class KeySourceUnavailableError(UnavailableError):
    """The source of the keys cannot be read."""


class RevocationsStaleError(UnavailableError):
    """The revocation map is older than ``max_staleness``, so nobody may trust it."""
