"""Who gets in is asked with tokens that nobody logged in for, good ones and forged ones."""

from __future__ import annotations

import httpx
from fastapi import FastAPI

from examples.todo.tests.people import Person
from fastapi_jwtkit.testing.acting import acting_as
from fastapi_jwtkit.testing.tokens import FORGERIES, forge

SCOPES = ("tasks:read", "tasks:write", "tasks:admin")


async def test_everyones_tasks_want_the_scope_and_the_role(
    app: FastAPI, client: httpx.AsyncClient, ada: Person
) -> None:
    """One without the other is nothing; and a token of ada's finds hers."""
    task = await ada.make()
    async with acting_as(app, ada.id, scopes=["tasks:admin"]):
        assert (await client.get("/api/v1/admin/tasks")).status_code == 403
    async with acting_as(app, ada.id, scopes=["tasks:read"], roles=["admin"]):
        assert (await client.get("/api/v1/admin/tasks")).status_code == 403
        assert (await client.get(f"/api/v1/tasks/{task['id']}")).json() == task
    async with acting_as(app, ada.id, scopes=["tasks:admin"], roles=["admin"]):
        assert (await client.get("/api/v1/admin/tasks")).json()["items"] == [task]


async def test_no_forged_token_lists_tasks(app: FastAPI, client: httpx.AsyncClient) -> None:
    """Each would, but for its flaw."""
    for name in FORGERIES:
        token = forge(app, name, scopes=SCOPES, roles=["admin"])
        headers = {"Authorization": f"Bearer {token}"}
        answers = [
            await client.get(f"/api/v1{path}", headers=headers)
            for path in ("/tasks", "/admin/tasks")
        ]
        assert [answer.status_code for answer in answers] == [401, 401], name
