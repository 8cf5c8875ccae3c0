"""The root of the tree of errors, and the mistakes of developers: see ``errors``."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = [
    "ConfigurationError",
    "InvalidKeyError",
    "JWTKitError",
    "MissingExtraError",
    "MissingKeyError",
    "NotInstalledError",
    "ReservedClaimError",
    "SecondWorkerError",
    "why_unfit",
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


def why_unfit(part: object, verbs: Iterable[str]) -> str:
    """Return why an object that was brought cannot do its part; empty if it can.

    Args:
        part: what an application handed in.
        verbs: methods that it needs.
    """
    if isinstance(part, type):
        return "is a class"
    missing = [verb for verb in verbs if not callable(getattr(part, verb, None))]
    return f"has no {', '.join(missing)}" if missing else ""


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
