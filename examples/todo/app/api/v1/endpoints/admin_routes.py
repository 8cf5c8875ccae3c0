"""``/admin``: what only admins see."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from examples.todo.app.api.v1.deps.auth import Admin
from examples.todo.app.api.v1.deps.db import Tasks
from examples.todo.app.api.v1.errors import describe
from examples.todo.app.schemas.task import AdminTaskQuery, TaskPage

__all__ = ["router"]

router = APIRouter(prefix="/admin", tags=["admin"], responses=describe(503))


@router.get(
    "/tasks",
    operation_id="list_everyones_tasks",
    summary="List everyone's tasks",
)
async def list_everyones_tasks(
    principal: Admin, tasks: Tasks, query: Annotated[AdminTaskQuery, Query()]
) -> TaskPage:
    """Return a page of all tasks, or of one owner's. Reading only."""
    owner = None if query.owner_id is None else str(query.owner_id)
    page = await tasks.list_everyones(principal, query, owner_id=owner)
    return TaskPage.model_validate(page, from_attributes=True)
