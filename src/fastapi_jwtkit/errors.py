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
    │   └── InvalidCredentialsError      unknown login or wrong password
    ├── AuthorizationError               may they?
    │   ├── InsufficientScopeError       a scope of the token is missing
    │   └── AccessDeniedError            a role, a permission or a policy says no
    ├── GrantError                       OAuth 2.0 token endpoint (RFC 6749 5.2)
    │   ├── InvalidRequestError
    │   ├── InvalidGrantError
    │   ├── InvalidScopeError
    │   └── UnsupportedGrantTypeError
    ├── AccountError
    │   ├── LoginRejectedError           a new login can be nobody's
    │   ├── LoginTakenError              the login belongs to somebody
    │   └── PasswordRejectedError        a new password breaks a rule
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

__all__ = [
    "AccessDeniedError",
    "AccountError",
    "AuthenticationError",
    "AuthorizationError",
    "ConfigurationError",
    "GrantError",
    "HashingBusyError",
    "InsufficientScopeError",
    "InvalidCredentialsError",
    "InvalidGrantError",
    "InvalidKeyError",
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
    "ReservedClaimError",
    "RevocationsStaleError",
    "SecondWorkerError",
    "SessionNotFoundError",
    "StoreUnavailableError",
    "ThrottledError",
    "UnavailableError",
    "UnsupportedGrantTypeError",
]

DOCS = "https://fastapi-jwtkit.readthedocs.io/"


class JWTKitError(Exception):
    """Root of everything this package raises; never raised itself.

    Args:
        reason: snake_case cause for events and logs. It is never shown to a client
            and never holds a secret or any part of a token.
    """

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


class ConfigurationError(JWTKitError):
    """The application is put together in a way that is unsafe or cannot work.

    Args:
        what: what is wrong, in one sentence.
        why: why it is refused rather than tolerated.
        fix: what to do about it, as a command or a line of code where there is one.
        docs: page of the documentation, relative to its root.
    """

    def __init__(self, what: str, *, why: str = "", fix: str = "", docs: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix
        self.docs = DOCS + docs if docs else ""

    def __str__(self) -> str:
        lines = [self.what]
        lines += [f"  why:  {self.why}"] if self.why else []
        lines += [f"  fix:  {self.fix}"] if self.fix else []
        lines += [f"  docs: {self.docs}"] if self.docs else []
        return "\n".join(lines)


class InvalidKeyError(ConfigurationError):
    """A key is weak, well known, malformed, or does not fit its algorithm."""


class MissingKeyError(ConfigurationError):
    """There is no key to sign or verify with."""


class MissingExtraError(ConfigurationError, ImportError):
    """An optional dependency is needed and not installed.

    Args:
        package: the distribution that is missing.
        extra: the extra of fastapi-jwtkit that brings it.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"{package} is not installed.",
            why=f"It is an optional dependency, brought by the extra {extra!r}.",
            fix=f"pip install 'fastapi-jwtkit[{extra}]'",
        )


class NotInstalledError(ConfigurationError):
    """A guard ran on an app on which no plugin is installed."""


class ReservedClaimError(ConfigurationError):
    """A caller tried to set a claim that the kit itself owns (RFC 7519 4.1, RFC 9068)."""


class SecondWorkerError(ConfigurationError):
    """Another worker of this server keeps the sessions of the realm in its memory."""


class AuthenticationError(JWTKitError):
    """The caller is not known: no proof, or a proof that does not hold."""


class NotAuthenticatedError(AuthenticationError):
    """The request carries no token (RFC 6750 3.1: a challenge without an error code)."""


class InvalidTokenError(AuthenticationError):
    """A token was presented and fails a check; ``reason`` names the first that failed."""


class InvalidCredentialsError(AuthenticationError):
    """Unknown login, wrong password or disabled user: one answer for all three."""


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
