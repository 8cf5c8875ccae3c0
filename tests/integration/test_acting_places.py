"""``acting_as`` with cookies, a gate, several realms and mounts; and where it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from acted_app import add_routes, make_app
from fastapi_jwtkit import JWTAuth, JWTKit
from fastapi_jwtkit.errors import ConfigurationError, NotInstalledError
from fastapi_jwtkit.testing.acting import acting_as
from web_kits import Realm, bearer, make_settings


@pytest.fixture
def realm() -> Realm:
    """Return a kit with its plugin."""
    return Realm()


@pytest.fixture
def app(realm: Realm) -> FastAPI:
    """Return an app with every kind of guard."""
    return make_app(realm)


def test_a_gate_lets_it_in(app: FastAPI, realm: Realm) -> None:
    """Deny by default is passed by the same token."""
    app.add_api_route("/raw", lambda: "raw")
    realm.auth.protect(app)
    client = TestClient(app)
    assert client.get("/raw").status_code == 401
    with acting_as(app, "ann"):
        assert client.get("/raw").json() == "raw"


@pytest.fixture
def cookies() -> tuple[FastAPI, TestClient]:
    """Return an app that takes cookies only."""
    app = make_app(Realm(transports=("cookie",)))
    return app, TestClient(app, base_url="https://app.example.com")


def test_a_plugin_of_cookies_alone_gets_a_cookie(cookies: tuple[FastAPI, TestClient]) -> None:
    """With the CSRF token of the session, as its page would send it."""
    app, client = cookies
    with acting_as(app, "ann", scopes=["tasks:read", "tasks:write"]) as ann:
        assert "Authorization" not in ann.headers
        assert client.get("/strict").json() == "ann"
        assert client.post("/tasks").json() == "hello ann"
        assert client.post("/tasks", headers={"X-CSRF-Token": "made up"}).status_code == 403
        with client.websocket_connect("/socket") as socket:
            assert socket.receive_text() == "ann"
        client.cookies.set("theme", "dark")
        assert client.get("/me").json() == "ann"
        headers = ann.headers
        assert TestClient(app, headers=headers).get("/me").json() == "ann"
    assert client.get("/me").status_code == 401


def test_a_page_of_another_origin_is_still_refused(cookies: tuple[FastAPI, TestClient]) -> None:
    """Who acts is not who calls from elsewhere."""
    app, client = cookies
    with acting_as(app, "ann", scopes=["tasks:write"]):
        answer = client.post("/tasks", headers={"Origin": "https://evil.example"})
    assert answer.json()["error_code"] == "csrf_failed"


def test_an_access_cookie_of_a_client_wins(cookies: tuple[FastAPI, TestClient]) -> None:
    """Two would be refused, and rightly; a repeated one is left to the app as well."""
    app, client = cookies
    with acting_as(app, "ann"):
        name = "__Host-jwtkit-access"
        assert client.get("/me", headers={"Cookie": f"{name}=no.to.ken"}).status_code == 401
        assert client.get("/me", headers={"Cookie": f"{name}=a; {name}=b"}).status_code == 400


def test_a_plugin_of_both_takes_the_one_that_was_asked_for() -> None:
    """The first by default."""
    app = make_app(Realm(transports=("bearer", "cookie")))
    client = TestClient(app, base_url="https://app.example.com")
    with acting_as(app, "ann", transport="cookie") as ann:
        assert client.get("/me").json() == "ann"
        assert "Cookie" in ann.headers
    with acting_as(app, "ann") as ann:
        assert client.get("/me").json() == "ann"
        assert "Authorization" in ann.headers
    with pytest.raises(ConfigurationError, match="none of this plugin's"):
        acting_as(make_app(Realm()), "ann", transport="cookie")


def two_realms() -> tuple[FastAPI, Realm, Realm]:
    """Return an app of two realms, each with a route of its own."""
    people, staff = Realm(), Realm(prefix="/staff", issuer="https://staff.example.com")
    app = FastAPI()
    for path, realm in (("/p", people), ("/s", staff)):
        realm.auth.install(app)
        app.add_api_route(
            path, lambda: "in", dependencies=[Depends(realm.auth.require_scopes("a"))]
        )
    return app, people, staff


def test_of_several_realms_one_is_named() -> None:
    """And the others refuse its token."""
    app, people, staff = two_realms()
    client = TestClient(app)
    with acting_as(app, "ann", scopes=["a"], realm=people.kit.realm):
        assert client.get("/p").status_code == 200
        assert client.get("/s").status_code == 401
        with acting_as(app, "root", scopes=["a"], realm=staff.kit.realm):
            assert client.get("/s").status_code == 200
            assert client.get("/p").status_code == 401
        assert client.get("/p").status_code == 200
    for realm in (None, "https://nobody.example.com"):
        with pytest.raises(ConfigurationError, match="has the realms"):
            acting_as(app, "ann", realm=realm)


def test_a_mounted_app_is_acted_on_by_itself() -> None:
    """Whoever acts above it: the app whose requests they are decides."""
    above, below = Realm(), Realm(issuer="https://staff.example.com")
    app, mounted = make_app(above), make_app(below)
    app.mount("/staff", mounted)
    client = TestClient(app)
    with acting_as(app, "ann"):
        assert client.get("/me").json() == "ann"
        assert client.get("/staff/me").status_code == 401
        with acting_as(mounted, "root"):
            assert client.get("/staff/me").json() == "root"
            assert client.get("/me").json() == "ann"
            assert client.get("/staff/me", headers=bearer("no.to.ken")).status_code == 401
    assert client.get("/staff/me").status_code == 401


def test_a_mounted_app_with_the_same_plugin_takes_the_token_of_the_outer(realm: Realm) -> None:
    """It trusts the same keys."""
    app, mounted = make_app(realm), make_app(realm)
    app.mount("/inner", mounted)
    with acting_as(app, "ann"):
        assert TestClient(app).get("/inner/me").json() == "ann"


def test_a_kit_without_users_signs_as_well() -> None:
    """One that only verifies, given keys that can sign."""
    app = FastAPI()
    add_routes(app)
    JWTAuth(JWTKit(make_settings())).install(app)
    with acting_as(app, "ann") as ann:
        assert TestClient(app).get("/strict").json() == "ann"
        assert ann.refresh_token == ""


def test_production_is_refused() -> None:
    """What signs for anybody is a way in."""
    app = FastAPI()
    settings = make_settings(env="prod", audience=("https://api.example.com",))
    JWTAuth(JWTKit(settings)).install(app)
    with pytest.raises(ConfigurationError, match="env='prod'") as refused:
        acting_as(app, "ann")
    assert refused.value.why
    assert "JWTKIT_ENV=dev" in refused.value.fix


def test_what_is_no_app_of_ours_is_a_clear_error(app: FastAPI) -> None:
    """A bare app, a wrapped one, and names that are one string."""
    with pytest.raises(NotInstalledError, match="No JWTAuth"):
        acting_as(FastAPI(), "ann")
    wrapped: Any = TestClient(app)
    with pytest.raises(ConfigurationError, match="TestClient"):
        acting_as(wrapped, "ann")
    with pytest.raises(ConfigurationError, match="one string"):
        acting_as(app, "ann", roles="admin")
