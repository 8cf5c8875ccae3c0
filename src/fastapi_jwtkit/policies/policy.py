"""A policy: yes or no, and why, about who is calling and what they want to touch.

Three answers and not two: yes, no, and "it failed". A policy that failed denies, and its
opposite denies as well: ``~`` of a mistake is no permission. Composed policies follow Kleene's
logic, so the order of the terms changes nothing but which of them are asked.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from fastapi_jwtkit.errors import AccessDeniedError, ConfigurationError
from fastapi_jwtkit.principal import Principal

__all__ = ["Decision", "Policy", "policy"]

logger = logging.getLogger("fastapi_jwtkit")

Check = Callable[[Principal, Any], "bool | Decision"]
"""What decides: about the principal, and the resource where there is one."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a policy says.

    Attributes:
        allowed: whether it says yes.
        reason: which term decided, for events and for whoever writes the policy. The answer
            to the client is the same for every reason.
        failed: whether it could not tell: that is no, and ``~`` does not turn it.
    """

    allowed: bool
    reason: str = ""
    failed: bool = False

    def __bool__(self) -> bool:
        return self.allowed


_YES: Final = Decision(allowed=True)


class Policy:
    """Decides about a principal and a resource; composed with ``&``, ``|`` and ``~``.

    Synchronous: fetch what it needs first, then ask. Made by ``@policy`` from a function, or
    taken from ``fastapi_jwtkit.policies``.

    Args:
        check: decides, or raises where it cannot.
        name: what it is called in reasons.

    Raises:
        ConfigurationError: ``check`` is a coroutine function, whose result is always true.
    """

    __slots__ = ("check", "name")

    def __init__(self, check: Check, *, name: str) -> None:
        if inspect.iscoroutinefunction(check) or inspect.iscoroutinefunction(
            getattr(check, "__call__", None)  # noqa: B004 - whether calling it gives a coroutine
        ):
            raise ConfigurationError(
                f"The policy {name!r} is a coroutine function.",
                why="Nobody would await it, and a coroutine is true.",
                fix="Read what it needs before, in the endpoint or a dependency; then ask.",
                docs="how-to/policies/",
            )
        self.check = check
        self.name = name

    def decide(self, principal: Principal, resource: object = None) -> Decision:
        """Return whether the principal may, and why not. Never raises for what the check does.

        Args:
            principal: who is calling.
            resource: what they want to touch; ``None`` where the policy asks about none.
        """
        try:
            found = self.check(principal, resource)
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody knows the answer
            return _failed(self, error)
        return _YES if found is True else _judged(self, found)

    def enforce(self, principal: Principal, resource: object = None) -> None:
        """Return if the principal may.

        Raises:
            AccessDeniedError: they may not; ``reason`` names the policy that said so.
        """
        decision = self.decide(principal, resource)
        if not decision.allowed:
            raise AccessDeniedError(f"policy:{decision.reason}")

    def __and__(self, other: Policy) -> Policy:
        return _All((*_terms(self, _All), *_terms(other, _All)))

    def __or__(self, other: Policy) -> Policy:
        return _Any((*_terms(self, _Any), *_terms(other, _Any)))

    def __invert__(self) -> Policy:
        return _Not(self)

    def __bool__(self) -> bool:
        raise TypeError(
            f"The policy {self.name} was used as a condition, and an object is always true. "
            "Ask it: policy.decide(principal, resource); compose with &, | and ~."
        )

    def __repr__(self) -> str:
        return f"<Policy {self.name}>"


class _All(Policy):
    """Yes if every term says yes; no as soon as one says no."""

    __slots__ = ("terms",)

    def __init__(self, terms: tuple[Policy, ...]) -> None:
        super().__init__(self._ask, name=f"({' & '.join(term.name for term in terms)})")
        self.terms = terms

    def _ask(self, principal: Principal, resource: Any) -> Decision:
        failed: Decision | None = None
        for term in self.terms:
            # As ``decide`` does, without a call for each term that says yes.
            try:
                found = term.check(principal, resource)
            except Exception as error:  # noqa: BLE001 - likewise
                decision = _failed(term, error)
            else:
                if found is True:
                    continue
                decision = _judged(term, found)
            if decision.failed:
                failed = decision
            elif not decision.allowed:
                return decision
        return _YES if failed is None else failed


class _Any(Policy):
    """Yes as soon as one term says yes."""

    __slots__ = ("terms",)

    def __init__(self, terms: tuple[Policy, ...]) -> None:
        super().__init__(self._ask, name=f"({' | '.join(term.name for term in terms)})")
        self.terms = terms

    def _ask(self, principal: Principal, resource: Any) -> Decision:
        failed: Decision | None = None
        for term in self.terms:
            decision = term.decide(principal, resource)
            if decision.allowed:
                return _YES
            if decision.failed:
                failed = decision
        return Decision(allowed=False, reason=self.name) if failed is None else failed


class _Not(Policy):
    """No where the term says yes, yes where it says no, and no where it failed."""

    __slots__ = ("term",)

    def __init__(self, term: Policy) -> None:
        super().__init__(self._ask, name=f"~{term.name}")
        self.term = term

    def _ask(self, principal: Principal, resource: Any) -> Decision:
        decision = self.term.decide(principal, resource)
        if decision.failed:
            return decision
        return Decision(allowed=False, reason=self.name) if decision.allowed else _YES


def policy(check: Check) -> Policy:
    """Make a policy of a function of ``(principal, resource)``, named as the function is.

    Raises:
        ConfigurationError: it is a coroutine function.
    """
    return Policy(check, name=getattr(check, "__name__", repr(check)))


def _judged(asked: Policy, found: object) -> Decision:
    if found is False:
        return Decision(allowed=False, reason=asked.name)
    if isinstance(found, Decision):
        return found
    if inspect.iscoroutine(found):
        found.close()
    return _failed(asked, TypeError(f"it returned a {type(found).__name__}"))


def _failed(asked: Policy, error: Exception) -> Decision:
    logger.error("the policy %s failed, and so it denies", asked.name, exc_info=error)
    return Decision(allowed=False, reason=f"failed:{asked.name}", failed=True)


def _terms(given: Policy, kind: type[_All | _Any]) -> tuple[Policy, ...]:
    # Flat, so that a chain of four asks four and not three pairs.
    return given.terms if isinstance(given, kind) else (given,)
