"""Plain HTTP is refused in production, and answers say what a browser may do with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI, WebSocket
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from fastapi_jwtkit import OptionalPrincipal, Principal, Settings, require_scopes
from fastapi_jwtkit.errors import ConfigurationError
from web_kits import PASSWORD, Realm, bearer, log_in

PROXY, CLIENT = "10.0.0.1", "203.0.113.9"
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "content-security-policy": "frame-ancestors 'none'",
    "referrer-policy": "same-origin",
}
PERSON = {"username": "ann", "password": PASSWORD}
EVERYWHERE: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/auth/register", {"json": {**PERSON, "username": "bob"}}),
    ("POST", "/auth/register", {"json": PERSON}),
    ("POST", "/auth/register", {"json": {"username": "x"}}),
    ("POST", "/auth/login", {"json": PERSON}),
    ("POST", "/auth/login", {"json": {**PERSON, "password": "not the password"}}),
    ("POST", "/auth/login", {"json": {}}),
    ("POST", "/auth/login", {"content": b"{", "headers": {"content-type": "application/json"}}),
    ("POST", "/auth/token", {"data": PERSON}),
    ("POST", "/auth/token", {"data": {**PERSON, "password": "not the password"}}),
    ("POST", "/auth/token", {"json": PERSON}),
    ("POST", "/auth/token", {"data": {"grant_type": "magic"}}),
    ("POST", "/auth/refresh", {"json": {"refresh_token": "jkr_made.up"}}),
    ("POST", "/auth/refresh", {"json": {}}),
    ("POST", "/auth/logout", {}),
    ("POST", "/auth/logout-all", {}),
    ("GET", "/auth/me", {}),
    ("GET", "/auth/sessions", {}),
    ("DELETE", "/auth/sessions/x", {}),
]


def make_app(realm: Realm, **install: Any) -> FastAPI:
    """Return an app with a guarded route, one that asks a stranger in, and a socket."""
    app = FastAPI()
    realm.auth.install(app, **install)

    @app.get("/tasks")
    async def tasks(
        principal: Annotated[Principal, Depends(require_scopes("tasks:read"))],
    ) -> str:
        return principal.subject

    @app.get("/hello")
    async def hello(principal: OptionalPrincipal) -> bool:
        return principal is None

    @app.get("/open")
    async def open_to_all() -> JSONResponse:
        return JSONResponse({}, headers={"X-Frame-Options": "SAMEORIGIN"})

    @app.websocket("/socket")
    async def socket(
        websocket: WebSocket,
        principal: Annotated[Principal, Depends(require_scopes("tasks:read"))],
    ) -> None:
        await websocket.accept()
        await websocket.send_text(principal.subject)
        await websocket.close()

    return app


def client_of(
    app: FastAPI, *, scheme: str = "http", peer: str = CLIENT, headers: Mapping[str, str] = {}
) -> TestClient:
    """Return a client that comes from an address by a scheme."""
    return TestClient(
        app,
        base_url=f"{scheme}://app.example",
        client=(peer, 50_000),
        headers=dict(headers),
        raise_server_exceptions=False,
    )


def refused_for_http(answer: httpx.Response) -> bool:
    """Say whether an answer is the explanation, and check that it is whole."""
    if answer.status_code != 400 or answer.json().get("error_code") != "https_required":
        return False
    assert "https" in answer.json()["detail"]
    assert "location" not in answer.headers
    return True


@pytest.mark.parametrize(("method", "path", "body"), EVERYWHERE)
def test_plain_http_is_refused_on_every_route_of_the_kit(
    method: str, path: str, body: dict[str, Any]
) -> None:
    """Before the body is looked at, and never by a redirect, which would teach clients."""
    realm = Realm(https="enforce")
    realm.add_user()
    answer = client_of(make_app(realm)).request(method, path, **body)
    assert refused_for_http(answer)
    assert answer.headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in answer.headers
    assert not refused_for_http(
        client_of(make_app(Realm(https="enforce")), scheme="https").request(method, path, **body)
    )


def test_plain_http_is_refused_by_guards_before_a_token_is_looked_at() -> None:
    """Good, bad and none; the routes of others are theirs."""
    realm = Realm(https="enforce")
    app = make_app(realm)
    good = realm.headers(scopes=["tasks:read"])
    plain, secure = client_of(app), client_of(app, scheme="https")
    for headers in (good, good, bearer("forged"), {}):
        assert refused_for_http(plain.get("/tasks", headers=headers))
        assert refused_for_http(plain.get("/hello", headers=headers))
    assert refused_for_http(plain.get("/.well-known/jwks.json"))
    assert plain.get("/open").status_code == 200
    assert secure.get("/tasks", headers=good).status_code == 200
    assert secure.get("/tasks", headers=good).status_code == 200
    assert refused_for_http(plain.get("/tasks", headers=good))
    assert secure.get("/tasks").status_code == 401
    assert secure.get("/hello").json() is True


def test_a_plain_socket_is_refused_and_a_secure_one_is_not() -> None:
    """``ws`` is plain HTTP, ``wss`` is not."""
    realm = Realm(https="enforce")
    app = make_app(realm)
    good = realm.headers(scopes=["tasks:read"])
    for _ in range(2):
        with client_of(app, scheme="https").websocket_connect(
            "wss://app.example/socket", headers=good
        ) as socket:
            assert socket.receive_text()
    with (
        pytest.raises((WebSocketDisconnect, RuntimeError, httpx.HTTPError)) as caught,
        client_of(app).websocket_connect("ws://app.example/socket", headers=good),
    ):
        raise AssertionError("a plain socket was accepted")
    assert "accepted" not in str(caught.value)


@pytest.mark.attack(14)
@pytest.mark.parametrize(
    ("peer", "said", "is_secure"),
    [
        (PROXY, "https", True),
        (PROXY, "HTTPS ", True),
        (PROXY, "https, https", True),
        (PROXY, "http", False),
        (PROXY, "https, http", False),
        (PROXY, "http, https", False),
        (PROXY, "", False),
        (PROXY, "on", False),
        (PROXY, None, False),
        (CLIENT, "https", False),
    ],
)
def test_a_proxy_says_whether_the_client_came_by_tls(
    peer: str, said: str | None, is_secure: bool
) -> None:
    """Only one that was named; of several values each has to say so."""
    realm = Realm(https="enforce", trusted_proxies=("10.0.0.0/8",))
    app = make_app(realm)
    headers = {} if said is None else {"X-Forwarded-Proto": said}
    answer = client_of(app, peer=peer, headers=headers).get("/auth/me")
    assert refused_for_http(answer) is not is_secure
    good = realm.headers(scopes=["tasks:read"])
    for _ in range(2):
        answer = client_of(app, peer=peer, headers={**headers, **good}).get("/tasks")
        assert answer.status_code == (200 if is_secure else 400)


def test_production_enforces_and_development_does_not() -> None:
    """Unless a setting says otherwise."""
    issuer = "https://auth.example.com"
    assert Settings(issuer=issuer).https == "enforce"
    assert Settings(issuer=issuer, https="off").https == "off"
    assert Settings(env="dev").https == "off"
    assert Settings(env="dev", https="enforce").https == "enforce"
    with pytest.raises(ConfigurationError, match="is neither an address nor a network"):
        Settings(env="dev", trusted_proxies="10.0.0.1, proxy.example")


def test_the_log_explains_a_refusal_once(caplog: pytest.LogCaptureFixture) -> None:
    """To the operator, who has forgotten to name a proxy; a stranger cannot fill the log."""
    client = client_of(make_app(Realm(https="enforce")), headers={"X-Forwarded-Proto": "https"})
    for _ in range(3):
        assert refused_for_http(client.get("/auth/me"))
    told = [record for record in caplog.messages if "JWTKIT_TRUSTED_PROXIES" in record]
    assert len(told) == 1
    assert "JWTKIT_HTTPS=off" in told[0]


def test_the_log_says_once_that_a_proxy_was_not_named(caplog: pytest.LogCaptureFixture) -> None:
    """Behind it all clients would be one, and shut one another out."""
    client = client_of(make_app(Realm()), headers={"X-Forwarded-For": "198.51.100.7"})
    for _ in range(3):
        client.post("/auth/login", json=PERSON)
    told = [record for record in caplog.messages if "names no proxy" in record]
    assert len(told) == 1
    assert "198.51.100.7" not in caplog.text


@pytest.mark.std(1)
@pytest.mark.parametrize(("method", "path", "body"), EVERYWHERE)
def test_no_answer_about_tokens_is_cached_and_all_carry_the_headers(
    method: str, path: str, body: dict[str, Any]
) -> None:
    """RFC 6749 5.1, ASVS 3.4 and 14.3.2: errors included."""
    realm = Realm(https="enforce")
    realm.add_user()
    answer = client_of(make_app(realm), scheme="https").request(method, path, **body)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.std(1)
def test_the_answers_to_good_tokens_are_not_cached_either() -> None:
    """Refresh, me, sessions and logout; the keys are public and may be kept."""
    realm = Realm()
    realm.add_user()
    client = client_of(make_app(realm))
    tokens = log_in(client)
    answers = [client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})]
    headers = bearer(answers[0].json()["access_token"])
    answers += [client.get(path, headers=headers) for path in ("/auth/me", "/auth/sessions")]
    answers.append(client.post("/auth/logout", headers=headers))
    for answer in answers:
        assert answer.status_code in {200, 204}
        assert answer.headers["cache-control"] == "no-store"
        assert HEADERS.items() <= answer.headers.items()
        assert "strict-transport-security" not in answer.headers
    keys = client.get("/.well-known/jwks.json")
    assert keys.headers["cache-control"].startswith("public")
    assert HEADERS.items() <= keys.headers.items()


def test_the_whole_app_carries_the_headers_where_it_is_told_to() -> None:
    """What a route says of itself stays; 404 and 401 included."""
    realm = Realm(https="enforce", hsts_max_age=60)
    client = client_of(make_app(realm, security_headers="app"), scheme="https")
    for path in ("/docs", "/nowhere", "/tasks", "/auth/me", "/auth/login"):
        answer = client.get(path)
        assert HEADERS.items() <= answer.headers.items()
        assert answer.headers["strict-transport-security"] == "max-age=60"
        assert len(answer.headers.get_list("x-frame-options")) == 1
    opened = client.get("/open")
    assert opened.headers["x-frame-options"] == "SAMEORIGIN"
    assert opened.headers["referrer-policy"] == "same-origin"
    plain = client_of(make_app(Realm()))
    assert "x-frame-options" not in plain.get("/docs").headers


def test_hsts_can_be_left_out() -> None:
    """Where other applications of the host speak plain HTTP still."""
    client = client_of(make_app(Realm(https="enforce", hsts_max_age=0)), scheme="https")
    assert "strict-transport-security" not in client.get("/auth/me").headers
