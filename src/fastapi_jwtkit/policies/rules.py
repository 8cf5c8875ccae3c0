"""The policies that ship."""

from __future__ import annotations

import logging
from collections.abc import Callable
from operator import attrgetter
from typing import Any

from fastapi_jwtkit.clock import SystemClock
from fastapi_jwtkit.errors import ConfigurationError, JWTKitError, ReauthenticationError
from fastapi_jwtkit.policies.composing import Policy
from fastapi_jwtkit.policies.decisions import FAILED, Decision
from fastapi_jwtkit.policies.demands import Covers, Demand, permissions, roles, scopes
from fastapi_jwtkit.policies.functions import name_of
from fastapi_jwtkit.policies.recency import ensure_positive, is_recent
from fastapi_jwtkit.principal import Principal

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


def is_subject(owner: str | Callable[[Any], object], /) -> Policy:
    """Allow whom the resource belongs to: ``is_subject("owner_id")``.

    Args:
        owner: where a resource says whose it is: the name of an attribute, or a function. The
            id is compared as text; ``None`` is nobody's. A resource without it fails.

    Raises:
        ConfigurationError: it is neither.
    """
    if not (owner.isidentifier() if isinstance(owner, str) else callable(owner)):
        raise ConfigurationError(
            f"is_subject({owner!r}) names no attribute.",
            why="Every resource would fail, and nobody would own anything.",
            fix='is_subject("owner_id"), or a function of the resource.',
        )
    return _Subject(owner)


def logged_in_within(seconds: float, *, now: Callable[[], float] = SystemClock.now) -> Policy:
    """Allow who authenticated at most so long ago; a refresh is no login (RFC 9068 2.2.1).

    A denial tells the client to have the person log in again (RFC 9470 3). Put it last in
    an ``&``, so that nobody logs in again for what they may not do anyway.

    Args:
        seconds: since ``auth_time``.
        now: what time it is, in seconds since the epoch; ``kit.now`` goes by the kit's clock.

    Raises:
        ConfigurationError: the time is not above 0.
    """
    return _LoggedIn(ensure_positive(seconds), now)


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

    __slots__ = ("_all_of", "_allowed", "_demand", "_denied", "_held")

    def __init__(self, demand: Demand) -> None:
        super().__init__(f"has_{demand.kind}", scopes=demand.scopes)
        self._demand = demand
        # Looked up once: asked on every request of a guard.
        self._held: Callable[[Principal], frozenset[str]] = attrgetter(demand.kind)
        self._all_of = demand.all_of
        # Only a missing scope is for the client to know: it can ask for another token.
        remedy = demand.refusal if demand.scopes else None
        self._allowed = Decision.allow(self.name)
        self._denied = Decision(allowed=False, reason=demand.refusal().reason, remedy=remedy)

    def answer(self, principal: Principal, resource: object, /) -> Decision:
        """Look at what the principal holds."""
        del resource
        demand = self._demand
        try:
            if self._all_of <= self._held(principal) and not demand.any_of:
                return self._allowed
            return self._allowed if demand.is_met_by(principal) else self._denied
        except Exception:
            logger.exception("a rule about scopes failed: access is denied")
            return FAILED

    def parts(self) -> tuple[object, ...]:
        """Return the demand."""
        return (self._demand,)

    def __str__(self) -> str:
        return self._demand.written.replace("require_", "has_", 1)


class _Subject(Policy):
    """Whose a resource is."""

    __slots__ = ("_allowed", "_denied", "_owner")

    def __init__(self, owner: str | Callable[[Any], object]) -> None:
        super().__init__("is_subject", needs_resource=True)
        self._owner = owner
        self._allowed, self._denied = Decision.allow(self.name), Decision.deny("not_subject")

    def answer(self, principal: Principal, resource: object, /) -> Decision:
        """Compare as text; what has no owner cannot be asked about."""
        owner = self._owner
        try:
            found = getattr(resource, owner) if isinstance(owner, str) else owner(resource)
            is_owner = found is not None and str(found) == principal.subject
        except Exception:
            logger.exception("the policy is_subject failed: access is denied")
            return FAILED
        return self._allowed if is_owner else self._denied

    def parts(self) -> tuple[object, ...]:
        """Return where the owner is named."""
        return (self._owner,)

    def __str__(self) -> str:
        owner = self._owner
        return f"is_subject({owner if isinstance(owner, str) else name_of(owner)})"


class _LoggedIn(Policy):
    """How long ago somebody authenticated."""

    __slots__ = ("_allowed", "_denied", "_now", "_seconds")

    def __init__(self, seconds: float, now: Callable[[], float]) -> None:
        super().__init__("logged_in_within")
        self._seconds = seconds
        self._now = now
        self._allowed = Decision.allow(self.name)
        self._denied = Decision(allowed=False, reason=self._remedy().reason, remedy=self._remedy)

    def answer(self, principal: Principal, resource: object, /) -> Decision:
        """Compare ``auth_time`` with the clock."""
        del resource
        try:
            is_fresh = is_recent(principal.auth_time, self._now(), self._seconds)
        except Exception:
            logger.exception("the policy logged_in_within failed: access is denied")
            return FAILED
        return self._allowed if is_fresh else self._denied

    def parts(self) -> tuple[object, ...]:
        """Return the time and what tells it."""
        return self._seconds, self._now

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

    def answer(self, principal: Principal, resource: object, /) -> Decision:
        """Look at ``amr``."""
        del resource
        try:
            has_all = self._methods <= frozenset(principal.amr)
        except Exception:
            logger.exception("the policy amr_includes failed: access is denied")
            return FAILED
        return self._allowed if has_all else self._denied

    def parts(self) -> tuple[object, ...]:
        """Return the methods."""
        return (self._methods,)

    def __str__(self) -> str:
        return f"amr_includes({', '.join(sorted(self._methods))})"
