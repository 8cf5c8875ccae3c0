"""What a policy is, and how two become one.

A term can say yes, say no, or fail: raise, or answer something that is neither. The whole
allows only if it would whatever the terms that failed had said (the strong logic of Kleene).
So ``~`` of a failure is a failure, and the order of terms changes no answer.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.policies.decisions import FAILED, Decision
from fastapi_jwtkit.principal import Principal

__all__ = ["NO_RESOURCE", "POLICY_DOCS", "Policy"]

NO_RESOURCE = object()
"""Stands for "no resource was given", since ``None`` may be one."""
POLICY_DOCS = "tutorial/5-policies/"


class Policy(ABC):
    """A rule about a principal and, if it concerns one, a resource.

    Made by ``@policy`` or by one of the rules that ship, and composed with ``&``, ``|`` and
    ``~``. Not to be inherited from: write a function.

    Attributes:
        name: snake_case; denials are named after it.
        needs_resource: whether it cannot answer without a resource, so not in a guard.
        scopes: those that each request needs that it allows, for OpenAPI.
    """

    __slots__ = ("__weakref__", "name", "needs_resource", "scopes")

    def __init__(
        self, name: str, *, needs_resource: bool = False, scopes: tuple[str, ...] = ()
    ) -> None:
        self.name = name
        self.needs_resource = needs_resource
        self.scopes = scopes

    def decide(self, principal: Principal, resource: object = NO_RESOURCE) -> Decision:
        """Return the decision. It never raises for what a term does.

        Raises:
            ConfigurationError: it needs a resource and was given none.
        """
        if self.needs_resource and resource is NO_RESOURCE:
            raise ConfigurationError(
                f"The policy {self} was asked without a resource.",
                why="One of its rules is about a thing, and cannot tell without it.",
                fix="Read it first, then: policy.enforce(principal, thing).",
                docs=POLICY_DOCS,
            )
        return self.answer(principal, resource)

    def enforce(
        self,
        principal: Principal,
        resource: object = NO_RESOURCE,
        *,
        or_raise: Exception | None = None,
    ) -> None:
        """Return if it allows.

        Args:
            principal: who asks.
            resource: about what.
            or_raise: raised in place of our errors. Give the very error that you raise for
                a thing that does not exist, and nobody can tell the two apart.

        Raises:
            InsufficientScopeError: a scope would help.
            ReauthenticationError: a new login would help.
            AccessDeniedError: nothing would; ``reason`` says why.
            ConfigurationError: it needs a resource and was given none.
        """
        decision = self.decide(principal, resource)
        if decision.allowed:
            return
        error = decision.error()
        if or_raise is not None:
            raise or_raise from error
        raise error

    @abstractmethod
    def answer(self, principal: Principal, resource: object, /) -> Decision:
        """Return the decision, without a look at whether a resource was given."""

    @abstractmethod
    def parts(self) -> tuple[object, ...]:
        """Return what makes it equal to another of its kind."""

    def __and__(self, other: Policy) -> Policy:
        return _All(self, _policy(other))

    def __or__(self, other: Policy) -> Policy:
        return _Any(self, _policy(other))

    def __invert__(self) -> Policy:
        return _Not(self)

    def __bool__(self) -> bool:
        # "a and b" would be b alone, and "not a" would be False: no policy at all.
        raise ConfigurationError(
            f"The policy {self} was used as a truth value.",
            why="and, or and not would drop one of two policies without a word.",
            fix="Compose with a & b, a | b and ~a; ask with policy.decide(principal, thing).",
            docs=POLICY_DOCS,
        )

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Policy)
            and type(other) is type(self)
            and self.parts() == other.parts()
        )

    def __hash__(self) -> int:
        return hash((type(self), self.parts()))

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"Policy({self})"


class _All(Policy):
    """``a & b``: all of them."""

    __slots__ = ("_allowed", "_answers", "terms")

    def __init__(self, *terms: Policy) -> None:
        self.terms = _flat(_All, terms)
        super().__init__(
            "_and_".join(term.name for term in self.terms),
            needs_resource=any(term.needs_resource for term in self.terms),
            scopes=tuple(dict.fromkeys(each for term in self.terms for each in term.scopes)),
        )
        self._allowed = Decision.allow(self.name)
        # Bound once: each request of a guard asks all of them.
        self._answers = tuple(term.answer for term in self.terms)

    def answer(self, principal: Principal, resource: object, /) -> Decision:
        """Return the first denial, else a failure, else a yes."""
        failed = False
        for answer in self._answers:
            decision = answer(principal, resource)
            if decision.allowed:
                continue
            if not decision.failed:
                return decision
            failed = True
        return FAILED if failed else self._allowed

    def parts(self) -> tuple[object, ...]:
        """Return the terms."""
        return self.terms

    def __str__(self) -> str:
        return " & ".join(f"({t})" if isinstance(t, _Any) else str(t) for t in self.terms)


class _Any(Policy):
    """``a | b``: at least one of them."""

    __slots__ = ("terms",)

    def __init__(self, *terms: Policy) -> None:
        self.terms = _flat(_Any, terms)
        super().__init__(
            "_or_".join(term.name for term in self.terms),
            needs_resource=any(term.needs_resource for term in self.terms),
        )

    def answer(self, principal: Principal, resource: object, /) -> Decision:
        """Return the first yes, else a failure, else what each said."""
        denials: list[Decision] = []
        for term in self.terms:
            decision = term.answer(principal, resource)
            if decision.allowed:
                return decision
            denials.append(decision)
        if any(denial.failed for denial in denials):
            return FAILED
        return Decision(
            allowed=False,
            reason="_and_".join(denial.reason for denial in denials),
            remedy=next((each.remedy for each in denials if each.remedy is not None), None),
        )

    def parts(self) -> tuple[object, ...]:
        """Return the terms."""
        return self.terms

    def __str__(self) -> str:
        return " | ".join(map(str, self.terms))


class _Not(Policy):
    """``~a``: a no where ``a`` says yes, and nothing where it fails."""

    __slots__ = ("_answer", "_last", "term")

    def __init__(self, term: Policy) -> None:
        super().__init__(f"not_{term.name}", needs_resource=term.needs_resource)
        self.term = term
        self._answer = term.answer
        # Nearly every answer is the very object that was turned round before.
        self._last = (FAILED, FAILED)

    def answer(self, principal: Principal, resource: object, /) -> Decision:
        """Turn the decision round."""
        decision = self._answer(principal, resource)
        last = self._last
        if last[0] is not decision:
            last = self._last = (decision, decision.inverted())
        return last[1]

    def parts(self) -> tuple[object, ...]:
        """Return the term."""
        return (self.term,)

    def __str__(self) -> str:
        return f"~({self.term})" if isinstance(self.term, _All | _Any) else f"~{self.term}"


def _flat(kind: type[_All | _Any], terms: tuple[Policy, ...]) -> tuple[Policy, ...]:
    return tuple(
        inner for term in terms for inner in (term.terms if isinstance(term, kind) else (term,))
    )


def _policy(other: object) -> Policy:
    if isinstance(other, Policy):
        return other
    raise ConfigurationError(
        f"A policy was composed with a {type(other).__name__}.",
        why="What is no policy has no answer, and might be truthy by accident.",
        fix="Write @policy above the function.",
        docs=POLICY_DOCS,
    )
