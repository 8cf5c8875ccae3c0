"""What becomes of an account after it was made, over HTTP."""

from __future__ import annotations

import re

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select

from examples.todo.app.main import create_app
from examples.todo.app.models import Task, UserRow
from examples.todo.tests.people import PASSWORD, Person

NEW_PASSWORD = "another rather long one"
EMAIL = "ada@example.org"


async def log_in(client: httpx.AsyncClient, password: str) -> dict[str, str]:
    """Return the header of a new login."""
    answer = await client.post("/auth/login", json={"username": "ada", "password": password})
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@pytest.mark.spec("P-20", "P-22")
async def test_a_password_that_was_forgotten_is_reset_by_the_printed_mail(
    app: FastAPI, client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """And every login with the old one is over."""
    body = {"username": "ada", "password": PASSWORD, "email": EMAIL}
    assert (await client.post("/auth/register", json=body)).status_code == 201
    headers = await log_in(client, PASSWORD)
    assert (await client.post("/auth/password/forgot", json={"email": EMAIL})).status_code == 202
    await app.state.kit.accounts.drain()
    link = re.search(r"/reset-password#token=(\S+)", capsys.readouterr().err)
    assert link is not None
    reset = {"token": link[1], "password": NEW_PASSWORD}
    assert (await client.post("/auth/password/reset", json=reset)).status_code == 204
    assert (await client.get("/api/v1/tasks", headers=headers)).status_code == 401
    new = await log_in(client, NEW_PASSWORD)
    assert (await client.get("/api/v1/tasks", headers=new)).status_code == 200


@pytest.mark.spec("P-21")
async def test_tasks_go_with_their_owner(
    app: FastAPI, client: httpx.AsyncClient, eve: Person
) -> None:
    """And nobody else's."""
    body = {"username": "ada", "password": PASSWORD}
    await client.post("/auth/register", json=body)
    headers = await log_in(client, PASSWORD)
    for title in ("one", "two"):
        await client.post("/api/v1/tasks", json={"title": title, "tags": ["a"]}, headers=headers)
    await eve.make()
    answer = await client.post("/auth/account/delete", json={"password": PASSWORD}, headers=headers)
    assert answer.status_code == 204
    async with app.state.database.sessions() as session:
        owners = (await session.scalars(select(Task.owner_id))).all()
        assert owners == [eve.id]
        assert await session.scalar(select(func.count()).select_from(UserRow)) == 1


@pytest.mark.spec("P-22")
@pytest.mark.usefixtures("settings")
async def test_nothing_writes_to_people_in_production_without_a_mailer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No route asks for a mail that nobody would send."""
    monkeypatch.setenv("JWTKIT_ENV", "prod")
    monkeypatch.setenv("JWTKIT_ISSUER", "https://todo.example")
    paths = create_app().openapi()["paths"]
    assert "/auth/password/change" in paths
    assert not any("forgot" in path or "email" in path for path in paths)
    assert capsys.readouterr().err == ""
