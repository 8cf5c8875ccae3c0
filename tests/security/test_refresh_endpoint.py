"""What a refresh may ask for, and what it answers where it grants nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from clocks import FakeClock
from fastapi_jwtkit.errors import StoreUnavailableError
from web_kits import PASSWORD, Realm, bearer, log_in, make_client, refuse, run

SWAGGER = {"username": "ann", "password": PASSWORD}


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock to step."""
    return FakeClock()


@pytest.fixture
def realm(clock: FakeClock) -> Realm:
    """Return a realm with one user, who holds two scopes."""
    realm = Realm(clock=clock)
    realm.add_user(scopes=["tasks:read", "tasks:write"])
    return realm


@pytest.fixture
def client(realm: Realm) -> TestClient:
    """Return a client of an app with that realm."""
    return make_client(realm)


@pytest.mark.std(5)
def test_every_refresh_token_that_grants_nothing_gives_the_same_bytes(
    client: TestClient, clock: FakeClock
) -> None:
    """Forged, foreign, revoked, reused and expired: nobody learns which."""
    other = Realm(clock=clock)
    foreign = other.open_session(other.add_user()).refresh_token
    revoked = log_in(client)
    client.post("/auth/logout", headers=bearer(revoked["access_token"]))
    reused = log_in(client)["refresh_token"]
    assert client.post("/auth/refresh", json={"refresh_token": reused}).status_code == 200
    expired = log_in(client)["refresh_token"]
    clock.step(120)
    presented = [foreign, revoked["refresh_token"], reused, "jkr_x.y", "x", expired[:-2] + "AA"]
    answers = [client.post("/auth/refresh", json={"refresh_token": each}) for each in presented]
    clock.step(40 * 86_400)
    answers.append(client.post("/auth/refresh", json={"refresh_token": expired}))
    for answer in answers:
        refuse(answer, "invalid_grant")
    assert len({answer.content for answer in answers}) == 1


@pytest.mark.std(7, 18)
@pytest.mark.parametrize("scope", ["tasks:read admin", "admin", 'a"b', "a\tb"])
def test_a_scope_that_is_too_wide_or_malformed_consumes_nothing(
    client: TestClient, scope: str
) -> None:
    """RFC 6749 6: the refresh token still works afterwards."""
    for form in (SWAGGER, {"grant_type": "password", **SWAGGER}):
        refuse(client.post("/auth/token", data={**form, "scope": scope}), "invalid_scope")
    refresh = {"refresh_token": log_in(client)["refresh_token"]}
    refuse(client.post("/auth/refresh", json={**refresh, "scope": scope}), "invalid_scope")
    form = {"grant_type": "refresh_token", **refresh}
    refuse(client.post("/auth/token", data={**form, "scope": scope}), "invalid_scope")
    assert client.post("/auth/token", data=form).status_code == 200


@pytest.mark.std(18)
def test_narrowing_keeps_the_grant(client: TestClient) -> None:
    """RFC 6749 6: a narrow access token now, the whole grant at the next refresh."""
    tokens = log_in(client)
    narrow = client.post(
        "/auth/refresh", json={"refresh_token": tokens["refresh_token"], "scope": "tasks:read"}
    ).json()
    assert narrow["scope"] == "tasks:read"
    wide = client.post("/auth/refresh", json={"refresh_token": narrow["refresh_token"]}).json()
    assert wide["scope"] == "tasks:read tasks:write"


@pytest.mark.std(18)
def test_a_narrow_login_never_grows(client: TestClient) -> None:
    """What a login was granted is all that its refreshes may ask for."""
    tokens = log_in(client, scope="tasks:read")
    assert tokens["scope"] == "tasks:read"
    refresh = {"refresh_token": tokens["refresh_token"]}
    refuse(client.post("/auth/refresh", json={**refresh, "scope": "tasks:write"}), "invalid_scope")
    assert client.post("/auth/refresh", json=refresh).json()["scope"] == "tasks:read"


@pytest.mark.std(25)
@pytest.mark.parametrize("raised", [StoreUnavailableError("sessions"), RuntimeError("SELECT 1")])
def test_a_store_that_fails_is_never_a_200_and_tells_nothing(raised: Exception) -> None:
    """503 where it was foreseen, else a bare 500; the refresh token is not consumed."""

    class BrokenUsers:
        broken = False

        def __init__(self, users: Any) -> None:
            self.users = users

        def __getattr__(self, name: str) -> Any:
            if self.broken:
                raise raised
            return getattr(self.users, name)

    broken = BrokenUsers(Realm().users)
    realm = Realm(parts={"users": broken})
    realm.users = broken.users
    realm.add_user()
    client = make_client(realm)
    refresh = {"refresh_token": log_in(client)["refresh_token"]}
    broken.broken = True
    for answer in (
        client.post("/auth/login", json=SWAGGER),
        client.post("/auth/refresh", json=refresh),
    ):
        assert answer.status_code in {500, 503}
        assert "SELECT" not in answer.text
        assert "access_token" not in answer.text
        if answer.status_code == 503:
            assert answer.json()["error_code"] == "temporarily_unavailable"
            assert answer.headers["retry-after"] == "1"
            assert answer.headers["cache-control"] == "no-store"
    broken.broken = False
    assert client.post("/auth/refresh", json=refresh).status_code == 200


async def test_fifty_parallel_refreshes_over_http_converge(realm: Realm) -> None:
    """The race of tabs: fifty times 200, one successor."""
    app = FastAPI()
    realm.auth.install(app)
    pair = await realm.kit.open_session(
        await realm.users.find_by_login("ann"),  # type: ignore[arg-type]  # it was added
        amr=("pwd",),
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        body = {"refresh_token": pair.refresh_token}
        answers = await asyncio.gather(
            *(client.post("/auth/refresh", json=body) for _ in range(50))
        )
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
    assert len({answer.json()["access_token"] for answer in answers}) == 50


def test_the_device_of_a_login_is_the_sockets_peer(realm: Realm, client: TestClient) -> None:
    """A forwarded header is whatever the client says; a long user agent is cut."""
    headers = {"User-Agent": "x" * 1000, "X-Forwarded-For": "1.2.3.4", "Forwarded": "for=1.2.3.4"}
    answer = client.post("/auth/login", json={**SWAGGER, "device_name": "phone"}, headers=headers)
    assert answer.status_code == 200
    user = run(realm.users.find_by_login("ann"))
    assert user is not None
    (session,) = run(realm.kit.list_sessions(user.id))
    assert session.device.ip == "testclient"
    assert session.device.user_agent == "x" * 256
    assert session.device.name == "phone"
