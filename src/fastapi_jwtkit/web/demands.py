"""What a guard asks of a principal: scopes, roles or permissions, or what a policy says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from fastapi_jwtkit.errors import (
    AccessDeniedError,
    ConfigurationError,
    InsufficientScopeError,
    ReauthenticationError,
)
from fastapi_jwtkit.policies import Policy
from fastapi_jwtkit.principal import Principal
from fastapi_jwtkit.scopes import check_scopes

__all__ = [
    "NOTHING",
    "AnyDemand",
    "Demand",
    "LoginDemand",
    "PolicyDemand",
    "permissions",
    "roles",
    "scopes",
]

Kind = Literal["scopes", "roles", "permissions"]


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """All of one set and at least one of another; equal whatever the order.

    Attributes:
        kind: where to look.
        all_of: each must be there.
        any_of: one must be there, unless it is empty.
        listed: all names in the order they were written, for challenges and OpenAPI.
    """

    kind: Kind
    all_of: frozenset[str]
    any_of: frozenset[str]
    listed: tuple[str, ...]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Demand):
            return NotImplemented
        return self._value() == other._value()

    def __hash__(self) -> int:
        return hash(self._value())

    def __str__(self) -> str:
        parts = [", ".join(sorted(self.all_of))] if self.all_of else []
        parts += ["any of " + ", ".join(sorted(self.any_of))] if self.any_of else []
        return f"{self.kind}: {'; '.join(parts)}" if parts else "any principal"

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes asked for, in the order they were written; empty for other kinds."""
        return self.listed if self.kind == "scopes" else ()

    def check(self, principal: Principal) -> None:
        """Return if the principal has what is asked for.

        Raises:
            InsufficientScopeError: a scope is missing.
            AccessDeniedError: a role or a permission is missing.
        """
        # Nearly every demand is for scopes, and is spared the look-up by name.
        kind = self.kind
        held = principal.scopes if kind == "scopes" else _held(principal, kind)
        if self.all_of <= held and (not self.any_of or self.any_of & held):
            return
        if kind == "scopes":
            raise InsufficientScopeError(self.listed)
        raise AccessDeniedError("missing_role" if kind == "roles" else "missing_permission")

    def _value(self) -> tuple[Kind, frozenset[str], frozenset[str]]:
        return self.kind, self.all_of, self.any_of


@dataclass(frozen=True, slots=True)
class PolicyDemand:
    """What a policy asks for, without a resource.

    Attributes:
        policy: compared by identity.
    """

    policy: Policy

    def __str__(self) -> str:
        return f"policy: {self.policy.name}"

    @property
    def listed(self) -> tuple[str, ...]:
        """What a refusal is about."""
        return (self.policy.name,)

    @property
    def scopes(self) -> tuple[str, ...]:
        """Which scopes it may ask for is for the policy to know."""
        return ()

    def check(self, principal: Principal) -> None:
        """Return if the policy says yes.

        Raises:
            AccessDeniedError: it says no, or it failed.
        """
        self.policy.enforce(principal)


@dataclass(frozen=True, slots=True)
class LoginDemand:
    """That the person authenticated not long ago.

    Attributes:
        max_age: seconds that may lie between the login and the request.
        now: what time it is, in seconds since the epoch.
    """

    max_age: float
    now: Callable[[], float]

    def __str__(self) -> str:
        return f"login within {self.max_age:g} s"

    @property
    def listed(self) -> tuple[str, ...]:
        """Nothing is missing that a 403 could name: the answer is 401."""
        return ()

    @property
    def scopes(self) -> tuple[str, ...]:
        """None."""
        return ()

    def check(self, principal: Principal) -> None:
        """Return if the login is young enough; a refresh does not make it younger.

        Raises:
            ReauthenticationError: it is not, or nobody knows when it was.
        """
        if principal.auth_time is None or self.now() - principal.auth_time > self.max_age:
            raise ReauthenticationError(self.max_age)


AnyDemand = Demand | PolicyDemand | LoginDemand

NOTHING = Demand("scopes", frozenset(), frozenset(), ())
"""Met by every principal."""


def scopes(all_of: Iterable[str], any_of: Iterable[str]) -> Demand:
    """Return a demand for scopes.

    Raises:
        ConfigurationError: nothing is asked for, or something that is no scope.
    """
    return _demand(
        "scopes", check_scopes(_names(all_of, "scope")), check_scopes(_names(any_of, "scope"))
    )


def roles(all_of: Iterable[str], any_of: Iterable[str]) -> Demand:
    """Return a demand for roles.

    Raises:
        ConfigurationError: nothing is asked for, or something that is no name.
    """
    return _demand("roles", _names(all_of, "role"), _names(any_of, "role"))


def permissions(all_of: Iterable[str], any_of: Iterable[str]) -> Demand:
    """Return a demand for permissions.

    Raises:
        ConfigurationError: nothing is asked for, or something that is no name.
    """
    return _demand("permissions", _names(all_of, "permission"), _names(any_of, "permission"))


def _held(principal: Principal, kind: Kind) -> frozenset[str]:
    held: frozenset[str] = getattr(principal, kind)
    return held


def _demand(kind: Kind, all_of: tuple[str, ...], any_of: tuple[str, ...]) -> Demand:
    listed = tuple(dict.fromkeys((*all_of, *any_of)))
    if not listed:
        raise ConfigurationError(
            f"require_{kind}() asks for nothing.",
            why="It would let everybody in who can log in, which reads like a mistake.",
            fix=f"Name what is needed, or use CurrentPrincipal for any caller: "
            f'require_{kind}("…").',
        )
    return Demand(kind, frozenset(all_of), frozenset(any_of), listed)


def _names(names: Iterable[object], what: str) -> tuple[str, ...]:
    # One string is an iterable of characters: any_of="admin" would ask for "a", or "d", ...
    listed: tuple[object, ...] = (None,) if isinstance(names, str) else tuple(names)
    checked: list[str] = []
    for name in listed:
        if not isinstance(name, str) or not name or name != name.strip():
            raise ConfigurationError(
                f"{names if name is None else name!r} is not a {what}.",
                why=f"It could match no {what} of a token.",
                fix=f'Pass names one by one: require_{what}s("a", any_of=("b", "c")).',
            )
        checked.append(name)
    return tuple(dict.fromkeys(checked))
