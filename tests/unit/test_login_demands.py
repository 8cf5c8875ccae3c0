"""What ``require_auth`` asks for, as a value."""

from __future__ import annotations

from typing import Any

import pytest

from fastapi_jwtkit import Principal, require_auth
from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.web.guards import current_principal
from web_kits import Realm


def test_a_context_that_the_token_names_wins_over_its_methods() -> None:
    """An outside issuer says ``acr``; another one than is asked for is not made up for."""
    guard = require_auth(acr=("silver", "gold"), amr=("pwd",))
    assert guard.login is not None
    for said, passes in (("gold", True), ("bronze", False), (["gold"], False)):
        claims: Any = {"acr": said}
        principal = Principal(subject="ann", amr=("pwd",), claims=claims)
        assert guard.login._is_strong(principal) is passes


@pytest.mark.parametrize(
    "asked",
    [{}, {"max_age": 0}, {"max_age": float("inf")}, {"acr": 'a"b'}, {"amr": "pwd"}, {"amr": ("",)}],
)
def test_a_demand_that_nobody_can_meet_is_refused(asked: dict[str, Any]) -> None:
    """When the guard is made."""
    with pytest.raises(ConfigurationError):
        require_auth(**asked)


def test_guards_of_logins_compare_by_value() -> None:
    """And say what they are, for the audit."""
    assert require_auth(max_age=300) == require_auth(max_age=300) != require_auth(max_age=301)
    assert require_auth(strict=True) not in {require_auth(max_age=300), current_principal}
    bound = Realm().auth.require_auth(max_age=300, strict=True, acr="x", amr=("pwd",))
    assert bound.written == "require_auth(max_age=300, strict=True, acr=x, amr=pwd)"
