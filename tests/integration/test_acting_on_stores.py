"""``acting_as`` on stores that live elsewhere: whatever loop a test has, nothing stays open."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from fastapi_jwtkit import JWTAuth, JWTKit, Principal, require_auth
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from fastapi_jwtkit.stores.memory.users import MemoryUserStore
from fastapi_jwtkit.testing.acting import acting_as
from fastapi_jwtkit.testing.dead import assert_token_dead
from shared_places import place_of
from web_kits import make_settings


@pytest.fixture(params=["valkey", "sqlite", "postgresql"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FastAPI]:
    """Return an app on a store of each kind, whose stores are closed by nobody."""
    with place_of(request.param, request, tmp_path) as place:
        kit = JWTKit(
            make_settings(store_url=place.store_url, realm=place.realm),
            users=MemoryUserStore(),
            hasher=PasslibHasher.cheap_for_tests(),
        )
        app = FastAPI()
        JWTAuth(kit).install(app)

        @app.get("/strict")
        async def strict(
            principal: Annotated[Principal, Depends(require_auth(strict=True))],
        ) -> str:
            return principal.subject

        yield app
        # What was left open would be an error here, and not in another test.
        gc.collect()


def test_a_synchronous_test_needs_no_lifespan(app: FastAPI) -> None:
    """Each request has a loop of its own, and so has what stands around them."""
    client = TestClient(app)
    with acting_as(app, "ann") as ann:
        assert client.get("/strict").json() == "ann"
        token = ann.token
    assert client.get("/strict").status_code == 401
    assert_token_dead(app, token)


def test_a_client_with_lifespan_may_end_first(app: FastAPI) -> None:
    """The stores are closed by then, and the session is ended all the same."""
    with acting_as(app, "ann") as ann:
        with TestClient(app) as client:
            assert client.get("/strict").json() == "ann"
        token = ann.token
    assert_token_dead(app, token)


async def test_an_asynchronous_test_has_one_loop(app: FastAPI) -> None:
    """Or two, with the form for synchronous ones."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        async with acting_as(app, "ann"):
            assert (await client.get("/strict")).json() == "ann"
        with acting_as(app, "bob"):
            assert (await client.get("/strict")).json() == "bob"
        assert (await client.get("/strict")).status_code == 401
