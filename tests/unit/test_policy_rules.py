"""The policies that ship, one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from clocks import FakeClock
from fastapi_jwtkit import Policy, Principal
from fastapi_jwtkit.errors import ConfigurationError, ReauthenticationError
from fastapi_jwtkit.policies import (
    amr_includes,
    has_permissions,
    has_roles,
    has_scopes,
    is_subject,
    logged_in_within,
)

ANN = Principal(subject="ann")


@dataclass(frozen=True)
class Thing:
    """Something that belongs to somebody."""

    owner_id: Any = "ann"


@pytest.mark.std(109)
@pytest.mark.parametrize(
    ("rule", "has", "lacks"),
    [
        (has_scopes("tasks:read"), {"scopes": {"tasks:read", "x"}}, {"scopes": {"tasks"}}),
        (has_scopes("a", any_of=("b", "c")), {"scopes": {"a", "c"}}, {"scopes": {"b", "c"}}),
        (has_roles("admin"), {"roles": {"admin"}}, {"scopes": {"admin"}}),
        (has_permissions("p", "q"), {"permissions": {"p", "q"}}, {"permissions": {"p"}}),
    ],
)
def test_what_is_held_is_matched_exactly(
    rule: Policy, has: dict[str, Any], lacks: dict[str, Any]
) -> None:
    """All of the first, one of the second, and of the right kind."""
    held, lacking = (
        Principal(subject="ann", **{name: frozenset(values) for name, values in each.items()})
        for each in (has, lacks)
    )
    assert rule.decide(held)
    assert not rule.decide(lacking)
    assert not rule.decide(Principal(subject="ann"))


@dataclass
class Numbered:
    """Something whose owner is a number."""

    owner_id: int = 7


def test_whose_a_resource_is_is_compared_as_text(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody's is nobody's, and what has no owner cannot be asked about."""
    for mine in (is_subject("owner_id"), is_subject(lambda thing: thing.owner_id)):
        assert mine.decide(ANN, Thing())
        assert mine.decide(ANN, Thing("Ann")).reason == "not_subject"
        assert not mine.decide(Principal(subject="None"), Thing(None))
        assert mine.decide(Principal(subject="7"), Numbered())
        assert not mine.decide(Principal(subject="77"), Numbered())
        for odd in (None, object()):
            assert mine.decide(ANN, odd).failed
            assert not (~mine).decide(ANN, odd)
    assert "the policy is_subject failed" in caplog.text
    for wrong in ("owner id", "", 7):
        with pytest.raises(ConfigurationError):
            is_subject(wrong)  # type: ignore[arg-type]


@pytest.mark.std(37, "89b")
@pytest.mark.parametrize(
    ("ago", "allowed"),
    [(0, True), (300, True), (301, False), (9999, False), (-20, True), (-31, False)],
)
def test_a_login_is_recent_or_it_is_not(ago: int, *, allowed: bool) -> None:
    """By ``auth_time`` alone; one that has not come yet is none."""
    clock = FakeClock()
    rule = logged_in_within(300, now=clock.now)
    ann = Principal(subject="ann", auth_time=int(clock.now()) - ago)
    assert rule.decide(ann).allowed is allowed
    if not allowed:
        with pytest.raises(ReauthenticationError) as caught:
            (~has_roles("guest") & rule).enforce(ann)
        assert caught.value.max_age == 300
    assert not rule.decide(Principal(subject="ann"))


def test_the_machines_clock_is_asked_where_no_other_is_given() -> None:
    """It is long after 1970."""
    assert not logged_in_within(86_400).decide(Principal(subject="ann", auth_time=0))


def test_a_rule_of_ones_own_makes_scopes_cover_others() -> None:
    """Nothing is a wildcard until somebody says so, and a rule only adds."""

    def below(held: str, wanted: str) -> bool:
        return held.endswith(":*") and wanted.startswith(held.removesuffix("*"))

    star = Principal(subject="ann", scopes=frozenset({"tasks:*", "notes:read"}))
    wanted = ("tasks:read", "notes:read")
    assert not has_scopes(*wanted).decide(star)
    assert has_scopes(*wanted, covers=below).decide(star)
    assert has_scopes(any_of=("tasks:write", "x"), covers=below).decide(star)
    assert not has_scopes("tasks", covers=below).decide(star)
    assert not has_scopes("tasks:read", "x", covers=below).decide(star)
    assert has_scopes("notes:read", covers=lambda *_: False).decide(star)


@pytest.mark.parametrize(
    "make",
    [
        has_scopes,
        has_roles,
        amr_includes,
        lambda: amr_includes(""),
        lambda: has_scopes("a b"),
        lambda: logged_in_within(0.5),
        lambda: logged_in_within(float("nan")),
    ],
)
def test_a_rule_that_asks_for_nothing_is_refused(make: Callable[[], Policy]) -> None:
    """Or for what can never be."""
    with pytest.raises(ConfigurationError):
        make()


def test_a_principal_that_is_none_is_a_failure_and_not_an_error() -> None:
    """Whatever asks, nobody gets in, turned round or not."""
    nobody: Any = None
    for rule in (amr_includes("otp"), ~amr_includes("otp"), logged_in_within(60)):
        decision = rule.decide(nobody)
        assert decision.failed
        assert not decision
