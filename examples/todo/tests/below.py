"""The application below the web, for tests."""

from __future__ import annotations

from dataclasses import dataclass

from examples.todo.app.core.database import Database
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
