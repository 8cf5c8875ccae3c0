"""The policies that ship."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, cast

from fastapi_jwtkit.clock import SystemClock
from fastapi_jwtkit.errors import ConfigurationError, JWTKitError, ReauthenticationError
from fastapi_jwtkit.policies.composing import NO_RESOURCE, Policy
from fastapi_jwtkit.policies.decisions import FAILED, Decision
from fastapi_jwtkit.policies.demands import Covers, Demand, permissions, roles, scopes
from fastapi_jwtkit.policies.recency import ensure_positive, is_recent
from fastapi_jwtkit.principal import Principal
from fastapi_jwtkit.protocols import Clock

__all__ = [
    "amr_includes",
    "has_permissions",
    "has_roles",
    "has_scopes",
    "is_subject",
    "logged_in_within",
]

logger = logging.getLogger("fastapi_jwtkit")


def has_scopes(*all_of: str, any_of: tuple[str, ...] = (), covers: Covers | None = None) -> Policy:
    """Allow tokens with all of ``all_of`` and at least one of ``any_of``.

    Args:
        all_of: each has to be there.
        any_of: one has to be there.
        covers: ``covers(held, wanted)`` says whether one scope stands for another; without
            it they are matched exactly, and nothing is a wildcard.

    Raises:
        ConfigurationError: nothing is asked for, or something that is no scope.
    """
    return _Held(scopes(all_of, any_of, covers))


def has_roles(*all_of: str, any_of: tuple[str, ...] = ()) -> Policy:
    """Allow users with all roles of ``all_of`` and at least one of ``any_of``.

    Raises:
        ConfigurationError: nothing is asked for, or something that is no name.
    """
    return _Held(roles(all_of, any_of))


def has_permissions(*all_of: str, any_of: tuple[str, ...] = ()) -> Policy:
    """Allow users with all permissions of ``all_of`` and at least one of ``any_of``.

    Raises:
        ConfigurationError: nothing is asked for, or something that is no name.
    """
    return _Held(permissions(all_of, any_of))


def is_subject(of: Callable[[Any], str | None], /) -> Policy:
    """Allow whom the resource names: ``is_subject(lambda task: task.owner_id)``.

    Args:
        of: returns the ``sub`` that a resource names, as text; ``None`` is nobody's.
    """
    return _Subject(of)


def logged_in_within(seconds: float, *, clock: Clock | None = None) -> Policy:
    """Allow who authenticated less than this ago; a refresh is no login (RFC 9068 2.2.1).

    A denial tells the client to have the person log in again (RFC 9470 3). Put it last in
    an ``&``, so that nobody logs in again for what they may not do anyway.

    Args:
        seconds: since ``auth_time``.
        clock: what time it is; default: the machine's.

    Raises:
        ConfigurationError: the time is not above 0.
    """
    return _LoggedIn(ensure_positive(seconds), clock or SystemClock())


def amr_includes(*methods: str) -> Policy:
    """Allow who authenticated by all of these methods (RFC 8176): ``amr_includes("otp")``.

    Raises:
        ConfigurationError: none is named.
    """
    if not methods or not all(methods):
        raise ConfigurationError(
            "amr_includes() names no method.",
            why="It would let everybody in, which reads like a mistake.",
            fix='amr_includes("otp"), by the names of RFC 8176.',
        )
    return _Methods(frozenset(methods))


class _Held(Policy):
    """A demand for names, as a policy."""

    __slots__ = ("_allowed", "_demand", "_denied")

    def __init__(self, demand: Demand) -> None:
        super().__init__(f"has_{demand.kind}", scopes=demand.scopes)
        self._demand = demand
        # Only a missing scope is for the client to know: it can ask for another token.
        remedy = demand.refusal if demand.scopes else None
        self._allowed = Decision.allow(self.name)
        self._denied = Decision(allowed=False, reason=demand.refusal().reason, remedy=remedy)

    def decide(self, principal: Principal, resource: object, /) -> Decision:
        """Look at what the principal holds."""
        del resource
        try:
            return self._allowed if self._demand.is_met_by(principal) else self._denied
        except Exception:
            logger.exception("a rule about scopes failed: access is denied")
            return FAILED

    def parts(self) -> tuple[object, ...]:
        """Return the demand."""
        return (self._demand,)

    def __str__(self) -> str:
        return self._demand.written.replace("require_", "has_", 1)


class _Subject(Policy):
    """Whom a resource names."""

    __slots__ = ("_allowed", "_denied", "_of")

    def __init__(self, of: Callable[[Any], str | None]) -> None:
        super().__init__("is_subject", needs_resource=True)
        self._of = of
        self._allowed, self._denied = Decision.allow(self.name), Decision.deny("not_subject")

    def decide(self, principal: Principal, resource: object, /) -> Decision:
        """Compare as text: a number would be nobody's for ever, without a word."""
        try:
            named = cast("object", self._of(resource))
            if named is not None and not isinstance(named, str):
                raise TypeError(f"is_subject compares text, not a {type(named).__name__}")  # noqa: TRY301
        except Exception:
            logger.exception("the policy is_subject failed: access is denied")
            return FAILED
        is_named = named == principal.subject and resource is not NO_RESOURCE
        return self._allowed if is_named else self._denied

    def parts(self) -> tuple[object, ...]:
        """Return what names the subject."""
        return (self._of,)


class _LoggedIn(Policy):
    """How long ago somebody authenticated."""

    __slots__ = ("_allowed", "_clock", "_denied", "_seconds")

    def __init__(self, seconds: float, clock: Clock) -> None:
        super().__init__("logged_in_within")
        self._seconds = seconds
        self._clock = clock
        self._allowed = Decision.allow(self.name)
        self._denied = Decision(allowed=False, reason=self._remedy().reason, remedy=self._remedy)

    def decide(self, principal: Principal, resource: object, /) -> Decision:
        """Compare ``auth_time`` with the clock."""
        del resource
        try:
            recent = is_recent(principal.auth_time, self._clock.now(), self._seconds)
        except Exception:
            logger.exception("the policy logged_in_within failed: access is denied")
            return FAILED
        return self._allowed if recent else self._denied

    def parts(self) -> tuple[object, ...]:
        """Return the time and the clock, whose kind alone counts for the machine's."""
        clock = SystemClock if isinstance(self._clock, SystemClock) else id(self._clock)
        return self._seconds, clock

    def __str__(self) -> str:
        return f"logged_in_within({self._seconds:g})"

    def _remedy(self) -> JWTKitError:
        return ReauthenticationError(self._seconds)


class _Methods(Policy):
    """How somebody authenticated."""

    __slots__ = ("_allowed", "_denied", "_methods")

    def __init__(self, methods: frozenset[str]) -> None:
        super().__init__("amr_includes")
        self._methods = methods
        self._allowed, self._denied = Decision.allow(self.name), Decision.deny("missing_amr")

    def decide(self, principal: Principal, resource: object, /) -> Decision:
        """Look at ``amr``."""
        del resource
        return self._allowed if self._methods <= frozenset(principal.amr) else self._denied

    def parts(self) -> tuple[object, ...]:
        """Return the methods."""
        return (self._methods,)

    def __str__(self) -> str:
        return f"amr_includes({', '.join(sorted(self._methods))})"
