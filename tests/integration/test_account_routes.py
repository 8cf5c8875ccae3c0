"""Register, look around, end sessions: the routes under ``/auth``."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from clocks import FakeClock
from web_kits import PASSWORD, Realm, bearer, is_alive, log_in, make_client, run

WRONG = "a-secret-that-must-not-come-back"


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


def register(client: TestClient, username: str = "ann", **extra: Any) -> Any:
    """Register over HTTP."""
    body = {"username": username, "password": PASSWORD, **extra}
    return client.post("/auth/register", json=body)


def test_registering_answers_201_with_the_user(client: TestClient) -> None:
    """The login in its canonical spelling, and the default scopes."""
    answer = register(client, " ANN ")
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body == {"id": body["id"], "username": "ann", "scopes": ["tasks:read"], "roles": []}
    assert log_in(client)["scope"] == "tasks:read"


@pytest.mark.attack(19)
def test_scopes_and_roles_in_a_registration_are_never_honoured(client: TestClient) -> None:
    """Nobody becomes an administrator by asking for it."""
    answer = register(
        client, scopes=["admin"], roles=["admin"], permissions=["all"], id="1", is_active=True
    )
    assert answer.json()["scopes"] == ["tasks:read"]
    assert answer.json()["roles"] == []
    assert answer.json()["id"] != "1"


def test_a_taken_login_is_a_409(client: TestClient) -> None:
    """In any spelling."""
    register(client)
    answer = register(client, "\uff21nn")
    assert answer.status_code == 409
    assert answer.json()["error_code"] == "login_taken"


def test_a_weak_password_is_a_422_that_says_why(client: TestClient) -> None:
    """NIST SP 800-63B-4 3.1.1.2; what was sent does not come back."""
    answer = client.post("/auth/register", json={"username": "ann", "password": "hunter2"})
    assert answer.status_code == 422
    body = answer.json()
    assert body["error_code"] == "password_rejected"
    assert body["errors"][0]["loc"] == ["body", "password"]
    assert "hunter2" not in answer.text


@pytest.mark.attack(16, 20)
@pytest.mark.parametrize("path", ["/auth/register", "/auth/login"])
@pytest.mark.parametrize(
    "body",
    [
        {"username": "ann"},
        {"username": 7, "password": WRONG},
        {"username": "ann", "password": [WRONG]},
        {"username": "a" * 255, "password": WRONG},
        {"username": "ann", "password": WRONG * 100},
        {"username": "ann", "password": ""},
        [WRONG],
        WRONG,
        None,
    ],
)
def test_a_422_never_echoes_what_was_sent(client: TestClient, path: str, body: Any) -> None:
    """FastAPI's own body holds the input, and the input holds the password."""
    answer = client.post(path, json=body)
    assert answer.status_code == 422
    assert answer.headers["cache-control"] == "no-store"
    assert set(answer.json()) == {"detail", "error_code", "errors"}
    assert answer.json()["error_code"] == "validation_error"
    for item in answer.json()["errors"]:
        assert set(item) == {"loc", "msg", "type"}
    assert "secret" not in answer.text


@pytest.mark.attack(16)
def test_a_body_beyond_64_kib_is_refused_before_it_is_parsed(client: TestClient) -> None:
    """Whatever the declared length says."""
    answer = client.post("/auth/login", json={"username": "ann", "password": "p" * 70_000})
    assert answer.status_code == 413
    assert answer.json()["error_code"] == "content_too_large"

    def chunks() -> Any:
        yield b'{"username": "'
        for _ in range(80):
            yield b"a" * 1024

    headers = {"Content-Type": "application/json"}
    assert client.post("/auth/login", content=chunks(), headers=headers).status_code == 413


def test_me_says_who_is_calling_and_by_what_token(client: TestClient, realm: Realm) -> None:
    """The token's scopes, which may be fewer than the user's."""
    user = realm.add_user(scopes=["tasks:read", "tasks:write"], roles=["member"])
    tokens = log_in(client, scope="tasks:read")
    answer = client.get("/auth/me", headers=bearer(tokens["access_token"]))
    body = answer.json()
    assert body == {
        "id": user.id,
        "username": "ann",
        "scopes": ["tasks:read"],
        "roles": ["member"],
        "session_id": body["session_id"],
        "auth_time": "2027-01-15T08:00:00Z",
    }
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("how", ["removed", "disabled"])
def test_me_of_a_user_who_is_gone_is_a_401(client: TestClient, realm: Realm, how: str) -> None:
    """The token may still be good for a while; the account is not there to show."""
    user = realm.add_user()
    tokens = log_in(client)
    if how == "removed":
        run(realm.users.remove(user.id))
    else:
        run(realm.users.change(user.id, is_active=False))
    assert not is_alive(client, tokens)


@pytest.mark.std(105)
def test_sessions_can_be_listed_and_ended(client: TestClient, realm: Realm) -> None:
    """One's own; somebody else's does not exist."""
    realm.add_user("ann")
    realm.add_user("bob")
    phone, laptop = log_in(client, device_name="phone"), log_in(client)
    bob = log_in(client, "bob")
    headers = bearer(phone["access_token"])
    listed = client.get("/auth/sessions", headers=headers).json()
    assert [(each["device_name"], each["current"]) for each in listed] == [
        ("phone", True),
        (None, False),
    ]
    assert set(listed[0]) == {
        *("id", "created_at", "last_seen_at", "expires_at"),
        *("ip", "user_agent", "device_name", "current"),
    }
    (foreign,) = client.get("/auth/sessions", headers=bearer(bob["access_token"])).json()
    for missing in (foreign["id"], "nothing", "a" * 3000):
        answer = client.delete(f"/auth/sessions/{missing}", headers=headers)
        assert answer.status_code == 404
        assert answer.json()["error_code"] == "session_not_found"
    assert is_alive(client, bob)
    other = f"/auth/sessions/{listed[1]['id']}"
    assert client.delete(other, headers=headers).status_code == 204
    assert client.delete(other, headers=headers).status_code == 404
    assert not is_alive(client, laptop)
    assert is_alive(client, phone)


@pytest.mark.std(60, 62)
def test_the_key_set_is_published_and_can_be_cached(client: TestClient) -> None:
    """RFC 7517: public members only, an ETag, a 304."""
    answer = client.get("/.well-known/jwks.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/jwk-set+json"
    assert answer.headers["cache-control"] == "public, max-age=300"
    (key,) = answer.json()["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    again = client.get("/.well-known/jwks.json", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["etag"] == answer.headers["etag"]
    other = client.get("/.well-known/jwks.json", headers={"If-None-Match": '"other"'})
    assert other.status_code == 200
