"""Defects that were found in other libraries by running them: what an application sees.

See ``test_peer_defects.py``.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import PlainTextResponse, Response
from fastapi.testclient import TestClient

import fastapi_jwtkit
from clocks import FakeClock
from fastapi_jwtkit import Principal, Settings, require_scopes
from fastapi_jwtkit.errors import ConfigurationError, InvalidKeyError
from fastapi_jwtkit.keys.algorithms import ALGORITHMS
from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.keys.signing_key import SigningKey
from fastapi_jwtkit.protocols import User
from kits import House
from token_forge import GRANT, NOW, make_issuer, make_verifier
from web_kits import PASSWORD, Realm, is_alive, log_in, make_client

SOURCE = Path(fastapi_jwtkit.__file__).parent
Reader = Annotated[Principal, Depends(require_scopes("tasks:read"))]


def guarded_app() -> FastAPI:
    """Return an app with a guarded route and no handler of anything."""
    app = FastAPI()

    @app.get("/tasks")
    async def tasks(principal: Reader) -> str:
        return principal.subject

    return app


@pytest.fixture
def realm() -> Realm:
    """Return a realm with one user."""
    realm = Realm()
    realm.add_user(scopes=["tasks:read"])
    return realm


@pytest.fixture
def client(realm: Realm) -> TestClient:
    """Return a client of an app with that realm."""
    return make_client(realm, guarded_app())


@pytest.mark.parametrize("path", ["/tasks", "/auth/me"])
@pytest.mark.parametrize(
    "value", [None, "Bearer x", "Bearer a.b.c", "Bearer eyJhbGciOiJub25lIn0.e30.", "Basic x"]
)
def test_a_401_came_without_a_challenge(client: TestClient, path: str, value: str | None) -> None:
    """And answers with tokens came without ``no-store``."""
    answer = client.get(path, headers={"Authorization": value} if value else {})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    login = client.post("/auth/login", json={"username": "ann", "password": PASSWORD})
    assert login.headers["cache-control"] == "no-store"


def test_an_expired_or_malformed_token_was_a_422() -> None:
    """As if the client had made a typing mistake."""
    clock = FakeClock()
    realm = Realm(clock=clock)
    client = make_client(realm, guarded_app())
    good = realm.headers(scopes=["tasks:read"])
    assert client.get("/tasks", headers=good).status_code == 200
    clock.step(601)
    assert client.get("/tasks", headers=good).status_code == 401
    for raw in ("", "x", "a.b.c", "a.b", "=" * 40, "\u00e9"):
        answer = client.get("/tasks", headers={"Authorization": f"Bearer {raw}".encode()})
        assert answer.status_code == 401, raw


def test_a_token_without_its_scheme_was_taken(client: TestClient) -> None:
    """Whatever stood in the header was a token."""
    token = log_in(client)["access_token"]
    for value in (token, f"Token {token}", f"JWT {token}", f"Bearer{token}"):
        assert client.get("/tasks", headers={"Authorization": value}).status_code == 401
    assert client.get(f"/tasks?access_token={token}").status_code == 401


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "BeArEr"])
def test_the_scheme_in_lower_case_was_refused(client: TestClient, scheme: str) -> None:
    """RFC 9110 11.1: it is the same word."""
    value = f"{scheme} {log_in(client)['access_token']}"
    assert client.get("/tasks", headers={"Authorization": value}).status_code == 200


@pytest.mark.parametrize("own_handler", [False, True])
def test_without_a_handler_of_the_library_a_401_was_a_500(realm: Realm, own_handler: bool) -> None:
    """The first request told the application what it should have installed."""
    app = guarded_app()
    if own_handler:

        @app.exception_handler(HTTPException)
        async def handle(_: Request, error: HTTPException) -> Response:
            return PlainTextResponse("mine", error.status_code, dict(error.headers or {}))

    client = make_client(realm, app)
    stranger = client.get("/tasks")
    assert (stranger.status_code, stranger.headers["www-authenticate"]) == (401, "Bearer")
    narrow = client.get("/tasks", headers=realm.headers("bob"))
    assert narrow.status_code == 403
    assert 'scope="tasks:read"' in narrow.headers["www-authenticate"]


@pytest.mark.parametrize("secret", ["s", "secret", "a" * 31])
def test_a_secret_of_one_character_was_taken(secret: str) -> None:
    """It signed every token of the application."""
    with pytest.raises(InvalidKeyError):
        SigningKey.from_secret(secret, alg="HS256")


@pytest.mark.parametrize("alg", sorted(ALGORITHMS))
def test_an_algorithm_that_was_offered_could_not_verify(alg: str) -> None:
    """The same object signed and verified, and for RSA that was half of one."""
    ring = KeyRing.generate(alg, now=NOW)
    text = make_issuer(ring).issue_access(GRANT, issued_at=NOW).text
    assert make_verifier(ring).verify(text).subject == "user-1"


def test_a_second_kit_in_the_process_broke_the_first() -> None:
    """Its settings were those of the module, so the last one won."""
    first = Realm(issuer="https://one.example")
    first.add_user()
    client = make_client(first)
    tokens = log_in(client)
    second = Realm(issuer="https://two.example")
    second.add_user()
    other = make_client(second)
    foreign = log_in(other)
    assert is_alive(client, tokens)
    assert is_alive(other, foreign)
    assert not is_alive(client, foreign)
    assert not is_alive(other, tokens)


async def test_a_coroutine_that_nobody_awaited_was_true() -> None:
    """So every token was revoked, or none was. Here the wrong kind of function is an error."""

    def claims_for(user: User) -> dict[str, Any]:
        return {"tenant": user.login}

    house = House(parts={"claims_for": claims_for})
    await house.register()
    with pytest.raises(ConfigurationError, match="async"):
        await house.log_in()
    user = await house.users.find_by_login("ann")
    assert user is not None
    assert await house.kit.list_sessions(user.id) == []


def test_a_guarded_route_was_open_to_the_eye_of_openapi(client: TestClient) -> None:
    """Nothing in the document said that it asks for a token, or for which scope."""
    schema = client.get("/openapi.json").json()
    (requirement,) = schema["paths"]["/tasks"]["get"]["security"]
    (scheme,) = requirement
    assert scheme in schema["components"]["securitySchemes"]
    assert {"401", "403"} <= schema["paths"]["/tasks"]["get"]["responses"].keys()


def settings_that_are_read() -> set[str]:
    """Return the attributes that the package reads, but for the module of the settings."""
    read: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        if path.name != "settings.py":
            tree = ast.parse(path.read_text("utf-8"))
            nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
            read |= {node.attr for node in nodes if ast.unparse(node.value).endswith("settings")}
    return read


def test_a_setting_was_read_by_nobody() -> None:
    """Eight of them could be set, and nothing changed."""
    assert set(Settings.model_fields) - settings_that_are_read() == set()


def test_a_star_import_needed_what_a_plain_install_has_not() -> None:
    """It named what only an extra brings."""
    extras = ("redis", "sqlalchemy", "typer", "httpx", "pytest")
    blocked = "; ".join(f"sys.modules[{name!r}] = None" for name in extras)
    code = f"import sys; {blocked}\nfrom fastapi_jwtkit import *\nprint(JWTAuth, JWTKit)"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)  # noqa: S603 - our own code
