"""ETags and the conditions that clients put on them (RFC 9110 8.8.3, 13.1)."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Header

from examples.todo.app.models import Task
from examples.todo.app.services.errors import PreconditionRequiredError
from examples.todo.app.services.task_service import Versions

__all__ = ["Expected", "ExpectedAlways", "IfNoneMatch", "etag", "is_unchanged"]

# RFC 9110 8.8.3: entity-tag = [ %s"W/" ] DQUOTE *etagc DQUOTE
_ENTITY_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_VERSION = re.compile(r"[1-9]\d{0,17}", re.ASCII)
_ANY = "*"


def etag(task: Task) -> str:
    """Return the strong entity tag of a task."""
    return f'"{task.version}"'


def is_unchanged(task: Task, if_none_match: str | None) -> bool:
    """Say whether the client already has this version: weak comparison (RFC 9110 13.1.2)."""
    if if_none_match is None:
        return False
    tags = {value for _, value in _ENTITY_TAG.findall(if_none_match)}
    return if_none_match.strip() == _ANY or str(task.version) in tags


async def _expected(
    if_match: Annotated[
        str | None,
        Header(description="ETag of the version that you have seen.", examples=['"1"']),
    ] = None,
) -> Versions:
    if if_match is None or if_match.strip() == _ANY:
        return None
    # Strong comparison: a weak tag never matches (RFC 9110 13.1.1). What cannot be read
    # matches nothing either, so the write is refused rather than done unconditionally.
    strong = {value for weak, value in _ENTITY_TAG.findall(if_match) if not weak}
    return frozenset(int(value) for value in strong if _VERSION.fullmatch(value))


async def _expected_always(
    expected: Annotated[Versions, Depends(_expected)],
    if_match: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Versions:
    if if_match is None:
        raise PreconditionRequiredError
    return expected


Expected = Annotated[Versions, Depends(_expected)]
"""Versions at which a write may happen; without ``If-Match``: at any."""

ExpectedAlways = Annotated[Versions, Depends(_expected_always)]
"""The same, and ``If-Match`` must be there."""

IfNoneMatch = Annotated[
    str | None, Header(description="ETag of the version that you hold.", examples=['"1"'])
]
