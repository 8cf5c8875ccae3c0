"""JSON with one meaning."""

from __future__ import annotations

import contextlib
import json
import math
from datetime import UTC, datetime
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_jwtkit.errors import InvalidTokenError
from fastapi_jwtkit.tokens.strict_json import (
    MAX_DEPTH,
    MAX_DIGITS,
    find_unfit,
    parse_object,
    write_object,
)


def refusal(data: bytes) -> str:
    """Return why the parser refuses."""
    with pytest.raises(InvalidTokenError) as caught:
        parse_object(data)
    return caught.value.reason


def test_an_honest_object_is_read_as_it_stands() -> None:
    """White space, escapes and every kind of value pass (RFC 7515 A.1 has line breaks)."""
    data = b'{"a":"\\u00e9\\ud83d\\ude00",\r\n "b":[1,-2,3.5,true,false,null,{"c":{}}]}'
    assert parse_object(data) == {"a": "é😀", "b": [1, -2, 3.5, True, False, None, {"c": {}}]}


@pytest.mark.std(55)
@pytest.mark.attack(5)
@pytest.mark.parametrize(
    "data",
    [
        b'{"sub":"a","sub":"b"}',
        b'{"sub":"a","s\\u0075b":"b"}',
        b'{"x":{"y":1,"y":1}}',
        b'{"x":[{"y":1,"y":2}]}',
    ],
)
def test_a_member_that_comes_twice_is_refused(data: bytes) -> None:
    """Two readers could each take another one, at any depth and in any spelling."""
    assert refusal(data) == "duplicate_member"


@pytest.mark.attack(5)
@pytest.mark.parametrize("constant", [b"NaN", b"Infinity", b"-Infinity"])
def test_constants_that_are_not_json_are_refused(constant: bytes) -> None:
    """Python's parser takes them; RFC 8259 section 6 does not have them."""
    assert refusal(b'{"exp":' + constant + b"}") == "not_a_number"


@pytest.mark.attack(5)
@pytest.mark.parametrize("number", [b"1e400", b"-1e400", b"1" + b"0" * 19 + b".0e4000"])
def test_a_number_that_overflows_is_refused(number: bytes) -> None:
    """1e400 would become an infinity that no exp ever reaches."""
    assert refusal(b'{"exp":' + number + b"}") == "number_overflow"


@pytest.mark.attack(5)
@pytest.mark.parametrize("digits", [MAX_DIGITS + 2, 5000])
def test_an_integer_of_too_many_digits_is_refused(digits: int) -> None:
    """Below Python's own limit it costs time, above it a ValueError."""
    assert refusal(b'{"exp":' + b"9" * digits + b"}") == "number_too_long"


def test_integers_of_64_bits_pass() -> None:
    """Ids from databases are no attack."""
    data = f'{{"a":{2**64 - 1},"b":{-(2**63)}}}'.encode()
    assert parse_object(data) == {"a": 2**64 - 1, "b": -(2**63)}


@pytest.mark.attack(5)
@pytest.mark.parametrize(
    "data",
    [
        b'{"a":' + b"[" * 3000 + b"]" * 3000 + b"}",
        b'{"a":' * 1000 + b"1" + b"}" * 1000,
        b"[" * 6000,
        b'{"a":' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}",
        b'{"a":"\\"]}", "b":' + b"[" * 100 + b"]" * 100 + b"}",
    ],
)
def test_deep_nesting_is_refused_and_does_not_recurse(data: bytes) -> None:
    """A RecursionError would be a 500, and its limit depends on who calls."""
    assert refusal(data) == "json_too_deep"


def test_nesting_up_to_the_limit_passes() -> None:
    """The outermost object counts as one level."""
    inner = MAX_DEPTH - 1
    assert parse_object(b'{"a":' + b"[" * inner + b"]" * inner + b"}")


def test_many_brackets_that_do_not_nest_pass() -> None:
    """Brackets side by side, and inside strings, are not depth."""
    values = {"list": [[] for _ in range(100)], "text": "[{" * 100 + '\\"[', "more": [{}] * 50}
    assert parse_object(json.dumps(values).encode()) == values


@pytest.mark.attack(5)
@pytest.mark.parametrize("text", [rb'"\ud800"', rb'"\uDFFF x"', rb'["\ud83d",1]', rb'{"\udead":1}'])
def test_a_lone_surrogate_is_refused(text: bytes) -> None:
    """It is no character, and breaks whatever encodes the claim next."""
    assert refusal(b'{"sub":' + text + b"}") == "not_utf8"


@pytest.mark.std(55)
@pytest.mark.attack(5)
@pytest.mark.parametrize(
    "data", [b'{"sub":"\xff"}', b'{"sub":"\xc0\xaf"}', b'{"sub":"\xed\xa0\x80"}', b"\x80"]
)
def test_bytes_that_are_not_utf8_are_refused(data: bytes) -> None:
    """Overlong forms and encoded surrogates included (RFC 3629 3)."""
    assert refusal(data) == "not_utf8"


@pytest.mark.attack(5)
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"{",
        b"{'a':1}",
        b'{"a":1,}',
        b'{"a":1} {}',
        b'{"a":1}x',
        b'{"a":01}',
        b'{"a":+1}',
        b'{"a":.5}',
        b'{"a":"\n"}',
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16-le"),
        b"{/**/}",
    ],
)
def test_what_is_nearly_json_is_refused(data: bytes) -> None:
    """Including a byte order mark and UTF-16, which json.loads would guess."""
    assert refusal(data) == "not_json"


@pytest.mark.attack(5)
@pytest.mark.parametrize("data", [b"[]", b'"a"', b"1", b"null", b"true", b'[{"sub":"a"}]'])
def test_what_is_not_an_object_is_refused(data: bytes) -> None:
    """A claim set and a header are objects (RFC 7519 4, RFC 7515 4)."""
    assert refusal(data) == "not_an_object"


@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_refused(data: bytes) -> None:
    """Nothing but an InvalidTokenError ever comes out."""
    with contextlib.suppress(InvalidTokenError):
        assert isinstance(parse_object(data), dict)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=3)
    ),
    max_leaves=8,
)


def plain(value: object) -> object:
    """Return the value with tuples as lists, as JSON has them."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


@given(st.dictionaries(st.text(), JSON_VALUES, max_size=4))
def test_what_is_fit_comes_back_as_it_was(values: dict[str, object]) -> None:
    """find_unfit and parse_object agree on what JSON can hold."""
    if find_unfit(values, "") is None:
        assert parse_object(write_object(values)) == plain(values)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"when": datetime(2026, 1, 1, tzinfo=UTC)}, "claim.when is of type datetime"),
        ({"a": [{"b": math.nan}]}, "claim.a.0.b is nan"),
        ({"a": math.inf}, "claim.a is inf"),
        ({"a": {1: 2}}, "claim.a has the member 1, which is no string"),
        ({"a": 10**MAX_DIGITS}, "claim.a has more than 20 digits"),
        ({"a": "\ud800"}, "claim.a holds a lone surrogate"),
        ({"\ud800": 1}, "claim holds a lone surrogate"),
        ({"a": {"b"}}, "claim.a is of type set"),
        (b"bytes", "claim is of type bytes"),
        (MappingProxyType({}), "claim is of type mappingproxy"),
    ],
)
def test_what_is_unfit_is_named_by_its_path(value: object, words: str) -> None:
    """The developer reads which claim it was."""
    found = find_unfit(value, "claim")
    assert found is not None
    assert found.startswith(words)


def test_a_value_that_holds_itself_is_unfit() -> None:
    """The depth limit ends what would never end."""
    loop: list[object] = []
    loop.append(loop)
    assert "nested deeper" in (find_unfit(loop, "claim") or "")
