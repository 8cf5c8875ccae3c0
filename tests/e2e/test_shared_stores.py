"""Two workers on one store: what one of them did holds at the other."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from fastapi_jwtkit.records import Session
from fastapi_jwtkit.stores.from_url import stores_from_url
from server_processes import GUNICORN, UVICORN, Connections, ServerProcess, running
from shared_places import SERVED, Place, place_of
from web_kits import PASSWORD, bearer

CALLERS = 50
REVOKED = 'Bearer error="invalid_token"'
# Connections stay open however long a busy machine takes to send the next request.
TWO_WORKERS = (*UVICORN, "--workers", "2", "--timeout-keep-alive", "60", "served:app")
PRELOADED = (*GUNICORN, "--preload", "--workers", "2", "--keep-alive", "60", "served:app")
USED_BEFORE_THE_FORK = """

import asyncio


async def use() -> None:
    await auth.kit.start()
    assert await auth.kit.list_sessions("nobody") == []


asyncio.run(use())
"""
NOISE = ("Traceback", "Task was destroyed", "never awaited", "Warning", "Unclosed", "ERROR")

on_each_server = pytest.mark.parametrize("house", ["valkey", "postgresql"], indirect=True)
on_each_store = pytest.mark.parametrize(
    "house",
    ["valkey", "valkey_cluster", "valkey_sentinel", "postgresql", "sqlite"],
    indirect=True,
)


@dataclass(frozen=True)
class House:
    """A server of two workers, and where they keep their sessions."""

    place: Place
    server: ServerProcess


@pytest.fixture(scope="module")
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """Return a house on the kind of place that is the parameter, for all tests here."""
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "served.py").write_text(SERVED, "utf-8")
    with place_of(request.param, request, folder) as place:
        with running(folder, TWO_WORKERS, **place.environment) as server:
            yield House(place, server)
        assert "Traceback" not in server.output


async def log_in(client: httpx.AsyncClient, person: dict[str, str]) -> dict[str, Any]:
    """Register, unless that was done, and return the tokens of a login."""
    await client.post("/auth/register", json=person)
    answer = await client.post("/auth/login", json=person)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


def somebody() -> dict[str, str]:
    """Return the credentials of a person whom no other test knows."""
    return {"username": f"ann-{secrets.token_hex(8)}", "password": PASSWORD}


async def refresh(client: httpx.AsyncClient, tokens: dict[str, Any]) -> httpx.Response:
    """Spend the refresh token."""
    return await client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})


async def call(client: httpx.AsyncClient, tokens: dict[str, Any]) -> int:
    """Return how a guarded route answers."""
    answer = await client.get("/tasks", headers=bearer(tokens["access_token"]))
    if answer.status_code == 401:
        assert answer.headers["www-authenticate"] == REVOKED
    return answer.status_code


async def refused(client: httpx.AsyncClient, tokens: dict[str, Any]) -> None:
    """Wait until a worker has heard that the tokens are dead."""
    async with asyncio.timeout(20):
        while await call(client, tokens) != 401:  # noqa: ASYNC110 - another process decides
            await asyncio.sleep(0.01)


def one_each(connections: Connections) -> list[httpx.AsyncClient]:
    """Return a connection to each worker."""
    return [clients[0] for clients in connections.values()]


async def only_session(place: Place, client: httpx.AsyncClient, tokens: dict[str, Any]) -> Session:
    """Return the row of the only session, as the store has it."""
    me = await client.get("/auth/me", headers=bearer(tokens["access_token"]))
    stores = stores_from_url(place.store_url)
    try:
        [session] = await stores.sessions.list(place.realm, me.json()["id"])
    finally:
        await stores.close()
    return session


@on_each_server
async def test_fifty_refreshes_of_one_token_at_two_workers_have_one_successor(
    house: House,
) -> None:
    """Each is answered, the token is spent once, and the successor can be spent as well."""
    async with house.server.connections(workers=2, each=CALLERS // 2) as connections:
        clients = [client for of_worker in connections.values() for client in of_worker]
        tokens = await log_in(clients[0], somebody())
        assert (await only_session(house.place, clients[0], tokens)).counter == 0
        answers = await asyncio.gather(*(refresh(client, tokens) for client in clients))
        assert [answer.status_code for answer in answers] == [200] * CALLERS
        successors = {answer.json()["refresh_token"] for answer in answers}
        assert len(successors) == 1
        assert successors != {tokens["refresh_token"]}
        assert (await only_session(house.place, clients[0], tokens)).counter == 1
        assert (await refresh(clients[-1], answers[0].json())).status_code == 200
        assert (await only_session(house.place, clients[0], tokens)).counter == 2


@on_each_server
async def test_what_one_worker_revoked_the_other_refuses(house: House) -> None:
    """The one at once, the other as soon as it has heard; another login goes on."""
    async with house.server.connections(workers=2, each=1) as connections:
        here, there = one_each(connections)
        person = somebody()
        tokens, other = await log_in(here, person), await log_in(here, person)
        assert [await call(client, tokens) for client in (here, there)] == [200, 200]
        out = await here.post("/auth/logout", headers=bearer(tokens["access_token"]))
        assert out.status_code == 204
        assert await call(here, tokens) == 401
        await refused(there, tokens)
        assert (await refresh(there, tokens)).json()["error"] == "invalid_grant"
        assert [await call(client, other) for client in (here, there)] == [200, 200]


async def journey(here: httpx.AsyncClient, there: httpx.AsyncClient) -> None:
    """Log in at one worker, refresh and log out at the other."""
    first = await log_in(here, somebody())
    answer = await refresh(there, first)
    assert answer.status_code == 200, answer.text
    second = answer.json()
    assert await call(here, second) == 200
    out = await there.post("/auth/logout", headers=bearer(second["access_token"]))
    assert out.status_code == 204
    for client in (there, here):
        for tokens in (first, second):
            await refused(client, tokens)
            assert (await refresh(client, tokens)).json()["error"] == "invalid_grant"


@on_each_store
async def test_a_session_goes_from_worker_to_worker(house: House) -> None:
    """Opened at one, rotated and closed at the other, dead at both."""
    async with house.server.connections(workers=2, each=1) as connections:
        here, there = one_each(connections)
        await journey(here, there)
        await journey(there, here)


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Return a place of the kind that is the parameter, for one test."""
    with place_of(request.param, request, tmp_path) as place:
        yield place


@pytest.mark.parametrize("place", ["valkey", "postgresql"], indirect=True)
async def test_workers_forked_from_one_parent_share_sessions_and_end_in_silence(
    place: Place, tmp_path: Path
) -> None:
    """The parent asked its stores before it forked: that is of no harm, nor left at the end."""
    (tmp_path / "served.py").write_text(SERVED + USED_BEFORE_THE_FORK, "utf-8")
    environment = {**place.environment, "PYTHONWARNINGS": "default"}
    with running(tmp_path, PRELOADED, **environment) as server:
        async with server.connections(workers=2, each=1) as connections:
            await journey(*one_each(connections))
    assert [word for word in NOISE if word in server.output] == [], server.output
