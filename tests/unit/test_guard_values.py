"""Guards as values: what they ask for, when they are equal, what they refuse to be."""

from __future__ import annotations

from typing import Any

import pytest

from fastapi_jwtkit import Principal, require_permissions, require_roles, require_scopes
from fastapi_jwtkit.errors import AccessDeniedError, ConfigurationError, InsufficientScopeError
from fastapi_jwtkit.policies.demands import permissions, roles, scopes
from fastapi_jwtkit.web.guards import Guard, OptionalGuard, current_principal, optional_principal
from web_kits import Realm


def principal(**rights: set[str]) -> Principal:
    """Return a principal with these rights."""
    held: dict[str, Any] = {name: frozenset(names) for name, names in rights.items()}
    return Principal(subject="ann", **held)


def test_equal_guards_are_equal_whatever_the_order() -> None:
    """FastAPI then runs them once, and an override by an equal guard is found."""
    assert require_scopes("a", "b") == require_scopes("b", "a", "b")
    assert hash(require_scopes("a", "b")) == hash(require_scopes("b", "a"))
    assert require_scopes("a", any_of=("b", "c")) == require_scopes("a", any_of=("c", "b"))


def test_guards_that_ask_for_something_else_differ() -> None:
    """One guard must never stand in for another."""
    guards = [
        require_scopes("a"),
        require_scopes("a", "b"),
        require_scopes("a", any_of=("b",)),
        require_scopes(any_of=("a",)),
        require_roles("a"),
        require_permissions("a"),
        current_principal,
        optional_principal,
        Realm().auth.require_scopes("a"),
        Realm().auth.require_scopes("a"),
    ]
    assert len(set(guards)) == len(guards)
    assert Guard() == current_principal
    assert OptionalGuard() == optional_principal


def test_all_of_and_any_of_are_both_asked() -> None:
    """All of the first and at least one of the second."""
    demand = scopes(("a",), ("b", "c"))
    demand.check(principal(scopes={"a", "c"}))
    for held in ({"a"}, {"b", "c"}, {"a", "d"}, set[str]()):
        with pytest.raises(InsufficientScopeError) as caught:
            demand.check(principal(scopes=held))
        assert caught.value.scopes == ("a", "b", "c")


@pytest.mark.attack(19)
@pytest.mark.parametrize("held", ["tasks", "tasks:*", "*", "tasks:read:all", "TASKS:READ"])
def test_scopes_match_exactly(held: str) -> None:
    """No wildcard, no prefix, no case folding."""
    with pytest.raises(InsufficientScopeError):
        scopes(("tasks:read",), ()).check(principal(scopes={held}))


def test_roles_and_permissions_are_looked_up_in_their_own_sets() -> None:
    """A scope of the same name is no role."""
    roles((), ("admin", "owner")).check(principal(roles={"owner"}))
    permissions(("archive",), ()).check(principal(permissions={"archive"}))
    with pytest.raises(AccessDeniedError, match="missing_role"):
        roles(("admin",), ()).check(principal(scopes={"admin"}, permissions={"admin"}))
    with pytest.raises(AccessDeniedError, match="missing_permission"):
        permissions(("archive",), ()).check(principal(roles={"archive"}))


@pytest.mark.std(33)
@pytest.mark.parametrize("name", ['a"b', "a b", "", "a\\b", "ä", "a\n"])
def test_a_scope_that_would_break_a_challenge_is_refused(name: str) -> None:
    """RFC 6749 3.3 and RFC 6750 3: it is told at import, not at the first 403."""
    with pytest.raises(ConfigurationError):
        require_scopes(name)
    with pytest.raises(ConfigurationError):
        require_scopes("fine", any_of=(name,))


@pytest.mark.parametrize("make", [require_scopes, require_roles, require_permissions])
def test_a_guard_that_asks_for_nothing_or_for_no_name_is_refused(make: Any) -> None:
    """``any_of="admin"`` would ask for one of five letters; a list is no name."""
    for arguments, options in (
        ((), {}),
        ((["a", "b"],), {}),
        ((None,), {}),
        (("a",), {"any_of": "admin"}),
        ((" a",), {}),
    ):
        with pytest.raises(ConfigurationError):
            make(*arguments, **options)


def test_a_guard_says_what_it_asks_for() -> None:
    """Its repr is what an audit prints."""
    guard = require_scopes("b", "a", any_of=("d", "c"))
    assert repr(guard) == "Guard(scopes: a, b; any of c, d)"
    assert repr(current_principal) == "Guard(any principal)"
