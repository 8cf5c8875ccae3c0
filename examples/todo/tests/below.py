"""The application below the web, for tests."""

from __future__ import annotations

from dataclasses import dataclass

from examples.todo.app.core.database import Database
from examples.todo.app.schemas.task import TaskChanges, TaskContent, TaskQuery
from examples.todo.app.services.task_service import TaskService
from examples.todo.app.services.user_store import SqlUserStore
from fastapi_jwtkit import Principal
from fastapi_jwtkit.records import NewUser


@dataclass(frozen=True)
class Services:
    """A database and what works on it."""

    database: Database
    users: SqlUserStore
    tasks: TaskService

    async def person(self, login: str, *roles: str) -> Principal:
        """Store an account and return who it is to a service."""
        user = await self.users.add(
            NewUser(login=login, password_hash="x", scopes=frozenset({"tasks:read"}))
        )
        return Principal(subject=user.id, scopes=user.scopes, roles=frozenset(roles))


def content(title: str = "A task", **fields: object) -> TaskContent:
    """Return what a person says about a task."""
    return TaskContent.model_validate({"title": title, **fields})


def changes(**fields: object) -> TaskChanges:
    """Return what a person changes about a task."""
    return TaskChanges.model_validate(fields)


async def titles(services: Services, who: Principal, **query: object) -> list[str]:
    """Return the titles of a whole list, page by page."""
    found: list[str] = []
    cursor = None
    while True:
        page = await services.tasks.list(
            who, TaskQuery.model_validate({"limit": 2, **query, "cursor": cursor})
        )
        found += [task.title for task in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return found
