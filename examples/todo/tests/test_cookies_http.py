"""The application with cookies beside bearer tokens: one setting, the same routes."""

from __future__ import annotations

import httpx
import pytest

from examples.todo.app.core.config import TodoSettings
from examples.todo.app.main import create_app
from examples.todo.tests.people import PASSWORD

CSRF = "__Host-jwtkit-csrf"


@pytest.mark.std(85)
async def test_a_page_keeps_its_tasks_by_cookie(settings: TodoSettings) -> None:
    """Log in, make a task with the CSRF token and none without, log out."""
    chosen = settings.model_copy(update={"transports": ("bearer", "cookie")})
    app = create_app(chosen)
    person = {"username": "ada", "password": PASSWORD}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="https://todo.test"
        ) as page,
    ):
        assert (await page.post("/auth/register", json=person)).status_code == 201
        answer = await page.post("/auth/login", json={**person, "transport": "cookie"})
        assert answer.json()["token_type"] == "cookie"
        token = {"X-CSRF-Token": page.cookies[CSRF]}
        task = {"title": "milk"}
        made = await page.post("/api/v1/tasks", json=task, headers=token)
        assert made.status_code == 201
        forged = await page.post("/api/v1/tasks", json=task)
        assert (forged.status_code, forged.json()["error_code"]) == (403, "csrf_failed")
        assert len((await page.get("/api/v1/tasks")).json()["items"]) == 1
        assert (await page.post("/auth/logout", headers=token)).status_code == 204
        assert (await page.get("/api/v1/tasks")).status_code == 401
        assert list(page.cookies) == []


def test_the_transports_come_from_one_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bearer alone where nothing is said."""
    assert TodoSettings().transports == ("bearer",)
    monkeypatch.setenv("TODO_TRANSPORTS", "cookie,bearer")
    assert TodoSettings().transports == ("cookie", "bearer")
