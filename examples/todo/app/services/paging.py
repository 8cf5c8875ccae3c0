"""Keyset pagination: a page starts after a position, not after a number of rows.

So a page never skips or repeats a task because others came or went in between, and
the last page costs no more than the first.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_
from sqlalchemy.orm import InstrumentedAttribute

from examples.todo.app.models import Priority, Task
from examples.todo.app.schemas.task import TaskSort
from examples.todo.app.schemas.text import parse_time
from examples.todo.app.services.errors import InvalidCursorError

__all__ = ["Position", "after", "order", "read_cursor", "write_cursor"]

CURSOR_VERSION = 1

Value = str | datetime | Priority | None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: the sorted value of its last task, and its id to break ties."""

    value: Value
    task_id: str


def order(sort: TaskSort) -> list[ColumnElement[Any]]:
    """Return the ORDER BY of a sort: total, because the id comes last."""
    column: InstrumentedAttribute[object] = _column(sort)
    direction = column.desc() if sort.descending else column.asc()
    # Databases disagree on where NULL sorts, so it is said: at the end, either way round.
    nulls_last = [column.is_(None)] if _nullable(sort) else []
    return [*nulls_last, direction, Task.id.asc()]


def after(sort: TaskSort, position: Position) -> ColumnElement[bool]:
    """Return the condition that holds for whatever sorts after the position."""
    column: InstrumentedAttribute[object] = _column(sort)
    later_id = Task.id > position.task_id
    if position.value is None:
        return and_(column.is_(None), later_id)
    beyond = column < position.value if sort.descending else column > position.value
    nulls = column.is_(None) if _nullable(sort) else false()
    return or_(beyond, and_(column == position.value, later_id), nulls)


def write_cursor(sort: TaskSort, last: Task) -> str:
    """Return the cursor of the page that comes after ``last``.

    It is opaque but no secret: it holds nothing that the page did not show, and the
    conditions on the owner stand beside it in the query.
    """
    value = getattr(last, _column(sort).key)
    text = value.isoformat() if isinstance(value, datetime) else value
    raw = json.dumps([CURSOR_VERSION, sort, text, last.id], ensure_ascii=False)
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def read_cursor(text: str, sort: TaskSort) -> Position:
    """Return the position that a cursor names.

    Raises:
        InvalidCursorError: it was not written by ``write_cursor`` for this sort.
    """
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        raw = base64.b64decode(padded, altchars=b"-_", validate=True)
        version, written_for, value, task_id = json.loads(raw)
        if (version, written_for) != (CURSOR_VERSION, sort.value):
            raise InvalidCursorError
        return Position(_value(sort, value), str(UUID(task_id)))
    except (ValueError, TypeError, AttributeError, RecursionError, binascii.Error):
        raise InvalidCursorError from None


def _value(sort: TaskSort, value: object) -> Value:
    if value is None and _nullable(sort):
        return None
    if not isinstance(value, str):
        raise InvalidCursorError
    if sort.field == "priority":
        return Priority(value)
    if sort.field != "title":
        return parse_time(value)
    value.encode()  # a lone surrogate, which JSON can hold and no database takes
    return value


def _column(sort: TaskSort) -> InstrumentedAttribute[object]:
    name = "title_folded" if sort.field == "title" else sort.field
    column: InstrumentedAttribute[object] = getattr(Task, name)
    return column


def _nullable(sort: TaskSort) -> bool:
    return sort.field == "due_at"
