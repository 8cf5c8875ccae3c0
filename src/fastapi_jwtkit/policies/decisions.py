"""What a policy answers: yes, no, or that it could not tell."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Self

from fastapi_jwtkit.errors import AccessDeniedError, JWTKitError

__all__ = ["FAILED", "Decision", "truth_of"]

# A reason is a label in metrics and a word in logs: it holds no value of a request.
_REASON = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Decision:
    """Yes or no, and why. It is true exactly if it allows.

    The reason is for events, logs and developers; a client is never told it.

    Args:
        allowed: whether it is a yes.
        reason: snake_case, without a value of the request in it.
        remedy: makes the error that tells a client what would help, such as a scope or a
            new login; ``None``: nothing would.
        failed: whether nobody could tell. Such a decision never allows, nor does ``~`` of it.

    Raises:
        TypeError: ``allowed`` is no ``bool``.
        ValueError: the reason is not in snake_case, or a failure allows.
    """

    allowed: bool
    reason: str
    remedy: Callable[[], JWTKitError] | None = field(default=None, compare=False, repr=False)
    failed: bool = False

    def __post_init__(self) -> None:
        if any(type(said) is not bool for said in (self.allowed, self.failed)):
            raise TypeError("a decision is True or False")
        if not _REASON.fullmatch(self.reason) or (self.allowed and self.failed):
            raise ValueError("the reason of a decision is snake_case, and no failure allows")

    def __bool__(self) -> bool:
        return self.allowed

    @classmethod
    def allow(cls, reason: str) -> Self:
        """Return a yes; the reason says what is the case, such as ``owner``."""
        return cls(allowed=True, reason=reason)

    @classmethod
    def deny(cls, reason: str) -> Self:
        """Return a no; the reason says what is not the case, such as ``not_owner``."""
        return cls(allowed=False, reason=reason)

    def error(self) -> JWTKitError:
        """Return what to raise for a no."""
        return AccessDeniedError(self.reason) if self.remedy is None else self.remedy()

    def inverted(self) -> Decision:
        """Return the opposite, for the same reason; a failure stays one."""
        return self if self.failed else replace(self, allowed=not self.allowed, remedy=None)


FAILED = Decision(allowed=False, reason="policy_failed", failed=True)
"""Nobody could tell, so nobody is let in."""


def truth_of(answer: object) -> bool:
    """Return the answer of a function that has to say ``True`` or ``False``.

    Raises:
        TypeError: it said something else: whatever is truthy by accident lets nobody in.
    """
    if isinstance(answer, bool):
        return answer
    if inspect.iscoroutine(answer):
        answer.close()  # nobody will await it
    raise TypeError(f"it returned a {type(answer).__name__} where True or False is needed")
