"""The session behind ``acting_as``: whose it is, how long it lives, and who ends it."""

from __future__ import annotations

import asyncio

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from acted_app import make_app
from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.records import Session
from fastapi_jwtkit.stores.memory import MemoryRevocationStore, MemorySessionStore
from fastapi_jwtkit.testing.acting import acting_as
from fastapi_jwtkit.testing.clock import FakeClock
from live_apps import make_live_app
from web_kits import Realm, run


@pytest.fixture
def realm() -> Realm:
    """Return a kit with its plugin."""
    return Realm()


@pytest.fixture
def app(realm: Realm) -> FastAPI:
    """Return an app with every kind of guard."""
    return make_app(realm)


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    """Return a client of the app, without lifespan."""
    return TestClient(app)


def test_the_id_of_a_user_makes_them_whole(app: FastAPI, client: TestClient, realm: Realm) -> None:
    """Routes that read the user find one, and the refresh token is good."""
    user = realm.add_user("ann", scopes=["tasks:read"])
    with acting_as(app, user.id, scopes=["tasks:read"]) as ann:
        assert client.get("/auth/me").json()["username"] == "ann"
        body = {"refresh_token": ann.refresh_token}
        assert client.post("/auth/refresh", json=body).json()["scope"] == "tasks:read"


def test_it_follows_the_clock_of_the_kit() -> None:
    """A token expires when the test says so."""
    clock = FakeClock()
    app = make_app(Realm(clock=clock))
    with acting_as(app, "ann"):
        client = TestClient(app)
        assert client.get("/me").json() == "ann"
        clock.step(601)
        assert client.get("/me").status_code == 401


def test_a_claim_that_no_token_can_carry_leaves_no_session_behind(
    app: FastAPI, realm: Realm
) -> None:
    """It is refused before the row is written."""
    with (
        pytest.raises(ConfigurationError, match="sub"),
        acting_as(app, "ann", claims={"sub": "eve"}),
    ):
        pass  # pragma: no cover - it never begins
    assert run(realm.kit.list_sessions("ann")) == []


def test_rows_in_a_shared_store_are_ended(realm: Realm, app: FastAPI) -> None:
    """A database that outlives the test holds no session that lives."""
    with acting_as(app, "ann") as ann:
        listed = run(realm.kit.list_sessions("ann"))
        assert [row.sid for row in listed] == [ann.principal.session_id]
    assert run(realm.kit.list_sessions("ann")) == []
    row = run(realm.kit.find_session(listed[0].sid))
    assert isinstance(row, Session)
    assert row.revoked_reason == "stand_in_left"


def test_the_loop_of_a_synchronous_test_is_left_alone(app: FastAPI) -> None:
    """Whatever keeps one on this thread finds it again."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        with acting_as(app, "ann"):
            assert asyncio.get_event_loop() is loop
        assert not loop.is_closed()
    finally:
        asyncio.set_event_loop(None)
        loop.close()


class RevokesNothing(MemorySessionStore):
    """Fails where a session is to be ended."""

    async def revoke(self, realm: str, sid: str, /, *, reason: str) -> bool:
        """Be gone."""
        raise ConnectionError(realm, sid, reason)


def test_a_store_that_a_test_broke_does_not_fail_it_again() -> None:
    """The rows of such a store are of no use to anybody, and the token is dead here."""
    broken = RevokesNothing()
    app = make_app(
        Realm(parts={"sessions": broken, "revocations": MemoryRevocationStore()}),
    )
    client = TestClient(app)
    with acting_as(app, "ann") as ann:
        headers = ann.headers
        assert client.get("/me").json() == "ann"
    assert client.get("/me", headers=headers).status_code == 401


async def test_a_block_within_its_own_begins_nothing_anew(app: FastAPI, client: TestClient) -> None:
    """As where a fixture began it."""
    with acting_as(app, "ann") as ann:
        first = ann.token
        async with ann:
            assert ann.token == first
        assert client.get("/me").status_code == 401
    await acting_as(app, "never begun").__aexit__(None, None, None)


def test_an_open_socket_ends_with_the_block(realm: Realm) -> None:
    """As it does with a logout: its token is dead."""
    app = make_live_app(realm.auth, [])
    client, acting = TestClient(app), acting_as(app, "ann")
    with acting, client.websocket_connect("/quiet") as socket:
        assert socket.receive_text() == "in"
        acting.__exit__(None, None, None)
        with pytest.raises(WebSocketDisconnect) as ended:
            socket.receive_text()
    assert ended.value.code == 1008
