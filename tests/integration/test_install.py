"""Mounting a kit: where it works, what it refuses, two realms on one app."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from fastapi_jwtkit import CurrentPrincipal, JWTAuth, JWTKit, Settings, require_scopes
from fastapi_jwtkit.errors import ConfigurationError, MissingKeyError, NotInstalledError
from fastapi_jwtkit.web.mounted_kit import ALL
from web_kits import PASSWORD, Realm, bearer, log_in, make_client


def add_me(app: FastAPI) -> FastAPI:
    """Add a guarded route of the app's own."""

    @app.get("/mine")
    async def mine(principal: CurrentPrincipal) -> str:
        return principal.subject

    return app


def test_it_works_without_a_lifespan_and_with_one() -> None:
    """Start-up only warms: a test client without ``with`` never runs it."""
    realm = Realm()
    user = realm.add_user()
    client = make_client(realm, add_me(FastAPI()))
    headers = bearer(log_in(client)["access_token"])
    assert client.get("/mine", headers=headers).json() == user.id
    with client:
        assert client.get("/mine", headers=headers).json() == user.id
    with client:
        assert client.get("/mine", headers=headers).json() == user.id
    assert client.get("/mine", headers=headers).json() == user.id


async def test_it_works_over_asgi_transport() -> None:
    """On the test's own event loop, without a server."""
    realm = Realm()
    app = add_me(FastAPI())
    realm.auth.install(app)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        body = {"username": "ann", "password": PASSWORD}
        assert (await client.post("/auth/register", json=body)).status_code == 201
        tokens = (await client.post("/auth/login", json=body)).json()
        answer = await client.get("/mine", headers=bearer(tokens["access_token"]))
    assert answer.status_code == 200


def test_the_apps_own_lifespan_still_runs_and_yields_its_state() -> None:
    """First the app's, so that its database is there when the kit starts."""
    order: list[str] = []
    realm = Realm()
    start, stop = realm.kit.start, realm.kit.stop

    async def started() -> None:
        order.append("kit up")
        await start()

    async def stopped() -> None:
        await stop()
        order.append("kit down")

    realm.kit.start, realm.kit.stop = started, stopped  # type: ignore[method-assign]

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> Any:
        order.append("app up")
        yield {"answer": 42}
        order.append("app down")

    with make_client(realm, FastAPI(lifespan=lifespan)):
        assert order == ["app up", "kit up"]
    assert order == ["app up", "kit up", "kit down", "app down"]


def test_production_without_keys_fails_at_start_up_and_says_what_to_do() -> None:
    """And not at import, nor when the OpenAPI document is exported."""
    kit = JWTKit(Settings(issuer="https://auth.example.com"))
    app = FastAPI()
    JWTAuth(kit).install(app)
    assert app.openapi()["paths"]
    with pytest.raises(MissingKeyError, match="jwtkit keys generate"), TestClient(app):
        pass  # pragma: no cover - start-up fails


def test_an_installation_of_its_own_serves_a_mounted_app() -> None:
    """The same plugin on both: one login, and one verification where both ask."""
    realm = Realm()
    realm.add_user()
    app, sub = add_me(FastAPI()), add_me(FastAPI())
    realm.auth.install(sub)
    app.mount("/sub", sub)
    client = make_client(realm, app)
    headers = bearer(log_in(client)["access_token"])
    for path in ("/mine", "/sub/mine", "/sub/auth/me"):
        assert client.get(path, headers=headers).status_code == 200
        assert client.get(path).status_code == 401
        assert client.get(path).json()["error_code"] == "not_authenticated"


def test_a_mounted_app_of_another_realm_does_not_see_the_parents_principal() -> None:
    """A mount shares the connection's scope; the memo in it is each plugin's own."""
    parent, child = Realm(), Realm(issuer="https://other.example.com")
    seen: list[str | None] = []

    class Outer:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            from starlette.requests import HTTPConnection  # noqa: PLC0415

            principal = await parent.auth.principal_of(HTTPConnection(scope))
            seen.append(principal.subject if principal else None)
            await self.app(scope, receive, send)

    sub = add_me(FastAPI())
    child.auth.install(sub)
    app = FastAPI()
    app.mount("/sub", Outer(sub))
    client = make_client(parent, app)
    answer = client.get("/sub/mine", headers=parent.headers())
    assert seen[0] is not None
    assert answer.status_code == 401


def test_a_guard_without_an_installation_says_what_is_missing() -> None:
    """A developer's mistake: a 500 for the client, the fix in the log."""
    app = add_me(FastAPI())
    with pytest.raises(NotInstalledError, match=r"auth\.install\(app\)"):
        TestClient(app).get("/mine")
    quiet = TestClient(app, raise_server_exceptions=False)
    assert quiet.get("/mine").status_code == 500


def test_a_bound_guard_answers_401_on_an_app_without_an_installation() -> None:
    """It knows its plugin, and its error is an ``HTTPException`` that any app can render."""
    realm = Realm()
    app = FastAPI()
    app.add_api_route("/mine", lambda: None, dependencies=[Depends(realm.auth.require_scopes("a"))])
    client = TestClient(app)
    answer = client.get("/mine")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json() == {"detail": "Not authenticated."}
    assert client.get("/mine", headers=realm.headers(scopes=["a"])).status_code == 200


def test_installing_is_refused_once_the_app_serves() -> None:
    """Handlers added then would never be asked."""
    app = FastAPI()
    TestClient(app).get("/")
    with pytest.raises(ConfigurationError, match="serves already"):
        Realm().auth.install(app)


def test_installing_twice_is_refused() -> None:
    """Every route would be there twice."""
    realm = Realm()
    app = FastAPI()
    realm.auth.install(app)
    with pytest.raises(ConfigurationError, match="already"):
        realm.auth.install(app)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"issuer": "https://b.example.com"}, "prefix"),
        ({"prefix": "/staff"}, "issuer"),
        ({"prefix": "/staff", "issuer": "https://b.example.com", "realm": "same"}, "realm"),
    ],
)
def test_a_second_realm_must_have_everything_of_its_own(options: dict[str, Any], what: str) -> None:
    """Else routes hide each other, or tokens of one pass as the other's."""
    app = FastAPI()
    Realm(realm="same").auth.install(app)
    with pytest.raises(ConfigurationError, match=what):
        Realm(**options).auth.install(app)


def test_two_realms_on_one_app_keep_their_tokens_apart() -> None:
    """Own routes, own keys, own guards; no token of one opens a door of the other."""
    people, staff = Realm(), Realm(prefix="/staff", issuer="https://staff.example.com")
    for realm in (people, staff):
        realm.add_user(scopes=["a"])
    app = FastAPI()
    app.add_api_route("/p", lambda: None, dependencies=[Depends(people.auth.require_scopes("a"))])
    app.add_api_route("/s", lambda: None, dependencies=[Depends(staff.auth.require_scopes("a"))])
    people.auth.install(app)
    client = make_client(staff, app)
    body = {"username": "ann", "password": PASSWORD}
    mine = client.post("/auth/login", json=body).json()
    theirs = client.post("/staff/login", json=body).json()
    matrix = {
        path: [
            client.get(path, headers=bearer(tokens["access_token"])).status_code
            for tokens in (mine, theirs)
        ]
        for path in ("/p", "/auth/me", "/auth/sessions", "/s", "/staff/me", "/staff/sessions")
    }
    assert matrix == {
        **{path: [200, 401] for path in ("/p", "/auth/me", "/auth/sessions")},
        **{path: [401, 200] for path in ("/s", "/staff/me", "/staff/sessions")},
    }
    for path, tokens in (("/auth", theirs), ("/staff", mine)):
        refresh = {"refresh_token": tokens["refresh_token"]}
        assert client.post(f"{path}/refresh", json=refresh).status_code == 400
        for way in ("logout", "logout-all"):
            foreign = bearer(tokens["access_token"])
            assert client.post(f"{path}/{way}", headers=foreign).status_code == 401
            assert client.post(f"{path}/{way}", json=refresh).status_code == 401
    keys = [
        client.get(path).json()["keys"][0]["kid"]
        for path in ("/.well-known/jwks.json", "/staff/.well-known/jwks.json")
    ]
    assert keys[0] != keys[1]


def test_a_free_guard_on_an_app_with_two_realms_is_an_error_everywhere() -> None:
    """At start-up, in the schema, and closed at the first request."""
    first, second = Realm(), Realm(prefix="/staff", issuer="https://staff.example.com")
    app = FastAPI()
    app.add_api_route("/tasks", lambda: None, dependencies=[Depends(require_scopes("a"))])
    first.auth.install(app)
    second.auth.install(app)
    with pytest.raises(ConfigurationError, match=r"/tasks.*two realms"):
        app.openapi()
    with pytest.raises(ConfigurationError, match=r"/tasks.*two realms"), TestClient(app):
        pass  # pragma: no cover - start-up fails
    with pytest.raises(ConfigurationError, match="two realms"):
        TestClient(app).get("/tasks", headers=first.headers(scopes=["a"]))


def test_routes_can_be_left_out() -> None:
    """By name; what the kit cannot serve is left out by itself."""
    realm = Realm(routes=ALL - {"register", "jwks"})
    client = make_client(realm)
    assert client.post("/auth/register", json={}).status_code == 404
    assert client.get("/.well-known/jwks.json").status_code == 404
    assert client.get("/auth/me").status_code == 401
    verifier = Realm(parts={"users": None})
    paths = make_client(verifier).get("/openapi.json").json()["paths"]
    assert set(paths) == {"/.well-known/jwks.json"}


@pytest.mark.parametrize(
    "options",
    [
        {"prefix": "auth"},
        {"prefix": "/auth/"},
        {"prefix": ""},
        {"prefix": "/{tenant}"},
        {"transports": ("carrier-pigeon",)},
        {"transports": "bearer"},
        {"transports": ()},
        {"routes": ("regster",)},
        {"routes": "everything"},
    ],
)
def test_a_plugin_that_cannot_work_is_refused_where_it_is_made(options: dict[str, Any]) -> None:
    """A misspelt route would be missing, unseen."""
    with pytest.raises(ConfigurationError):
        JWTAuth(Realm().kit, **options)


def test_a_plugin_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """The quick start: keys and users of its own in development."""
    monkeypatch.setenv("JWTKIT_ENV", "dev")
    monkeypatch.setenv("JWTKIT_DEV_DIRECTORY", str(tmp_path / "keys"))
    auth = JWTAuth.from_env(prefix="/accounts", routes=ALL - {"me"})
    app = FastAPI()
    auth.install(app)
    assert auth.kit.accounts.can("register")
    assert "/accounts/register" in app.openapi()["paths"]
    assert "/accounts/me" not in app.openapi()["paths"]
