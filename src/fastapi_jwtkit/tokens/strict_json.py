"""JSON with one meaning: what two parsers could read differently is refused.

Python's ``json`` takes NaN, repeated members, numbers that overflow and lone surrogates,
and answers deep nesting with a ``RecursionError``. Inside a token each of these is a
forgery or a bug, so here each is an ``InvalidTokenError``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn, TypeGuard

from fastapi_jwtkit.errors import InvalidTokenError

__all__ = ["MAX_DEPTH", "MAX_DIGITS", "find_unfit", "parse_object", "write_object"]

MAX_DEPTH = 16
"""Objects and arrays inside each other, the outermost included."""
MAX_DIGITS = 20
"""Digits of an integer: enough for 64 bits, too few to cost anything."""

# A string counts as one token, ended or not, so that brackets inside it do not nest and
# every character is looked at once.
_NESTING = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


def parse_object(data: bytes) -> dict[str, Any]:
    """Read one JSON object.

    Raises:
        InvalidTokenError: it is not UTF-8, not JSON, not an object, or could be read in
            more than one way; ``reason`` says which.
    """
    try:
        text = data.decode("utf-8")
        _refuse_depth(text)
        value: object = _DECODER.decode(text)
        if "\\u" in text:
            _refuse_lone_surrogates(value)
    except UnicodeError:
        raise InvalidTokenError("not_utf8") from None
    except (ValueError, RecursionError):
        raise InvalidTokenError("not_json") from None
    if not _is_object(value):
        raise InvalidTokenError("not_an_object")
    return value


def write_object(values: Mapping[str, Any]) -> bytes:
    """Write one JSON object: UTF-8, no white space.

    Raises:
        ValueError, TypeError: a value that JSON cannot hold; ``find_unfit`` names it.
    """
    return _ENCODER.encode(dict(values)).encode("utf-8")


def find_unfit(value: object, path: str, *, depth: int = 1) -> str | None:
    """Say what in ``value`` ``parse_object`` would not give back, as half a sentence.

    Args:
        value: what is to become JSON.
        path: how to call it.
        depth: how deep it will stand.

    Returns:
        such as ``"tenant.since is a datetime"``; ``None`` if all of it fits.
    """
    if depth > MAX_DEPTH:
        return f"{path} is nested deeper than {MAX_DEPTH}"
    if _is_object(value):
        return _find_unfit_member(value, path, depth=depth)
    if _is_array(value):
        found = (find_unfit(item, f"{path}.{i}", depth=depth + 1) for i, item in enumerate(value))
        return next((one for one in found if one), None)
    return _find_unfit_scalar(value, path)


def _is_object(value: object) -> TypeGuard[dict[Any, Any]]:
    return isinstance(value, dict)


def _is_array(value: object) -> TypeGuard[list[Any] | tuple[Any, ...]]:
    return isinstance(value, list | tuple)


def _find_unfit_member(members: dict[Any, Any], path: str, *, depth: int) -> str | None:
    for name, item in members.items():
        # json.dumps would write 1 as "1", beside a "1" that may be there already.
        if not isinstance(name, str):
            return f"{path} has the member {name!r}, which is no string"
        where = f"{path}.{name}" if path else name
        if found := _find_unfit_scalar(name, path) or find_unfit(item, where, depth=depth + 1):
            return found
    return None


def _find_unfit_scalar(value: object, path: str) -> str | None:
    if isinstance(value, str):
        lone = not value.isascii() and any("\ud800" <= each <= "\udfff" for each in value)
        return f"{path} holds a lone surrogate" if lone else None
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        big = abs(value) >= 10**MAX_DIGITS
        return f"{path} has more than {MAX_DIGITS} digits" if big else None
    if isinstance(value, float):
        return None if math.isfinite(value) else f"{path} is {value}, which is not JSON"
    return f"{path} is of type {type(value).__name__}, which is not JSON"


def _refuse_depth(text: str) -> None:
    # Few brackets cannot nest deep: that answers every honest token at once.
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for found in _NESTING.finditer(text):
        first = found[0][0]
        depth += (first in "[{") - (first in "]}")
        if depth > MAX_DEPTH:
            raise InvalidTokenError("json_too_deep")


def _refuse_lone_surrogates(value: object) -> None:
    # "\ud800" alone is no character (RFC 8259 8.2); UTF-8 cannot write it.
    json.dumps(value, ensure_ascii=False).encode("utf-8")


def _take_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    # RFC 7515 4, RFC 7519 4: two members of one name let two readers see two tokens.
    if len(members) != len(pairs):
        raise InvalidTokenError("duplicate_member")
    return members


def _take_integer(text: str) -> int:
    # One more for a sign.
    if len(text) > MAX_DIGITS + 1:
        raise InvalidTokenError("number_too_long")
    return int(text)


def _take_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):  # 1e400
        raise InvalidTokenError("number_overflow")
    return value


def _refuse_constant(name: str) -> NoReturn:
    del name  # NaN, Infinity, -Infinity: not in RFC 8259 6.
    raise InvalidTokenError("not_a_number")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_take_members,
    parse_int=_take_integer,
    parse_float=_take_float,
    parse_constant=_refuse_constant,
)
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
