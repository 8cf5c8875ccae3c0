"""What a parsed JSON value is, said so that a type checker believes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeGuard

__all__ = ["as_list", "as_object"]


def as_object(value: object) -> Mapping[str, object] | None:
    """Return the value if it is a JSON object."""
    return value if _is_object(value) else None


def as_list(value: object) -> Sequence[object] | None:
    """Return the value if it is a JSON array."""
    return value if _is_list(value) else None


def _is_object(value: object) -> TypeGuard[Mapping[str, object]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, list | tuple)
