"""What the tests of the todo application share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from endings import ends_in_good_order as ends_in_good_order  # noqa: PLC0414 - for all
from examples.todo.app.core.config import TodoSettings
from examples.todo.app.core.database import Database
from examples.todo.app.main import create_app
from examples.todo.app.services.task_service import TaskService
from examples.todo.app.services.user_store import SqlUserStore
from examples.todo.tests.below import Services
from examples.todo.tests.people import Person, arrive
from valkey_server import valkey as valkey  # noqa: PLC0414 - likewise


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    """Return the services over an empty database in a file."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'todo.db'}")
    await database.create_tables()
    try:
        yield Services(
            database=database,
            users=SqlUserStore(database.sessions),
            tasks=TaskService(database.sessions),
        )
    finally:
        await database.close()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TodoSettings:
    """Return the settings of an application that lives in a directory of its own."""
    monkeypatch.setenv("JWTKIT_ENV", "dev")
    monkeypatch.setenv("JWTKIT_DEV_DIRECTORY", str(tmp_path / "keys"))
    return TodoSettings(database_url=f"sqlite+aiosqlite:///{tmp_path / 'app.db'}")


@pytest.fixture
async def app(settings: TodoSettings) -> AsyncIterator[FastAPI]:
    """Return the application, started."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client without a token."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://todo.test") as client:
        yield client


@pytest.fixture
async def ada(app: FastAPI, client: httpx.AsyncClient) -> Person:
    """Return somebody with an account."""
    return await arrive(app, client, "ada")


@pytest.fixture
async def eve(app: FastAPI, client: httpx.AsyncClient) -> Person:
    """Return somebody else."""
    return await arrive(app, client, "eve")


@pytest.fixture
async def admin(app: FastAPI, client: httpx.AsyncClient) -> Person:
    """Return an admin."""
    person = await arrive(app, client, "root")
    await SqlUserStore(app.state.database.sessions).make_admin(person.id)
    return await person.narrowed()
