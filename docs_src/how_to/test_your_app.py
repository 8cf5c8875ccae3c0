from unittest.mock import patch

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from fastapi_jwtkit import JWTAuth, JWTKit, Settings, current_principal
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from fastapi_jwtkit.stores.memory.users import MemoryUserStore
from fastapi_jwtkit.testing.acting import ActAs, acting_as
from fastapi_jwtkit.testing.clock import FakeClock
from fastapi_jwtkit.testing.dead import assert_token_dead
from fastapi_jwtkit.testing.issuers import OutsideIssuer
from fastapi_jwtkit.testing.principals import principal
from fastapi_jwtkit.testing.tokens import FORGERIES, ForgeryName, forge
from quickstart import app

client = TestClient(app)


# --8<-- [start:test]
def test_a_reader_lists_tasks() -> None:
    with acting_as(app, "ann", scopes=["tasks:read"]):
        assert client.get("/tasks").json() == ["tasks of ann"]
        assert client.delete("/tasks").status_code == 403


# --8<-- [end:test]
# --8<-- [start:fixture]
def test_a_writer_clears(acting_as: ActAs) -> None:
    acting_as(app, "ann", scopes=["tasks:write"])
    assert client.delete("/tasks").status_code == 200


def test_a_stranger_is_refused() -> None:
    assert client.get("/tasks").status_code == 401


# --8<-- [end:fixture]
# --8<-- [start:two]
def test_two_people_at_once() -> None:
    with acting_as(app, "ann", scopes=["tasks:read"]) as ann, acting_as(app, "bob"):
        assert client.get("/tasks").status_code == 403  # bob: the innermost
        assert client.get("/tasks", headers=ann.headers).json() == ["tasks of ann"]


# --8<-- [end:two]
# --8<-- [start:asynchronous]
@pytest.mark.asyncio
async def test_in_the_event_loop_of_the_test() -> None:
    transport = httpx.ASGITransport(app=app)
    http = httpx.AsyncClient(transport=transport, base_url="http://test")
    async with http, acting_as(app, "ann", scopes=["tasks:read"]):
        assert (await http.get("/tasks")).json() == ["tasks of ann"]


# --8<-- [end:asynchronous]
# --8<-- [start:forge]
@pytest.mark.parametrize("name", FORGERIES)
def test_no_forged_token_lists_tasks(name: ForgeryName) -> None:
    token = forge(app, name, scopes=["tasks:read"])
    answer = client.get("/tasks", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


def test_nor_does_a_token_of_another_issuer() -> None:
    token = OutsideIssuer().access_token("ann", scopes=["tasks:read"])
    answer = client.get("/tasks", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


# --8<-- [end:forge]
# --8<-- [start:dead]
def test_a_logout_ends_both_tokens() -> None:
    with acting_as(app, "ann") as ann:
        assert client.post("/auth/logout").status_code == 204
        assert_token_dead(app, ann.token)
        assert_token_dead(app, ann.refresh_token)


# --8<-- [end:dead]
# --8<-- [start:clock]
def make_app(clock: FakeClock) -> FastAPI:
    hasher = PasslibHasher.cheap_for_tests()
    kit = JWTKit(Settings(env="dev"), users=MemoryUserStore(), hasher=hasher, clock=clock)
    app = FastAPI()
    JWTAuth(kit).install(app)
    return app


def test_an_access_token_lives_for_ten_minutes(jwtkit_clock: FakeClock) -> None:
    app = make_app(jwtkit_clock)
    client = TestClient(app)
    with acting_as(app, "ann"):
        assert client.get("/auth/sessions").status_code == 200
        jwtkit_clock.step(600)
        assert client.get("/auth/sessions").status_code == 401


# --8<-- [end:clock]
# --8<-- [start:override]
def test_with_a_principal_and_no_token() -> None:
    ann = principal("ann", scopes=["tasks:read"])
    with patch.dict(app.dependency_overrides, {current_principal: lambda: ann}):
        assert client.get("/tasks").json() == ["tasks of ann"]


# --8<-- [end:override]
