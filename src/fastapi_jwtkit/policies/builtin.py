"""Policies that most applications need."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Literal

from fastapi_jwtkit.clock import SystemClock
from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.policies.policy import Policy
from fastapi_jwtkit.principal import Principal
from fastapi_jwtkit.scopes import check_scopes

__all__ = [
    "amr_includes",
    "has_permissions",
    "has_roles",
    "has_scopes",
    "is_subject",
    "logged_in_within",
]


def has_scopes(*all_of: str, any_of: tuple[str, ...] = ()) -> Policy:
    """Yes if the token has all of these scopes, and one of ``any_of``. Exact, no wildcards.

    Raises:
        ConfigurationError: nothing was asked for, or something that is no scope.
    """
    check_scopes(all_of)
    check_scopes(any_of)
    return _has("scopes", all_of, any_of)


def has_roles(*all_of: str, any_of: tuple[str, ...] = ()) -> Policy:
    """Yes if the user has all of these roles, and one of ``any_of``.

    Raises:
        ConfigurationError: nothing was asked for.
    """
    return _has("roles", all_of, any_of)


def has_permissions(*all_of: str, any_of: tuple[str, ...] = ()) -> Policy:
    """Yes if the user has all of these permissions, and one of ``any_of``.

    Raises:
        ConfigurationError: nothing was asked for.
    """
    return _has("permissions", all_of, any_of)


def is_subject(owner: str | Callable[[Any], object]) -> Policy:
    """Yes if the resource is the caller's own.

    Args:
        owner: where a resource says whose it is: the name of an attribute, or a function. The
            id is compared as text; ``None`` is nobody's. A resource without it fails.
    """
    name = owner if isinstance(owner, str) else getattr(owner, "__name__", "owner")

    def check(principal: Principal, resource: Any) -> bool:
        found = getattr(resource, owner) if isinstance(owner, str) else owner(resource)
        return found is not None and str(found) == principal.subject

    return Policy(check, name=f"is_subject({name})")


def logged_in_within(seconds: float, *, now: Callable[[], float] = SystemClock.now) -> Policy:
    """Yes if the person authenticated so recently; a refresh does not count (RFC 9068 2.2.1).

    Args:
        seconds: how long ago it may be.
        now: what time it is, in seconds since the epoch.
    """

    def check(principal: Principal, _: Any) -> bool:
        return principal.auth_time is not None and now() - principal.auth_time <= seconds

    return Policy(check, name=f"logged_in_within({seconds:g})")


def amr_includes(*methods: str) -> Policy:
    """Yes if the person authenticated by all of these methods (RFC 8176), such as ``"otp"``.

    Raises:
        ConfigurationError: nothing was asked for.
    """
    wanted = frozenset(_names("amr_includes", methods))
    return Policy(
        lambda principal, _: wanted <= frozenset(principal.amr),
        name=f"amr_includes({' '.join(sorted(wanted))})",
    )


def _has(
    what: Literal["scopes", "roles", "permissions"],
    all_of: tuple[str, ...],
    any_of: tuple[str, ...],
) -> Policy:
    _names(f"has_{what}", _listed(all_of, any_of))
    wanted, one_of = frozenset(all_of), frozenset(any_of)

    def check(principal: Principal, _: Any) -> bool:
        held: frozenset[str] = getattr(principal, what)
        return wanted <= held and (not one_of or not one_of.isdisjoint(held))

    listed = [*sorted(wanted), *([f"any of {' '.join(sorted(one_of))}"] if one_of else [])]
    return Policy(check, name=f"has_{what}({', '.join(listed)})")


def _listed(all_of: tuple[str, ...], any_of: Collection[str]) -> tuple[object, ...]:
    # One string is a tuple of characters to whoever forgets a comma.
    return (*all_of, *((None,) if isinstance(any_of, str) else any_of))


def _names(verb: str, names: tuple[object, ...]) -> tuple[str, ...]:
    checked = [name for name in names if isinstance(name, str) and name.strip() == name != ""]
    if not names or len(checked) != len(names):
        raise ConfigurationError(
            f"{verb}({', '.join(map(repr, names))}) asks for nothing, or for what is no name.",
            why="A policy that asks for nothing lets everybody in.",
            fix=f'Name what is needed, one by one: {verb}("a", "b").',
            docs="how-to/policies/",
        )
    return tuple(checked)
