"""People who call the application over HTTP."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import httpx
from fastapi import FastAPI

from examples.todo.app.core.database import Database
from examples.todo.app.services.ownership import DEFAULT_SCOPES
from examples.todo.app.services.user_store import SqlUserStore
from fastapi_jwtkit import JWTKit
from fastapi_jwtkit.records import NewUser

PASSWORD = "correct horse battery staple"
TASK_VERBS: list[tuple[str, str, object]] = [
    ("GET", "", None),
    ("PUT", "", {"title": "Mine"}),
    ("PATCH", "", {"title": "Mine"}),
    ("DELETE", "", None),
    ("POST", "/complete", None),
]
"""Each verb on one task: method, what follows its path, body; reading comes first."""


@dataclass(frozen=True)
class Person:
    """Somebody with an account and a token."""

    client: httpx.AsyncClient
    kit: JWTKit
    id: str
    token: str

    async def send(
        self, method: str, path: str, *, body: object = None, **headers: str
    ) -> httpx.Response:
        """Send a request with the token; ``if_match="…"`` becomes ``If-Match``."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent["Authorization"] = f"Bearer {self.token}"
        content = None
        if body is not None:
            sent["Content-Type"] = "application/json"
            content = json.dumps(body)  # ASCII: a lone surrogate travels as \ud800
        return await self.client.request(method, f"/api/v1{path}", content=content, headers=sent)

    async def make(self, title: str = "A task", **fields: object) -> dict[str, object]:
        """Create a task and return it."""
        response = await self.send("POST", "/tasks", body={"title": title, **fields})
        assert response.status_code == 201, response.text
        task: dict[str, object] = response.json()
        return task

    async def narrowed(self, scope: str | None = None) -> Person:
        """Return the same person with a new token, which may do less."""
        assert self.kit.users is not None
        user = await self.kit.users.find_by_id(self.id)
        assert user is not None
        scopes = None if scope is None else frozenset({scope})
        pair = await self.kit.open_session(user, amr=("pwd",), scopes=scopes)
        return replace(self, token=pair.access_token)


async def arrive(app: FastAPI, client: httpx.AsyncClient, login: str) -> Person:
    """Store an account and open its session by the kit: as a login does, without a password."""
    database: Database = app.state.database
    users = SqlUserStore(database.sessions)
    user = await users.add(NewUser(login=login, password_hash="", scopes=DEFAULT_SCOPES))
    return await Person(client=client, kit=app.state.kit, id=user.id, token="").narrowed()
