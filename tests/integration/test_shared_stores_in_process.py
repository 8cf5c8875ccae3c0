"""Kits on shared stores where nothing starts or stops them: each request finds them right."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from fastapi_jwtkit import JWTAuth, JWTKit, Settings
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from fastapi_jwtkit.stores.memory.users import MemoryUserStore
from shared_places import place_of
from sql_databases import sqlite_threads_ended
from web_kits import PASSWORD, bearer, make_settings

PERSON = {"username": "ann", "password": PASSWORD}

Send = Callable[..., Awaitable[Any]]
Way = Callable[[FastAPI], AbstractAsyncContextManager[Send]]


@dataclass
class Workers:
    """Applications on one store, as so many processes would make them."""

    settings: Settings
    users: MemoryUserStore = field(default_factory=MemoryUserStore)
    kits: list[JWTKit] = field(default_factory=list)

    def hire(self) -> FastAPI:
        """Return the application of one more worker."""
        kit = JWTKit(self.settings, users=self.users, hasher=PasslibHasher.cheap_for_tests())
        self.kits.append(kit)
        app = FastAPI()
        JWTAuth(kit).install(app)
        return app


@pytest.fixture(params=["valkey", "sqlite", "postgresql"])
def workers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workers]:
    """Return an employer of workers on a store of each kind, which holds nothing yet."""
    with place_of(request.param, request, tmp_path) as place:
        yield Workers(make_settings(store_url=place.store_url, realm=place.realm))


@asynccontextmanager
async def bare_client(app: FastAPI) -> AsyncIterator[Send]:
    """Without ``with``: no lifespan, and an event loop of its own for each request."""
    client = TestClient(app)

    async def send(method: str, path: str, **request: Any) -> Any:
        return client.request(method, path, **request)

    yield send


@asynccontextmanager
async def asgi_transport(app: FastAPI) -> AsyncIterator[Send]:
    """No lifespan, in the event loop of the test."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client.request


@asynccontextmanager
async def mounted(app: FastAPI) -> AsyncIterator[Send]:
    """The lifespan of the app around it alone, in one event loop beside that of the test."""
    outer = FastAPI()
    outer.mount("/v1", app)
    with TestClient(outer) as client:

        async def send(method: str, path: str, **request: Any) -> Any:
            return client.request(method, f"/v1{path}", **request)

        yield send


async def log_in(send: Send) -> dict[str, Any]:
    """Register, and return the tokens of a login."""
    user = await send("POST", "/auth/register", json=PERSON)
    assert user.status_code == 201, user.text
    answer = await send("POST", "/auth/login", json=PERSON)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


async def call(send: Send, tokens: dict[str, Any]) -> int:
    """Return how a guarded route answers, to a client that comes again after a 503.

    Each loop begins with a new connection, and a busy machine may need longer for it than
    a request waits.
    """
    async with asyncio.timeout(20):
        while True:
            answer = await send("GET", "/auth/me", headers=bearer(tokens["access_token"]))
            if answer.status_code != 503:
                status: int = answer.status_code
                return status
            assert "retry-after" in answer.headers
            await asyncio.sleep(0.05)


async def logout_is_heard(here: Send, there: Send) -> None:
    """Log in at one worker, pass at the other, log out at the first; then nothing passes."""
    tokens = await log_in(here)
    assert [await call(send, tokens) for send in (here, there)] == [200, 200]
    answer = await there("POST", "/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert answer.status_code == 200, answer.text
    pair = answer.json()
    out = await here("POST", "/auth/logout", headers=bearer(pair["access_token"]))
    assert out.status_code == 204, out.text
    assert await call(here, tokens) == 401
    async with asyncio.timeout(20):
        while await call(there, pair) != 401:  # noqa: ASYNC110 - the other has to hear of it
            await asyncio.sleep(0.01)
    assert await call(there, tokens) == 401
    grant = {"refresh_token": pair["refresh_token"]}
    assert (await there("POST", "/auth/refresh", json=grant)).json()["error"] == "invalid_grant"


async def left_behind(workers: Workers) -> set[str]:
    """Stop the kits, and return the tasks of any event loop and the threads that go on."""
    for kit in workers.kits:
        await kit.stop()
    await sqlite_threads_ended()
    gc.collect()
    # By its type: a lazy object of some library loads what it stands for when asked what it is.
    tasks = [thing for thing in gc.get_objects() if issubclass(type(thing), asyncio.Task)]
    mine = asyncio.current_task()
    names = {task.get_name() for task in tasks if task is not mine and not task.done()}
    return names | {t.name for t in threading.enumerate() if "_connection_worker" in t.name}


WAYS = [bare_client, asgi_transport, mounted]


@pytest.mark.parametrize("way", WAYS)
async def test_a_logout_is_heard_though_nothing_was_started(
    workers: Workers, way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    """Tables are made and feeds are followed at first use; no task outlives its event loop."""
    async with way(workers.hire()) as here, way(workers.hire()) as there:
        await logout_is_heard(here, there)
    assert await left_behind(workers) == set()
    assert [record for record in caplog.records if record.name == "asyncio"] == []


@pytest.mark.parametrize(("one", "other"), [(WAYS[0], WAYS[1]), (WAYS[1], WAYS[2])])
async def test_one_application_serves_two_event_loops(
    workers: Workers, one: Way, other: Way, caplog: pytest.LogCaptureFixture
) -> None:
    """One after the other and in turns: each loop has connections of its own."""
    app = workers.hire()
    async with one(app) as here, other(app) as there:
        await logout_is_heard(here, there)
    assert await left_behind(workers) == set()
    assert [record for record in caplog.records if record.name == "asyncio"] == []
