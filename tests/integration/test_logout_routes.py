"""``/logout`` and ``/logout-all``: dead at once, again and again, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from clocks import FakeClock
from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.stores.memory import MemoryRevocationStore
from store_doubles import BreakingSessions
from web_kits import Realm, bearer, is_alive, log_in, make_client


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock to step."""
    return FakeClock()


@pytest.fixture
def realm(clock: FakeClock) -> Realm:
    """Return a realm without users."""
    return Realm(clock=clock, default_scopes="tasks:read")


@pytest.fixture
def client(realm: Realm) -> TestClient:
    """Return a client of an app with that realm."""
    return make_client(realm)


@pytest.mark.std(102)
@pytest.mark.parametrize("proof", ["access", "refresh", "both", "expired", "spent"])
def test_logging_out_kills_the_session_at_once_and_again_and_again(
    client: TestClient, realm: Realm, clock: FakeClock, proof: str
) -> None:
    """Whatever proves whose session it is, in whatever state."""
    realm.add_user()
    tokens, other = log_in(client), log_in(client)
    newest = tokens
    if proof == "spent":
        newest = client.post(
            "/auth/refresh", json={"refresh_token": tokens["refresh_token"]}
        ).json()
    if proof == "expired":
        clock.step(3600)
        other = log_in(client)
    request: dict[str, Any] = {}
    if proof in {"access", "both", "expired"}:
        request["headers"] = bearer(tokens["access_token"])
    if proof in {"refresh", "both", "spent"}:
        request["json"] = {"refresh_token": tokens["refresh_token"]}
    for _ in range(3):
        answer = client.post("/auth/logout", **request)
        assert answer.status_code == 204
        assert answer.content == b""
        assert answer.headers["cache-control"] == "no-store"
    assert not is_alive(client, newest)
    refused = client.post("/auth/refresh", json={"refresh_token": newest["refresh_token"]})
    assert refused.json()["error"] == "invalid_grant"
    assert is_alive(client, other)


@pytest.mark.parametrize("proof", ["access", "refresh"])
def test_logging_out_everywhere_ends_every_session_of_the_person(
    client: TestClient, realm: Realm, proof: str
) -> None:
    """And nobody else's."""
    realm.add_user("ann")
    realm.add_user("bob")
    mine = [log_in(client) for _ in range(3)]
    bob = log_in(client, "bob")
    request: dict[str, Any] = {"headers": bearer(mine[0]["access_token"])}
    if proof == "refresh":
        request = {"json": {"refresh_token": mine[0]["refresh_token"]}}
    for _ in range(2):
        assert client.post("/auth/logout-all", **request).status_code == 204
    assert not any(is_alive(client, tokens) for tokens in mine)
    assert is_alive(client, bob)


@pytest.mark.parametrize("path", ["/auth/logout", "/auth/logout-all"])
def test_tokens_of_two_sessions_are_refused_and_end_neither(
    client: TestClient, realm: Realm, path: str
) -> None:
    """Which one was meant is not for us to guess."""
    realm.add_user()
    one, two = log_in(client), log_in(client)
    answer = client.post(
        path,
        headers=bearer(one["access_token"]),
        json={"refresh_token": two["refresh_token"]},
    )
    assert answer.status_code == 400
    assert answer.json()["error_code"] == "invalid_request"
    assert is_alive(client, one)
    assert is_alive(client, two)


@pytest.mark.parametrize("path", ["/auth/logout", "/auth/logout-all"])
def test_nothing_and_forgeries_log_nobody_out(client: TestClient, realm: Realm, path: str) -> None:
    """A 401 with the challenge that fits."""
    realm.add_user()
    tokens = log_in(client)
    head, payload, signature = tokens["access_token"].split(".")
    forged = ".".join((head, payload, signature[::-1]))
    refresh = tokens["refresh_token"][:-3] + "AAA"
    good = bearer(tokens["access_token"])
    requests: list[tuple[dict[str, Any], str]] = [
        ({}, "Bearer"),
        ({"json": {}}, "Bearer"),
        ({"json": {"refresh_token": None}}, "Bearer"),
        ({"headers": bearer(forged)}, 'Bearer error="invalid_token"'),
        ({"json": {"refresh_token": refresh}}, 'Bearer error="invalid_token"'),
        ({"headers": good, "json": {"refresh_token": refresh}}, 'Bearer error="invalid_token"'),
        ({"headers": bearer(tokens["refresh_token"])}, 'Bearer error="invalid_token"'),
    ]
    for request, challenge in requests:
        answer = client.post(path, **request)
        assert answer.status_code == 401, request
        assert answer.headers["www-authenticate"] == challenge
    assert is_alive(client, tokens)


@pytest.mark.std(25, 71)
@pytest.mark.parametrize("path", ["/auth/logout", "/auth/logout-all"])
def test_a_logout_that_could_not_be_done_is_a_503(realm: Realm, path: str) -> None:
    """The client must know that the session may still live."""
    realm.add_user()
    client = make_client(realm)
    tokens = log_in(client)

    async def fail(*_: object, **__: object) -> None:
        raise StoreUnavailableError("sessions", retry_after=2.5)

    realm.kit.close = fail  # type: ignore[method-assign]
    answer = client.post(path, headers=bearer(tokens["access_token"]))
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "3"
    assert answer.json()["error_code"] == "temporarily_unavailable"


@pytest.mark.std(71)
@pytest.mark.parametrize("fails_at", [0, 1, 2, 3])
def test_logging_out_everywhere_again_after_a_failure_ends_every_session(
    clock: FakeClock, fails_at: int
) -> None:
    """Wherever it failed: what is answered with 204 is done, for all sessions."""
    sessions = BreakingSessions(clock=clock)
    parts = {"sessions": sessions, "revocations": MemoryRevocationStore(clock=clock)}
    realm = Realm(clock=clock, parts=parts)
    realm.add_user()
    client = make_client(realm)
    mine = [log_in(client) for _ in range(3)]
    request = {"headers": bearer(mine[1]["access_token"])}
    sessions.writes_left = fails_at
    statuses = [client.post("/auth/logout-all", **request).status_code]
    sessions.writes_left = 100
    statuses.append(client.post("/auth/logout-all", **request).status_code)
    assert statuses == [204 if fails_at == 3 else 503, 204]
    clock.step(3600)  # their entries in the feed are over and swept: the rows must say it too
    client.post("/auth/logout", headers=bearer(log_in(client)["access_token"]))
    for tokens in mine:
        grant = {"refresh_token": tokens["refresh_token"]}
        assert client.post("/auth/refresh", json=grant).status_code == 400
