"""What is asked of a principal: scopes, roles or permissions, all of them and any of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from fastapi_jwtkit.errors import (
    AccessDeniedError,
    AuthorizationError,
    ConfigurationError,
    InsufficientScopeError,
)
from fastapi_jwtkit.policies.decisions import truth_of
from fastapi_jwtkit.principal import Principal
from fastapi_jwtkit.scopes import check_scopes

__all__ = ["NOTHING", "Covers", "Demand", "permissions", "roles", "scopes"]

logger = logging.getLogger("fastapi_jwtkit")

Kind = Literal["scopes", "roles", "permissions"]

Covers = Callable[[str, str], bool]
"""Your rule that one scope stands for another: ``covers(held, wanted)``. It only adds: a scope
that is held stands for itself whatever the rule says."""


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """All of one set and at least one of another; equal whatever the order.

    Attributes:
        kind: where to look.
        all_of: each must be there.
        any_of: one must be there, unless it is empty.
        listed: all names in the order they were written, for challenges and OpenAPI.
        covers: says whether a name that is held stands for another; ``None``: none does.
    """

    kind: Kind
    all_of: frozenset[str]
    any_of: frozenset[str]
    listed: tuple[str, ...]
    covers: Covers | None = None

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

    @property
    def written(self) -> str:
        """The guard, as its author wrote it."""
        if self is NOTHING:
            return "CurrentPrincipal"
        any_of = [f"any of {' '.join(sorted(self.any_of))}"] if self.any_of else []
        return f"require_{self.kind}({', '.join([*sorted(self.all_of), *any_of])})"

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
        try:
            covered = self.covers is not None and self.is_met_by(principal)
        except Exception:
            logger.exception("a rule about scopes failed: it covers nothing")
            covered = False
        if not covered:
            raise self.refusal()

    def is_met_by(self, principal: Principal) -> bool:
        """Say whether the principal has what is asked for. What ``covers`` raises passes."""
        held = _held(principal, self.kind)
        if self.all_of <= held and (not self.any_of or self.any_of & held):
            return True
        covers = self.covers
        if covers is None:
            return False

        def is_covered(wanted: str) -> bool:
            # Each is asked: a rule that fails must not depend on the order of a set.
            answers = [truth_of(covers(each, wanted)) for each in held]
            return wanted in held or any(answers)

        covered = {wanted for wanted in self.all_of | self.any_of if is_covered(wanted)}
        return self.all_of <= covered and (not self.any_of or bool(self.any_of & covered))

    def refusal(self) -> AuthorizationError:
        """Return the error for somebody who lacks it."""
        if self.kind == "scopes":
            return InsufficientScopeError(self.listed)
        return AccessDeniedError("missing_role" if self.kind == "roles" else "missing_permission")

    def _value(self) -> tuple[Kind, frozenset[str], frozenset[str], Covers | None]:
        return self.kind, self.all_of, self.any_of, self.covers


NOTHING = Demand("scopes", frozenset(), frozenset(), ())
"""Met by every principal."""


def scopes(all_of: Iterable[str], any_of: Iterable[str], covers: Covers | None = None) -> Demand:
    """Return a demand for scopes.

    Raises:
        ConfigurationError: nothing is asked for, or something that is no scope.
    """
    return _demand(
        "scopes",
        check_scopes(_names(all_of, "scope")),
        check_scopes(_names(any_of, "scope")),
        covers,
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


def _demand(
    kind: Kind,
    all_of: tuple[str, ...],
    any_of: tuple[str, ...],
    covers: Covers | None = None,
) -> Demand:
    listed = tuple(dict.fromkeys((*all_of, *any_of)))
    if not listed:
        raise ConfigurationError(
            f"require_{kind}() asks for nothing.",
            why="It would let everybody in who can log in, which reads like a mistake.",
            fix=f"Name what is needed, or use CurrentPrincipal for any caller: "
            f'require_{kind}("…").',
        )
    return Demand(kind, frozenset(all_of), frozenset(any_of), listed, covers)


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
