"""``/tasks``: a person's own tasks."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response, status

from examples.todo.app.api.v1.deps.auth import Reader, Writer
from examples.todo.app.api.v1.deps.db import Tasks
from examples.todo.app.api.v1.deps.preconditions import (
    Expected,
    ExpectedAlways,
    IfNoneMatch,
    etag,
    is_unchanged,
)
from examples.todo.app.api.v1.errors import describe
from examples.todo.app.models import Task
from examples.todo.app.schemas.task import (
    TaskChanges,
    TaskContent,
    TaskOut,
    TaskPage,
    TaskQuery,
)

__all__ = ["router"]

router = APIRouter(prefix="/tasks", tags=["tasks"], responses=describe(503))

TaskId = Annotated[UUID, Path(description="Id of the task.")]

_ETAG = {"headers": {"ETag": {"schema": {"type": "string"}, "description": "Its version."}}}
_LOCATED = {
    "headers": {
        **_ETAG["headers"],
        "Location": {"schema": {"type": "string"}, "description": "Path of the task."},
    }
}
# A stored copy may be used only after asking whether it still holds (RFC 9111 5.2.2.4).
_ASK_FIRST = "private, no-cache"


@router.get("", operation_id="list_tasks", summary="List your tasks")
async def list_tasks(
    principal: Reader, tasks: Tasks, query: Annotated[TaskQuery, Query()]
) -> TaskPage:
    """Return a page of your tasks, filtered and sorted; follow `next_cursor` for the rest."""
    page = await tasks.list(principal, query)
    return TaskPage.model_validate(page, from_attributes=True)


@router.post(
    "",
    operation_id="create_task",
    summary="Create a task",
    status_code=status.HTTP_201_CREATED,
    responses={201: _LOCATED},
)
async def create_task(
    principal: Writer, tasks: Tasks, content: TaskContent, request: Request, response: Response
) -> TaskOut:
    """Store a new task of yours."""
    task = await tasks.create(principal, content)
    response.headers["Location"] = f"{request.url.path}/{task.id}"
    return _answer(task, response)


@router.get(
    "/{task_id}",
    operation_id="read_task",
    summary="Read a task",
    response_model=TaskOut,
    responses={
        200: _ETAG,
        304: {"description": "You hold the present version."},
        **describe(404),
    },
)
async def read_task(
    principal: Reader,
    tasks: Tasks,
    task_id: TaskId,
    response: Response,
    if_none_match: IfNoneMatch = None,
) -> TaskOut | Response:
    """Return one task of yours; somebody else's is not there."""
    task = await tasks.find(principal, str(task_id))
    if is_unchanged(task, if_none_match):
        headers = {"ETag": etag(task), "Cache-Control": _ASK_FIRST}
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    return _answer(task, response)


@router.put(
    "/{task_id}",
    operation_id="replace_task",
    summary="Replace a task",
    responses={200: _ETAG, **describe(404, 412, 428)},
)
async def replace_task(
    principal: Writer,
    tasks: Tasks,
    task_id: TaskId,
    content: TaskContent,
    expected: ExpectedAlways,
    response: Response,
) -> TaskOut:
    """Replace everything you say about a task: what is left out returns to its default.

    Needs `If-Match`: without it the answer is 428.
    """
    return _answer(
        await tasks.replace(principal, str(task_id), content, expected=expected), response
    )


@router.patch(
    "/{task_id}",
    operation_id="change_task",
    summary="Change a task",
    responses={200: _ETAG, **describe(404, 412)},
)
async def change_task(
    principal: Writer,
    tasks: Tasks,
    task_id: TaskId,
    changes: TaskChanges,
    expected: Expected,
    response: Response,
) -> TaskOut:
    """Change the fields that you send and leave the others."""
    return _answer(
        await tasks.change(principal, str(task_id), changes, expected=expected), response
    )


@router.delete(
    "/{task_id}",
    operation_id="delete_task",
    summary="Delete a task",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=describe(404, 412),
)
async def delete_task(principal: Writer, tasks: Tasks, task_id: TaskId, expected: Expected) -> None:
    """Delete a task for good."""
    await tasks.remove(principal, str(task_id), expected=expected)


@router.post(
    "/{task_id}/complete",
    operation_id="complete_task",
    summary="Complete a task",
    responses={200: _ETAG, **describe(404, 412)},
)
async def complete_task(
    principal: Writer, tasks: Tasks, task_id: TaskId, expected: Expected, response: Response
) -> TaskOut:
    """Mark a task as done; one that is done stays as it is."""
    return _answer(await tasks.complete(principal, str(task_id), expected=expected), response)


def _answer(task: Task, response: Response) -> TaskOut:
    response.headers["ETag"] = etag(task)
    response.headers["Cache-Control"] = _ASK_FIRST
    return TaskOut.model_validate(task)
