"""Services over the application's database."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from examples.todo.app.core.database import Database
from examples.todo.app.services.profile_service import ProfileService
from examples.todo.app.services.task_service import TaskService

__all__ = ["Profiles", "Tasks"]


# ``async`` although nothing is awaited: FastAPI would send a plain function to a thread.
async def _tasks(request: Request) -> TaskService:
    return TaskService(_database(request).sessions)


async def _profiles(request: Request) -> ProfileService:
    return ProfileService(_database(request).sessions)


def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


Tasks = Annotated[TaskService, Depends(_tasks)]
Profiles = Annotated[ProfileService, Depends(_profiles)]
