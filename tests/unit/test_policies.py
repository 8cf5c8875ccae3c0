"""Policies: what each answers, what composing them does, and what is refused to be one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from clocks import FakeClock
from fastapi_jwtkit import Policy, Principal
from fastapi_jwtkit.errors import (
    AccessDeniedError,
    ConfigurationError,
    InsufficientScopeError,
)
from fastapi_jwtkit.policies import (
    Decision,
    amr_includes,
    has_permissions,
    has_roles,
    has_scopes,
    is_subject,
    logged_in_within,
    policy,
)

ANN = Principal(
    subject="ann",
    scopes=frozenset({"tasks:read"}),
    roles=frozenset({"clerk"}),
    permissions=frozenset({"archive"}),
    amr=("pwd", "otp"),
)


@dataclass(frozen=True)
class Thing:
    """Something that belongs to somebody."""

    owner_id: Any = "ann"


@policy
def is_owner(principal: Principal, thing: Thing) -> bool:
    """Say whether it is theirs."""
    return bool(thing.owner_id == principal.subject)


@policy
def says_yes(_: Principal) -> bool:
    """Say yes."""
    return True


@policy
def says_no(_: Principal) -> bool:
    """Say no."""
    return False


@policy
def fails(_: Principal) -> bool:
    """Fail."""
    raise ValueError("as ever")


async def later(*_: object) -> bool:
    """Answer when awaited."""
    return True


def test_a_function_of_principal_and_resource_is_a_policy() -> None:
    """It answers yes or no, and the reason is named after it."""
    assert is_owner.decide(ANN, Thing()) == Decision.allow("is_owner")
    assert is_owner.decide(ANN, Thing("bob")) == Decision.deny("not_owner")
    assert says_yes.decide(ANN)
    assert not says_no.decide(ANN, Thing())


def test_a_function_may_give_its_reason() -> None:
    """A ``Decision`` of its own."""

    @policy
    def under_quota(_: Principal, used: int = 0) -> Decision:
        return Decision.allow("room_left") if used < 3 else Decision.deny("quota_used_up")

    assert under_quota.decide(ANN).reason == "room_left"
    assert under_quota.decide(ANN, 3).reason == "quota_used_up"
    assert (~under_quota).decide(ANN, 3) == Decision.allow("quota_used_up")


def test_what_is_missing_decides_which_error_is_raised() -> None:
    """A missing scope is named, so that the client can ask for it; the rest is not."""
    with pytest.raises(InsufficientScopeError) as caught:
        has_scopes("b", "a").enforce(ANN)
    assert caught.value.scopes == ("b", "a")
    for rule, reason in (
        (has_roles("admin"), "missing_role"),
        (has_permissions("p"), "missing_permission"),
        (amr_includes("swk"), "missing_amr"),
        (says_no, "not_says_no"),
        (fails, "policy_failed"),
        (says_no | has_roles("admin"), "not_says_no_and_missing_role"),
        (~has_roles("clerk"), "has_roles"),
    ):
        with pytest.raises(AccessDeniedError) as denied:
            rule.enforce(ANN)
        assert denied.value.reason == reason
    (says_yes & has_roles("clerk")).enforce(ANN)


def test_the_error_of_the_application_takes_the_place_of_ours() -> None:
    """The one for a thing that does not exist; why it was raised stays for developers."""
    with pytest.raises(LookupError) as caught:
        is_owner.enforce(ANN, Thing("bob"), or_raise=LookupError("no such thing"))
    assert isinstance(caught.value.__cause__, AccessDeniedError)
    assert caught.value.__cause__.reason == "not_owner"
    is_owner.enforce(ANN, Thing(), or_raise=LookupError())


@pytest.mark.parametrize("answer", [1, "yes", None, [], later])
@pytest.mark.parametrize("compose", [lambda p: p, lambda p: ~p, lambda p: p & says_yes])
def test_what_is_no_answer_is_a_denial(
    answer: object, compose: Callable[[Policy], Policy], caplog: pytest.LogCaptureFixture
) -> None:
    """Truthy or falsy, turned round or not; and it is logged with its name."""

    def vague(_: object, __: object = None) -> Any:
        return later() if answer is later else answer

    with caplog.at_level(logging.ERROR, "fastapi_jwtkit"):
        for rule in (policy(vague), has_scopes("b", covers=vague)):
            decision = compose(rule).decide(ANN)
            assert not decision
            assert decision.failed
    assert "the policy vague failed" in caplog.text


def test_a_decision_cannot_be_made_of_what_is_none() -> None:
    """Nor can it be turned into another by a truthy value."""
    for allowed, reason in ((1, "yes"), ("", "no"), (True, "Ann is 7"), (True, "")):
        with pytest.raises((TypeError, ValueError)):
            Decision(allowed, reason)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no failure allows"):
        Decision(allowed=True, reason="x", failed=True)


async def generates(_: Principal) -> Any:
    """Yield when iterated."""
    yield True


class Later:
    """An object that is called like a function and is none."""

    async def __call__(self, _: Principal) -> bool:
        """Answer when awaited."""
        return True


@pytest.mark.parametrize(
    "rule",
    [
        later,
        generates,
        Later(),
        "is_owner",
        lambda: True,
        lambda a, b, c: True,  # noqa: ARG005 - one too many
        lambda a, *, b: True,  # noqa: ARG005 - by keyword
    ],
)
def test_what_cannot_answer_is_refused_when_it_is_made(rule: Any) -> None:
    """A coroutine is truthy: it must never come so far as to be asked."""
    with pytest.raises(ConfigurationError):
        policy(rule)


def test_and_or_not_are_refused() -> None:
    """Each would drop a policy without a word, and let in whom it would keep out."""
    for misuse in (
        lambda: says_yes and says_no,
        lambda: says_no or says_yes,
        lambda: not says_yes,
        lambda: says_yes & True,  # type: ignore[operator]
        lambda: says_yes | (lambda _: True),  # type: ignore[operator]
    ):
        with pytest.raises(ConfigurationError):
            misuse()


def test_a_policy_about_a_thing_is_not_asked_without_one() -> None:
    """Nobody can say whether nothing is hers; ``None`` may be a thing."""
    for rule in (is_owner, says_no | is_owner, ~is_owner, is_subject(str)):
        assert rule.needs_resource
        with pytest.raises(ConfigurationError, match="without a resource"):
            rule.decide(ANN)
    assert is_owner.decide(ANN, None).failed


def test_equal_policies_are_equal() -> None:
    """So that equal guards run once; another function is another policy."""
    one, other = (has_scopes("a", "b") & ~has_roles("x") | says_no for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert len({one, other, says_yes, says_no, has_scopes("a"), has_roles("a")}) == 5
    assert logged_in_within(5) == logged_in_within(5) != logged_in_within(6)
    assert logged_in_within(5) != logged_in_within(5, now=FakeClock().now)
    assert amr_includes("a", "b") == amr_includes("b", "a")
    assert is_subject(str) == is_subject(str)


def test_policies_read_as_they_were_written() -> None:
    """In the audit and in errors."""
    rule = has_scopes("a") & (~has_roles("x") | says_no) & amr_includes("otp")
    assert str(rule) == "has_scopes(a) & (~has_roles(x) | says_no) & amr_includes(otp)"
    assert str(~(says_yes | logged_in_within(60))) == "~(says_yes | logged_in_within(60))"
    assert repr(rule).startswith("Policy(has_scopes(a) & ")
