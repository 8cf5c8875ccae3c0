"""Where the sessions of the application live, and whether it can reach them."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from pydantic import SecretStr

from examples.todo.app.core.config import TodoSettings, kit_settings
from examples.todo.app.core.database import Database
from examples.todo.app.core.security import shown_store
from examples.todo.app.main import create_app
from valkey_server import ValkeyServer

FILE = "sqlite+aiosqlite:///./todo.db"


@pytest.mark.spec("P-17")
@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    ("store_url", "shown"),
    [
        ("redis://ada:hunter2@cache:6379/0", "redis://cache:6379"),
        ("rediss+cluster://:hunter2@a:1,b:2", "rediss+cluster://a:1,b:2"),
        ("redis+sentinel://a:1,b:2/main?sentinel_password=hunter2", "redis+sentinel://a:1,b:2"),
        ("postgresql+asyncpg://ada:hunter2@db/auth", "postgresql+asyncpg://db"),
        ("postgresql+asyncpg://db/auth?password=hunter2", "postgresql+asyncpg://db"),
        ("sqlite+aiosqlite:///./auth.db", "sqlite+aiosqlite:///./auth.db"),
    ],
)
def test_the_place_of_sessions_is_shown_without_a_password(store_url: str, shown: str) -> None:
    """Nor with anything else that is behind the host."""
    settings = kit_settings().model_copy(update={"store_url": SecretStr(store_url)})
    assert shown_store(settings, Database(FILE)) == shown


@pytest.mark.spec("P-16", "P-17")
@pytest.mark.usefixtures("settings")
# SQLAlchemy 2.1 says that it will choose another pool for the one with mode=memory.
@pytest.mark.filterwarnings("ignore:Selection of the StaticPool")
@pytest.mark.parametrize(
    ("database_url", "is_in_memory"),
    [
        (FILE, False),
        ("sqlite+aiosqlite:///file:todo.db?uri=true", False),
        ("sqlite+aiosqlite://", True),
        ("sqlite+aiosqlite:///:memory:", True),
        ("sqlite+aiosqlite:///file:todo?mode=memory&cache=shared&uri=true", True),
        ("postgresql+asyncpg://db/todo", False),
    ],
)
def test_sessions_are_where_the_database_is(database_url: str, *, is_in_memory: bool) -> None:
    """In memory with it, or for all workers."""
    database = Database(database_url)
    shown = shown_store(kit_settings(), database)
    assert database.is_in_memory is is_in_memory
    assert shown.startswith("in memory" if is_in_memory else "in the database")


@pytest.mark.spec("P-17")
async def test_an_application_whose_database_is_in_memory_keeps_sessions_there_too(
    settings: TodoSettings,
) -> None:
    """It works, for as long as the process does."""
    app = create_app(settings.model_copy(update={"database_url": "sqlite+aiosqlite://"}))
    transport = httpx.ASGITransport(app=app)
    account = {"username": "ada", "password": "correct horse battery staple"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://todo.test") as client,
    ):
        assert (await client.post("/auth/register", json=account)).status_code == 201
        pair = (await client.post("/auth/login", json=account)).json()
        token = {"Authorization": f"Bearer {pair['access_token']}"}
        assert (await client.get("/api/v1/tasks", headers=token)).status_code == 200


@pytest.mark.spec("P-19")
async def test_a_worker_is_not_ready_while_its_store_is_away(
    settings: TodoSettings, valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lives meanwhile, and is ready again without having been restarted."""
    monkeypatch.setenv("JWTKIT_STORE_URL", valkey.url)
    monkeypatch.setenv("JWTKIT_MAX_STALENESS", "0")
    app = create_app(settings)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://todo.test") as client,
    ):
        await becomes(client, 200)
        valkey.kill()
        body = await becomes(client, 503)
        assert (body["ready"], body["reason"]) == (False, "revocations_stale")
        assert (await client.get("/health")).status_code == 200
        valkey.start()
        body = await becomes(client, 200)
        assert (body["ready"], body["reason"]) == (True, "")


async def becomes(client: httpx.AsyncClient, status: int) -> dict[str, object]:
    """Wait until the probe answers so, and return what it says."""
    async with asyncio.timeout(30):
        while True:
            answer = await client.get("/health/ready")
            if answer.status_code == status:
                body: dict[str, object] = answer.json()
                return body
            await asyncio.sleep(0.02)
