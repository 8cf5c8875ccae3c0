"""Policies composed at random, against the truth table of what might have been."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_jwtkit import Policy, Principal
from fastapi_jwtkit.policies import policy

ANN = Principal(subject="ann")


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


Truth = bool | None
"""``None``: it failed."""
TERMS: dict[Truth, Policy] = {True: says_yes, False: says_no, None: fails}


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


@pytest.mark.std(109)
@given(trees)
def test_composed_policies_follow_kleene(tree: Any) -> None:
    """A whole allows only what it would whatever had been said by the terms that failed."""
    decision = made(tree).decide(ANN)
    assert decision.allowed is (possible(tree) == {True})
    assert decision.failed is (possible(tree) == {True, False})


@given(trees, trees, trees)
def test_the_laws_of_composition_hold(a: Any, b: Any, c: Any) -> None:
    """Order and grouping change no answer, and neither does De Morgan."""

    def same(left: Policy, right: Policy) -> bool:
        one, other = left.decide(ANN), right.decide(ANN)
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
    assert made(tree).decide(ANN).reason.isidentifier()
