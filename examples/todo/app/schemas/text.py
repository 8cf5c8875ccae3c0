"""Types of text and time that requests hold, checked to the last character."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints

__all__ = [
    "DescriptionText",
    "DisplayName",
    "SearchText",
    "Tag",
    "TitleText",
    "UtcTime",
    "fold",
    "parse_time",
]

# RFC 3339 5.6. Pydantic alone would also read the number 1700000000 as a time.
_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_LINE_BREAKS = frozenset("\t\n\r")


def fold(text: str) -> str:
    """Return text as search and sort compare it: without case, composed."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def parse_time(value: object) -> datetime:
    """Return a time written as RFC 3339 has it, in UTC.

    Raises:
        ValueError: another format, no zone, or a time that is out of range in UTC.
    """
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        message = "must be a time with its zone, such as 2030-01-31T09:00:00+01:00"
        raise ValueError(message)
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except OverflowError:
        message = "is out of range in UTC"
        raise ValueError(message) from None


def _one_line(text: str) -> str:
    text = text.strip()
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text):
        message = "must not hold control characters or line breaks"
        raise ValueError(message)
    if not any(unicodedata.category(character)[0] not in "CZ" for character in text):
        message = "must hold something that can be seen"
        raise ValueError(message)
    return text


def _many_lines(text: str) -> str:
    # A lone surrogate (Cs) is legal in JSON and cannot be stored; NUL ends a C string.
    if any(
        unicodedata.category(character) in {"Cc", "Cs"} and character not in _LINE_BREAKS
        for character in text
    ):
        message = "must not hold control characters"
        raise ValueError(message)
    return text


def _canonical_tag(text: str) -> str:
    folded = unicodedata.normalize("NFKC", _one_line(text)).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def _normalised(normalise: Callable[[str], str], *, at_most: int) -> AfterValidator:
    # One validator for both steps: pydantic before 2.11 keeps only the last of its kind
    # where a field has a default. The length is that of the result, which may be longer
    # than what was sent.
    def check(text: str) -> str:
        result = normalise(text)
        if len(result) > at_most:
            message = f"must have at most {at_most} characters"
            raise ValueError(message)
        return result

    return AfterValidator(check)


def _length(most: int, least: int = 0) -> dict[str, int]:
    return {"minLength": least, "maxLength": most} if least else {"maxLength": most}


TitleText = Annotated[
    str,
    _normalised(_one_line, at_most=200),
    Field(json_schema_extra=_length(200, 1), examples=["Water the plants"]),
]
# StringConstraints rather than Field: pydantic before 2.11 writes a default into a shared Field.
DescriptionText = Annotated[str, StringConstraints(max_length=10_000), AfterValidator(_many_lines)]
SearchText = Annotated[str, StringConstraints(max_length=200), AfterValidator(_many_lines)]
DisplayName = Annotated[
    str,
    _normalised(_one_line, at_most=100),
    Field(json_schema_extra=_length(100, 1)),
]
Tag = Annotated[
    str,
    _normalised(_canonical_tag, at_most=50),
    Field(json_schema_extra=_length(50, 1), examples=["home"]),
]
UtcTime = Annotated[
    AwareDatetime,
    BeforeValidator(parse_time),
    Field(examples=["2030-01-31T09:00:00+01:00"]),
]
