"""``@policy``: a policy of a plain function."""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Callable
from typing import Any, cast

from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.policies.composing import NO_RESOURCE, POLICY_DOCS, Policy
from fastapi_jwtkit.policies.decisions import FAILED, Decision, truth_of
from fastapi_jwtkit.principal import Principal

__all__ = ["Rule", "name_of", "policy"]

logger = logging.getLogger("fastapi_jwtkit")

Rule = Callable[[Principal], bool | Decision] | Callable[[Principal, Any], bool | Decision]
"""What ``@policy`` takes: a plain function of who asks, and of what, if it concerns a thing."""

_REASON_CHARACTERS = re.compile(r"[^a-z0-9_]+")
_MAX_ARGUMENTS = 2


def policy(rule: Rule, /) -> Policy:
    """Make a policy of a plain function: ``@policy``.

    The function takes the principal, or the principal and a resource, and returns ``True``,
    ``False`` or a ``Decision``. Whatever else it does is a denial that is logged.

    Raises:
        ConfigurationError: it is async, a generator, or takes something else.
    """
    return _Function(rule)


def name_of(rule: object) -> str:
    """Return what denials are named after: the function's name, in snake_case."""
    raw = str(getattr(rule, "__name__", type(rule).__name__)).lower()
    return _REASON_CHARACTERS.sub("_", raw).strip("_0123456789") or "policy"


class _Function(Policy):
    """A function's own answer."""

    __slots__ = ("_allowed", "_denied", "_rule", "_takes_resource")

    def __init__(self, rule: Rule) -> None:
        _ensure_plain(rule)
        self._takes_resource, needs_resource = _arguments_of(rule)
        super().__init__(name_of(rule), needs_resource=needs_resource)
        self._rule = cast("Callable[..., object]", rule)
        # Made once: nearly every answer is one of the two.
        self._allowed = Decision.allow(self.name)
        self._denied = Decision.deny(f"not_{self.name.removeprefix('is_')}")

    def answer(self, principal: Principal, resource: object, /) -> Decision:
        """Ask the function; what is no answer is a failure."""
        try:
            if self._takes_resource and resource is not NO_RESOURCE:
                answer = self._rule(principal, resource)
            else:
                answer = self._rule(principal)
            if answer is True:
                return self._allowed
            if isinstance(answer, Decision):
                return answer
            return self._allowed if truth_of(answer) else self._denied
        except Exception:
            logger.exception("the policy %s failed: access is denied", self.name)
            return FAILED

    def parts(self) -> tuple[object, ...]:
        """Return the function."""
        return (self._rule,)


def _ensure_plain(rule: object) -> None:
    asked = (rule, getattr(rule, "__call__", None))  # noqa: B004 - an instance's method
    tests = (
        inspect.iscoroutinefunction,
        inspect.isasyncgenfunction,
        inspect.isgeneratorfunction,
    )
    if not callable(rule) or any(test(each) for test in tests for each in asked):
        raise ConfigurationError(
            f"{name_of(rule)} is not a plain function.",
            why="A coroutine is truthy before anybody awaits it, and a policy asks no store.",
            fix="Use def; read what it needs first, and pass it as the resource.",
            docs=POLICY_DOCS,
        )


def _arguments_of(rule: Rule) -> tuple[bool, bool]:
    """Return whether a function takes a resource, and whether it needs one."""
    given = inspect.signature(rule).parameters.values()
    positional = [p for p in given if p.kind in {p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD}]
    others = [p for p in given if p not in positional and p.default is p.empty]
    needed = [p for p in positional if p.default is p.empty]
    if others or not 1 <= len(needed) <= _MAX_ARGUMENTS or len(positional) > _MAX_ARGUMENTS:
        raise ConfigurationError(
            f"{name_of(rule)} does not take a principal, or a principal and a resource.",
            why="Nobody could fill in the rest.",
            fix="def owns(principal: Principal, task: Task) -> bool: ...",
            docs=POLICY_DOCS,
        )
    return len(positional) == _MAX_ARGUMENTS, len(needed) == _MAX_ARGUMENTS
