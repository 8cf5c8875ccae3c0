"""What a verified request costs the store, counted at the server and not by us."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from server_processes import UVICORN, running
from shared_places import SERVED, Place
from valkey_server import ValkeyServer
from waiting import wait_until
from web_kits import PASSWORD, bearer

REQUESTS = 200
PERSON = {"username": "ann", "password": PASSWORD}
STRICT = """

from fastapi import Request


@app.get("/strict")
async def strict(request: Request) -> str:
    token = request.headers["authorization"].removeprefix("Bearer ")
    return (await auth.kit.verify(token, strict=True)).subject
"""
# A row is read by a script that runs one GET; beside it only counters are, at a login.
ROW_READ = "get"
SCRIPTS = ("eval", "evalsha")
# The follower of the feed waits by XREAD, then runs one script.
FOLLOWED = "xread"


@pytest.fixture
def client(valkey: ValkeyServer, tmp_path: Path) -> Iterator[httpx.Client]:
    """Return a client of an application that has the server to itself."""
    (tmp_path / "served.py").write_text(SERVED + STRICT, "utf-8")
    place = Place(store_url=valkey.url, users_url=f"sqlite+aiosqlite:///{tmp_path / 'users.db'}")
    command = (*UVICORN, "--timeout-keep-alive", "60", "served:app")
    with running(tmp_path, command, **place.environment) as server, server.connect() as client:
        assert client.post("/auth/register", json=PERSON).status_code == 201
        tokens = client.post("/auth/login", json=PERSON).json()
        client.headers.update(bearer(tokens["access_token"]))
        yield client


def calls_of(valkey: ValkeyServer) -> tuple[int, int]:
    """Return how many rows were read, and how many scripts ran that no follower asked for."""
    return valkey.calls(ROW_READ), valkey.calls(*SCRIPTS) - valkey.calls(FOLLOWED)


def spend(valkey: ValkeyServer, client: httpx.Client, path: str) -> tuple[int, int]:
    """Send the requests, and return by how much those counts rose."""
    before = calls_of(valkey)
    statuses = {client.get(path).status_code for _ in range(REQUESTS)}
    after = calls_of(valkey)
    assert statuses == {200}
    return after[0] - before[0], after[1] - before[1]


def test_a_verified_request_asks_no_server(valkey: ValkeyServer, client: httpx.Client) -> None:
    """Two hundred of them read no row and run no script; strict ones read a row each."""

    def is_warm() -> bool:
        # A token as young as the feed is looked up once, and then vouched for.
        before = valkey.calls(ROW_READ)
        assert client.get("/tasks").status_code == 200
        return valkey.calls(ROW_READ) == before

    wait_until(is_warm, "the worker vouches for the session")
    rows, scripts = spend(valkey, client, "/tasks")
    assert rows == 0
    # A turn of the follower may be half done at either end, and one in a minute reads all.
    assert abs(scripts) <= 3
    rows, scripts = spend(valkey, client, "/strict")
    assert rows == REQUESTS
    assert scripts == pytest.approx(REQUESTS, abs=3)
