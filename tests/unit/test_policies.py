"""Policies: three answers, composed without surprises, and no mistake that lets anybody in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_jwtkit import Decision, Policy, Principal, policy
from fastapi_jwtkit.errors import AccessDeniedError, ConfigurationError
from fastapi_jwtkit.policies import (
    amr_includes,
    has_permissions,
    has_roles,
    has_scopes,
    is_subject,
    logged_in_within,
)

ANN = Principal(
    subject="7",
    scopes=frozenset({"tasks:read", "tasks:write"}),
    roles=frozenset({"clerk"}),
    permissions=frozenset({"tasks.close"}),
    auth_time=1_000,
    amr=("pwd", "otp"),
)


@dataclass
class Task:
    """Something of somebody."""

    owner_id: int | None = 7


def fail(_: Principal, __: object) -> bool:
    """Fail."""
    raise LookupError("the database is gone")


YES = Policy(lambda *_: True, name="yes")
NO = Policy(lambda *_: False, name="no")
BROKEN = Policy(fail, name="broken")


def always(answer: bool | None) -> Policy:
    """Return a policy that says yes, no, or fails."""
    return {True: YES, False: NO, None: BROKEN}[answer]


def answer_of(given: Policy) -> bool | None:
    """Return what a policy says: yes, no, or that it failed."""
    decision = given.decide(ANN)
    assert not (decision.failed and decision.allowed)
    return None if decision.failed else decision.allowed


ANSWERS = st.sampled_from([True, False, None])
TREES = st.recursive(
    ANSWERS.map(lambda answer: (always(answer), answer)),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda two: (two[0][0] & two[1][0], kleene_and(two))),
        st.tuples(inner, inner).map(lambda two: (two[0][0] | two[1][0], kleene_or(two))),
        inner.map(lambda one: (~one[0], None if one[1] is None else not one[1])),
    ),
    max_leaves=12,
)


def kleene_and(two: Any) -> bool | None:
    """Return what Kleene's logic says."""
    answers = {two[0][1], two[1][1]}
    return False if False in answers else None if None in answers else True


def kleene_or(two: Any) -> bool | None:
    """Return what Kleene's logic says."""
    answers = {two[0][1], two[1][1]}
    return True if True in answers else None if None in answers else False


@pytest.mark.std(109)
@given(TREES)
def test_composed_policies_follow_kleene(tree: tuple[Policy, bool | None]) -> None:
    """So the order of terms does not matter, and a failure is never turned into a yes."""
    composed, expected = tree
    assert answer_of(composed) is expected


@given(ANSWERS, ANSWERS, ANSWERS)
def test_the_order_of_terms_changes_no_answer(
    first: bool | None, second: bool | None, third: bool | None
) -> None:
    """De Morgan holds as well."""
    one, two, three = map(always, (first, second, third))
    assert answer_of(one & two & three) is answer_of(three & (two & one))
    assert answer_of(one | two | three) is answer_of(three | (two | one))
    assert answer_of(~(one & two)) is answer_of(~one | ~two)
    assert answer_of(~~one) is answer_of(one)


@pytest.mark.parametrize("result", [None, 1, "yes", object(), [True]])
def test_what_is_no_answer_is_no(result: object) -> None:
    """Truth is not enough: only ``True`` is yes, and ``~`` of nonsense is no as well."""
    odd = Policy(lambda *_: result, name="odd")  # type: ignore[arg-type,return-value]
    assert not odd.decide(ANN).allowed
    assert odd.decide(ANN).failed
    assert not (~odd).decide(ANN).allowed


def test_a_coroutine_is_no_policy() -> None:
    """It would be true; one that hides behind a function is found when it answers."""

    async def later(_: Principal, __: object) -> bool:
        return False

    with pytest.raises(ConfigurationError, match="coroutine"):
        policy(later)  # type: ignore[arg-type]

    def hides(*given: Any) -> Any:
        return later(*given)

    hidden = Policy(hides, name="hidden")
    assert not hidden.decide(ANN).allowed


def test_a_policy_is_no_condition() -> None:
    """``if policy`` and ``policy and other`` would always be true."""
    with pytest.raises(TypeError, match="always true"):
        assert NO
    with pytest.raises(TypeError, match="always true"):
        NO and YES  # noqa: B018 - the mistake itself


def test_a_refusal_names_the_term_that_said_no() -> None:
    """For events; the client sees the one text of its class."""
    with pytest.raises(AccessDeniedError) as caught:
        (YES & has_roles("admin")).enforce(ANN)
    assert caught.value.reason == "policy:has_roles(admin)"
    with pytest.raises(AccessDeniedError) as failed:
        (~BROKEN).enforce(ANN)
    assert failed.value.reason == "policy:failed:broken"
    (YES | BROKEN).enforce(ANN)


def test_a_failure_is_logged_with_its_cause(caplog: pytest.LogCaptureFixture) -> None:
    """Somebody has to mend it."""
    BROKEN.decide(ANN)
    assert "the policy broken failed" in caplog.text
    assert "the database is gone" in caplog.text


def test_a_decision_of_ones_own_carries_its_reason() -> None:
    """A function may say why."""

    @policy
    def short(_: Principal, resource: Any) -> Decision:
        return Decision(allowed=len(resource) < 3, reason="too_long")

    assert short.decide(ANN, "ab").allowed
    assert short.decide(ANN, "abcd") == Decision(allowed=False, reason="too_long")


@pytest.mark.parametrize(
    ("given_policy", "says"),
    [
        (has_scopes("tasks:read"), True),
        (has_scopes("tasks:read", "tasks:admin"), False),
        (has_scopes("tasks"), False),
        (has_scopes(any_of=("tasks:admin", "tasks:write")), True),
        (has_scopes("tasks:read", any_of=("tasks:admin",)), False),
        (has_roles("clerk"), True),
        (has_roles("Clerk"), False),
        (has_permissions("tasks.close"), True),
        (has_permissions("tasks.open"), False),
        (amr_includes("otp"), True),
        (amr_includes("otp", "swk"), False),
        (logged_in_within(60, now=lambda: 1_060), True),
        (logged_in_within(60, now=lambda: 1_061), False),
    ],
    ids=str,
)
def test_what_most_need_is_there(given_policy: Policy, says: bool) -> None:
    """Exact names, no wildcards."""
    assert answer_of(given_policy) is says
    assert answer_of(~given_policy) is not says


def test_a_login_of_unknown_age_is_too_old() -> None:
    """A token of an outside issuer may not say."""
    assert not logged_in_within(1e9).decide(Principal(subject="x")).allowed


def test_whose_a_resource_is_is_compared_as_text() -> None:
    """Nobody's is nobody's, and what has no owner cannot be asked about."""
    mine = is_subject("owner_id")
    assert mine.decide(ANN, Task(7)).allowed
    assert not mine.decide(ANN, Task(77)).allowed
    assert not mine.decide(Principal(subject="None"), Task(None)).allowed
    assert mine.decide(ANN, None).failed
    assert is_subject(lambda task: task["owner"]).decide(ANN, {"owner": "7"}).allowed


@pytest.mark.parametrize("verb", [has_scopes, has_roles, has_permissions, amr_includes])
def test_a_policy_that_asks_for_nothing_is_refused(verb: Any) -> None:
    """It would let everybody in."""
    for names in ((), ("",), (" a",)):
        with pytest.raises(ConfigurationError):
            verb(*names)
    if verb is not amr_includes:
        with pytest.raises(ConfigurationError):
            verb(any_of="admin")
