"""Policies: what each answers, what composing them does, and what is refused to be one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clocks import FakeClock
from fastapi_jwtkit import Policy, Principal
from fastapi_jwtkit.errors import (
    AccessDeniedError,
    ConfigurationError,
    InsufficientScopeError,
    ReauthenticationError,
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
    assert is_owner.check(ANN, Thing()) == Decision.allow("is_owner")
    assert is_owner.check(ANN, Thing("bob")) == Decision.deny("not_owner")
    assert says_yes.check(ANN)
    assert not says_no.check(ANN, Thing())


def test_a_function_may_give_its_reason() -> None:
    """A ``Decision`` of its own."""

    @policy
    def under_quota(_: Principal, used: int = 0) -> Decision:
        return Decision.allow("room_left") if used < 3 else Decision.deny("quota_used_up")

    assert under_quota.check(ANN).reason == "room_left"
    assert under_quota.check(ANN, 3).reason == "quota_used_up"
    assert (~under_quota).check(ANN, 3) == Decision.allow("quota_used_up")


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
    assert rule.check(held)
    assert not rule.check(lacking)
    assert not rule.check(Principal(subject="ann"))


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


def test_is_subject_compares_text(caplog: pytest.LogCaptureFixture) -> None:
    """A number would never be equal, and nobody would know why."""
    mine = is_subject(lambda thing: thing.owner_id)
    assert mine.check(ANN, Thing())
    assert mine.check(ANN, Thing("Ann")).reason == "not_subject"
    assert mine.check(ANN, Thing(None)).reason == "not_subject"
    for odd in (Thing(7), object()):
        assert mine.check(ANN, odd).failed
        assert not (~mine).check(ANN, odd)
    assert "is_subject compares text, not a int" in caplog.text


@pytest.mark.std(37, "89b")
@pytest.mark.parametrize(
    ("ago", "allowed"),
    [(0, True), (299, True), (300, False), (9999, False), (-20, True), (-31, False)],
)
def test_a_login_is_recent_or_it_is_not(ago: int, *, allowed: bool) -> None:
    """By ``auth_time`` alone; one that has not come yet is none."""
    clock = FakeClock()
    rule = logged_in_within(300, clock=clock)
    ann = Principal(subject="ann", auth_time=int(clock.now()) - ago)
    assert rule.check(ann).allowed is allowed
    if not allowed:
        with pytest.raises(ReauthenticationError) as caught:
            (says_yes & rule).enforce(ann)
        assert caught.value.max_age == 300
    assert not rule.check(Principal(subject="ann"))


def test_the_machines_clock_is_asked_where_no_other_is_given() -> None:
    """It is long after 1970."""
    assert not logged_in_within(86_400).check(Principal(subject="ann", auth_time=0))


def test_a_rule_of_ones_own_makes_scopes_cover_others() -> None:
    """Nothing is a wildcard until somebody says so, and a rule only adds."""

    def below(held: str, wanted: str) -> bool:
        return held.endswith(":*") and wanted.startswith(held.removesuffix("*"))

    star = Principal(subject="ann", scopes=frozenset({"tasks:*", "notes:read"}))
    wanted = ("tasks:read", "notes:read")
    assert not has_scopes(*wanted).check(star)
    assert has_scopes(*wanted, covers=below).check(star)
    assert has_scopes(any_of=("tasks:write", "x"), covers=below).check(star)
    assert not has_scopes("tasks", covers=below).check(star)
    assert not has_scopes("tasks:read", "x", covers=below).check(star)
    assert has_scopes("notes:read", covers=lambda *_: False).check(star)


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
            decision = compose(rule).check(ANN)
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
            rule.check(ANN)
    assert is_owner.check(ANN, None).failed


def test_equal_policies_are_equal() -> None:
    """So that equal guards run once; another function is another policy."""
    one, other = (has_scopes("a", "b") & ~has_roles("x") | says_no for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert len({one, other, says_yes, says_no, has_scopes("a"), has_roles("a")}) == 5
    assert logged_in_within(5) == logged_in_within(5) != logged_in_within(6)
    assert logged_in_within(5) != logged_in_within(5, clock=FakeClock())
    assert amr_includes("a", "b") == amr_includes("b", "a")
    assert is_subject(str) == is_subject(str)


def test_policies_read_as_they_were_written() -> None:
    """In the audit and in errors."""
    rule = has_scopes("a") & (~has_roles("x") | says_no) & amr_includes("otp")
    assert str(rule) == "has_scopes(a) & (~has_roles(x) | says_no) & amr_includes(otp)"
    assert str(~(says_yes | logged_in_within(60))) == "~(says_yes | logged_in_within(60))"
    assert repr(rule).startswith("Policy(has_scopes(a) & ")


@pytest.mark.parametrize(
    "make",
    [
        has_scopes,
        has_roles,
        amr_includes,
        lambda: amr_includes(""),
        lambda: has_scopes("a b"),
        lambda: logged_in_within(0),
        lambda: logged_in_within(float("nan")),
    ],
)
def test_a_rule_that_asks_for_nothing_is_refused(make: Callable[[], Policy]) -> None:
    """Or for what can never be."""
    with pytest.raises(ConfigurationError):
        make()


# Composition, against the truth table.

Truth = bool | None
"""``None``: it failed."""
TERMS: dict[Truth, Policy] = {True: says_yes, False: says_no, None: fails}
Tree = tuple[str, Any, Any] | Truth


def made(tree: Any) -> Policy:
    """Return the policy of a tree."""
    if not isinstance(tree, tuple):
        return TERMS[tree]
    operator, left, right = tree
    if operator == "not":
        return ~made(left)
    return made(left) & made(right) if operator == "and" else made(left) | made(right)


def possible(tree: Any) -> set[bool]:
    """Return what a tree may say, whatever the terms that failed would have said."""
    if not isinstance(tree, tuple):
        return {True, False} if tree is None else {tree}
    operator, left, right = tree
    lefts, rights = possible(left), possible(right)
    if operator == "not":
        return {not each for each in lefts}
    both = {"and": lambda a, b: a and b, "or": lambda a, b: a or b}[operator]
    return {both(a, b) for a in lefts for b in rights}


trees = st.recursive(
    st.sampled_from([True, False, None]),
    lambda inner: st.tuples(st.sampled_from(["and", "or", "not"]), inner, inner),
    max_leaves=12,
)


@given(trees)
def test_a_whole_allows_only_what_it_would_whatever_failed(tree: Any) -> None:
    """A failure never becomes a yes, under any number of ``~``, ``&`` and ``|``."""
    decision = made(tree).check(ANN)
    assert decision.allowed is (possible(tree) == {True})
    assert decision.failed is (possible(tree) == {True, False})


@given(trees, trees, trees)
def test_the_laws_of_composition_hold(a: Any, b: Any, c: Any) -> None:
    """Order and grouping change no answer, and neither does De Morgan."""

    def same(left: Policy, right: Policy) -> bool:
        one, other = left.check(ANN), right.check(ANN)
        return (one.allowed, one.failed) == (other.allowed, other.failed)

    p, q, r = made(a), made(b), made(c)
    assert same(p & q, q & p)
    assert same(p | q, q | p)
    assert same((p & q) & r, p & (q & r))
    assert same(~(p & q), ~p | ~q)
    assert same(~(p | q), ~p & ~q)
    assert same(~~p, p)
    assert same(p & (q | r), (p & q) | (p & r))


@given(trees)
def test_every_reason_is_a_word_for_a_label(tree: Any) -> None:
    """In snake_case, and of the terms alone: no value of a request is in it."""
    assert made(tree).check(ANN).reason.isidentifier()
