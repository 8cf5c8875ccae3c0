"""What type each claim has: one table, for what we write and for what we read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeGuard

from fastapi_jwtkit.errors import InvalidScopeError
from fastapi_jwtkit.scopes import parse_scope

__all__ = ["find_malformed"]

_LAST_EXACT_INTEGER = 2**53


def find_malformed(claims: Mapping[str, Any]) -> str | None:
    """Return the name of the first claim whose type is not the one it has to have.

    A claim that is absent is fine here; one that is ``null`` is not. Claims that the
    table does not know may be anything.
    """
    for name, value in claims.items():
        fits = _TYPES.get(name)
        if fits is not None and not fits(value):
            return name
    return None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_array(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _is_list_of_text(value: Any) -> bool:
    return _is_array(value) and all(map(_is_text, value))


def _is_audience(value: Any) -> bool:
    # RFC 7519 4.1.3: one string, or an array of them.
    return _is_text(value) or (_is_list_of_text(value) and bool(value))


def _is_time(value: Any) -> bool:
    # RFC 7519 2 NumericDate: a JSON number. A bool is an int to Python, never to us;
    # NaN fails both comparisons; beyond 2**53 neighbours can no longer be told apart.
    return type(value) in (int, float) and 0 <= value <= _LAST_EXACT_INTEGER


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _LAST_EXACT_INTEGER


def _is_scope(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parse_scope(value)
    except InvalidScopeError:
        return False
    return True


_TYPES: Mapping[str, Callable[[Any], bool]] = MappingProxyType(
    {
        **dict.fromkeys(("iss", "sub", "jti", "sid", "client_id", "acr"), _is_text),
        **dict.fromkeys(("exp", "iat", "nbf"), _is_time),
        **dict.fromkeys(("sv", "auth_time"), _is_count),
        **dict.fromkeys(("roles", "permissions", "amr"), _is_list_of_text),
        "aud": _is_audience,
        "scope": _is_scope,
    }
)
