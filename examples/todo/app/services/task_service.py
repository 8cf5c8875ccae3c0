"""Tasks: create, read, list, change, complete and remove one's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, delete, exists, or_, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from examples.todo.app.models import Task, TaskStatus, TaskTag
from examples.todo.app.models.table import utc_now
from examples.todo.app.schemas.task import TaskChanges, TaskContent, TaskQuery
from examples.todo.app.schemas.text import fold
from examples.todo.app.services import paging
from examples.todo.app.services.errors import (
    PreconditionFailedError,
    TaskNotFoundError,
)
from examples.todo.app.services.ownership import is_admin, is_owner, owned_by
from fastapi_jwtkit import Principal
from fastapi_jwtkit.errors import InvalidTokenError

__all__ = ["Page", "TaskService", "Versions"]

Versions = frozenset[int] | None
"""Versions at which a write may happen; ``None``: at any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of tasks and the cursor of the next."""

    items: Sequence[Task]
    next_cursor: str | None


class TaskService:
    """What can be done with tasks.

    Each method is one transaction, over before its answer is sent. A write is one
    conditional statement: whether it may happen is decided where it happens, so that of
    many writers with the same version exactly one wins.

    Args:
        sessions: makes database sessions.
        now: tells the time.
    """

    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        *,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._sessions = sessions
        self._now = now

    async def create(self, principal: Principal, content: TaskContent) -> Task:
        """Store a new task.

        Raises:
            InvalidTokenError: the account behind the token does not exist.
        """
        now = self._now()
        task = Task(
            **_columns(content.model_dump(exclude={"status", "tags"})),
            owner_id=principal.subject,
            status=content.status,
            completed_at=now if content.status is TaskStatus.DONE else None,
            created_at=now,
            updated_at=now,
            tag_rows=_tag_rows(content.tags),
        )
        try:
            async with self._sessions.begin() as session:
                session.add(task)
        except IntegrityError:
            # The only constraint that a new task can break is its owner's foreign key.
            raise InvalidTokenError("account_gone") from None
        return task

    async def find(self, principal: Principal, task_id: str) -> Task:
        """Return one task.

        Raises:
            TaskNotFoundError: there is none, or it is somebody else's.
        """
        async with self._sessions() as session:
            return await _read(session, principal, task_id)

    async def list(self, principal: Principal, query: TaskQuery) -> Page:
        """Return one page of the person's own tasks.

        Raises:
            InvalidCursorError: the cursor is not one of this list.
        """
        return await self._page(owned_by(principal), query)

    async def list_everyones(
        self, principal: Principal, query: TaskQuery, *, owner_id: str | None
    ) -> Page:
        """Return one page of all tasks, or of one owner's.

        Raises:
            AccessDeniedError: the person is no admin.
            InvalidCursorError: the cursor is not one of this list.
        """
        is_admin.enforce(principal)
        return await self._page(true() if owner_id is None else Task.owner_id == owner_id, query)

    async def replace(
        self, principal: Principal, task_id: str, content: TaskContent, *, expected: Versions
    ) -> Task:
        """Replace everything a person says about a task.

        Raises:
            TaskNotFoundError: there is none, or it is somebody else's.
            PreconditionFailedError: it is at none of the expected versions.
        """
        return await self._write(principal, task_id, content.model_dump(), expected=expected)

    async def change(
        self, principal: Principal, task_id: str, changes: TaskChanges, *, expected: Versions
    ) -> Task:
        """Change the fields that were sent; raises as ``replace`` does."""
        sent = changes.model_dump(exclude_unset=True)
        return await self._write(principal, task_id, sent, expected=expected)

    async def complete(self, principal: Principal, task_id: str, *, expected: Versions) -> Task:
        """Mark a task as done; one that is done stays as it is. Raises as ``replace`` does."""
        async with self._sessions.begin() as session:
            statement = (
                update(Task)
                .where(*_target(principal, task_id, expected), Task.status != TaskStatus.DONE)
                .values(**self._touched({"status": TaskStatus.DONE}))
            )
            if await session.scalar(statement.returning(Task.id)) is None:
                return await _explain(session, principal, task_id, expected)
            return await _read(session, principal, task_id)

    async def remove(self, principal: Principal, task_id: str, *, expected: Versions) -> None:
        """Delete a task; raises as ``replace`` does."""
        async with self._sessions.begin() as session:
            statement = delete(Task).where(*_target(principal, task_id, expected))
            if await session.scalar(statement.returning(Task.id)) is None:
                await _explain(session, principal, task_id, expected)

    async def _write(
        self,
        principal: Principal,
        task_id: str,
        fields: Mapping[str, object],
        *,
        expected: Versions,
    ) -> Task:
        tags = fields.get("tags")
        columns = {name: value for name, value in fields.items() if name != "tags"}
        async with self._sessions.begin() as session:
            # The update comes first: it takes the lock under which the rest is read.
            statement = update(Task).where(*_target(principal, task_id, expected))
            statement = statement.values(**self._touched(columns))
            if await session.scalar(statement.returning(Task.id)) is None:
                await _explain(session, principal, task_id, expected)
            if isinstance(tags, list):
                await session.execute(delete(TaskTag).where(TaskTag.task_id == task_id))
                session.add_all(_tag_rows(tags, task_id=task_id))
                await session.flush()
            return await _read(session, principal, task_id)

    def _touched(self, fields: Mapping[str, object]) -> dict[str, object]:
        now = self._now()
        columns = _columns(fields) | {"updated_at": now, "version": Task.version + 1}
        if "status" in fields:
            # A task that already was done keeps the time at which it became so.
            keep = case((Task.status == TaskStatus.DONE, Task.completed_at), else_=now)
            columns["completed_at"] = keep if fields["status"] is TaskStatus.DONE else None
        return columns

    async def _page(self, whose: ColumnElement[bool], query: TaskQuery) -> Page:
        statement = select(Task).where(whose, *_filters(query)).order_by(*paging.order(query.sort))
        if query.cursor is not None:
            position = paging.read_cursor(query.cursor, query.sort)
            statement = statement.where(paging.after(query.sort, position))
        async with self._sessions() as session:
            rows = (await session.scalars(statement.limit(query.limit + 1))).all()
        items = rows[: query.limit]
        more = len(rows) > query.limit
        return Page(
            items=items,
            next_cursor=paging.write_cursor(query.sort, items[-1]) if more else None,
        )


def _columns(fields: Mapping[str, object]) -> dict[str, object]:
    folded = {
        f"{name}_folded": fold(value)
        for name in ("title", "description")
        if isinstance(value := fields.get(name), str)
    }
    return {**fields, **folded}


def _tag_rows(tags: Sequence[str], *, task_id: str | None = None) -> list[TaskTag]:
    owner = {} if task_id is None else {"task_id": task_id}
    return [TaskTag(tag=tag, position=position, **owner) for position, tag in enumerate(tags)]


def _target(
    principal: Principal, task_id: str, expected: Versions
) -> Sequence[ColumnElement[bool]]:
    mine = (Task.id == task_id, owned_by(principal))
    return mine if expected is None else (*mine, Task.version.in_(expected))


def _filters(query: TaskQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.status:
        conditions.append(Task.status.in_(query.status))
    if query.priority is not None:
        conditions.append(Task.priority == query.priority)
    if query.tag is not None:
        tagged = and_(TaskTag.task_id == Task.id, TaskTag.tag == query.tag)
        conditions.append(exists().where(tagged))
    if query.due_after is not None:
        conditions.append(Task.due_at >= query.due_after)
    if query.due_before is not None:
        conditions.append(Task.due_at < query.due_before)
    if needle := fold(query.q.strip()):
        # ``autoescape`` keeps % and _ what they are: characters to look for.
        texts = (Task.title_folded, Task.description_folded)
        conditions.append(or_(*(text.contains(needle, autoescape=True) for text in texts)))
    return conditions


async def _read(session: AsyncSession, principal: Principal, task_id: str) -> Task:
    task = await session.scalar(select(Task).where(*_target(principal, task_id, None)))
    if task is None:
        raise TaskNotFoundError
    # The statement asked the same; a statement that is changed one day is still checked.
    is_owner.enforce(principal, task, or_raise=TaskNotFoundError())
    return task


async def _explain(
    session: AsyncSession, principal: Principal, task_id: str, expected: Versions
) -> Task:
    """Say why a conditional write touched nothing, or that there was nothing to do."""
    task = await _read(session, principal, task_id)
    if expected is not None and task.version not in expected:
        raise PreconditionFailedError
    return task
