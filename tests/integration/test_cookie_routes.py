"""Cookies beside bearer on one app: routes, realms, mounts and the OpenAPI schema."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import Depends, FastAPI

from clocks import FakeClock
from cookie_fixtures import clock as clock  # noqa: PLC0414 - pytest finds it by its name here
from cookie_fixtures import page as page  # noqa: PLC0414 - likewise
from cookie_fixtures import realm as realm  # noqa: PLC0414 - likewise
from fastapi_jwtkit import JWTAuth, JWTKit, OptionalPrincipal
from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.events import EventName
from kits import Heard
from pages import (
    ACCESS,
    BOTH,
    CSRF,
    REFRESH,
    SAME_ORIGIN,
    Page,
    make_app,
    open_page,
)
from pages import set_cookies as cookies_of
from web_kits import ISSUER, PASSWORD, Realm, make_settings, run


def test_a_session_lives_in_cookies_from_login_to_logout(page: Page, clock: FakeClock) -> None:
    """Log in, read, act, expire, refresh, log out."""
    page.log_in(device_name="laptop")
    me = page.get("/auth/me").json()
    assert me["username"] == "ann"
    assert page.post("/act").json() == me["id"]
    (session,) = page.get("/auth/sessions").json()
    assert (session["id"], session["device_name"]) == (me["session_id"], "laptop")
    clock.step(600)
    assert page.get("/auth/me").status_code == 401
    assert page.post("/act").status_code == 401
    assert page.post("/auth/refresh").status_code == 200
    assert page.post("/act").status_code == 200
    assert page.post("/auth/logout").status_code == 204
    assert not page.is_logged_in()


def test_cookies_of_two_sessions_end_neither(page: Page) -> None:
    """Which one was meant is not for us to guess."""
    page.log_in()
    one = page.jar
    page.client.cookies.clear()
    page.log_in()
    two = page.jar
    page.client.cookies.clear()
    for token in (one[CSRF], two[CSRF]):
        cookie = f"{ACCESS}={one[ACCESS]}; {REFRESH}={two[REFRESH]}"
        headers = {"Cookie": cookie, "X-CSRF-Token": token, **SAME_ORIGIN}
        answer = page.client.post("/auth/logout", headers=headers)
        assert answer.status_code in {400, 403}
        assert "set-cookie" not in answer.headers
    for jar in (one, two):
        headers = {"Cookie": f"{ACCESS}={jar[ACCESS]}"}
        assert page.client.get("/auth/me", headers=headers).status_code == 200


def test_a_refresh_by_cookie_may_narrow_and_never_widen(page: Page) -> None:
    """As in a body; nothing is spent by a refusal."""
    page.log_in()
    narrow = page.post("/auth/refresh", json={"scope": "tasks:read"}).json()
    assert narrow["scope"] == "tasks:read"
    answer = page.post("/auth/refresh", json={"scope": "admin"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    assert page.post("/auth/refresh").json()["scope"] == "tasks:read tasks:write"
    page.client.cookies.clear()
    assert page.client.post("/auth/refresh").json()["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("transports", "asked", "expected"),
    [
        (("bearer", "cookie"), None, "bearer"),
        (("cookie", "bearer"), None, "cookie"),
        (("cookie", "bearer"), "bearer", "bearer"),
        (("bearer", "cookie"), "cookie", "cookie"),
        (("cookie",), None, "cookie"),
        (("bearer",), "cookie", "bearer"),
    ],
)
def test_a_login_chooses_its_transport_where_there_is_a_choice(
    transports: tuple[str, ...], asked: str | None, expected: str
) -> None:
    """The first that is mounted is the default; a member that means nothing is ignored."""
    realm = Realm(transports=transports)
    user = realm.add_user()
    page = open_page(realm)
    body = {"username": "ann", "password": PASSWORD, "transport": asked}
    answer = page.client.post("/auth/login", json=body, headers=SAME_ORIGIN)
    assert answer.status_code == 200
    assert ("access_token" in answer.json()) == (expected == "bearer")
    assert bool(page.jar) == (expected == "cookie")
    (session,) = run(realm.kit.list_sessions(user.id))
    assert session.transport == expected


def test_an_unknown_transport_is_a_422_that_opens_no_session() -> None:
    """And in code an error before anything is stored."""
    heard = Heard()
    realm = Realm(transports=BOTH, parts={"events": (heard,)})
    realm.add_user()
    page = open_page(realm)
    body = {"username": "ann", "password": PASSWORD, "transport": "carrier pigeon"}
    assert page.client.post("/auth/login", json=body).status_code == 422
    user = run(realm.users.find_by_login("ann"))
    assert user is not None
    with pytest.raises(ConfigurationError, match="pigeon"):
        realm.open_session(user, transport="pigeon")
    assert heard.of(EventName.SESSION_CREATED) == []


def test_an_optional_guard_takes_a_good_cookie_a_stranger_and_no_bad_one(realm: Realm) -> None:
    """As with a header."""
    app = make_app(realm)

    @app.get("/maybe")
    async def maybe(principal: OptionalPrincipal) -> bool:
        return principal is not None

    page = Page(app)
    assert page.get("/maybe").json() is False
    page.log_in()
    assert page.get("/maybe").json() is True
    page.client.cookies.clear()
    assert page.get("/maybe", headers={"Cookie": f"{ACCESS}=x"}).status_code == 401


def test_two_realms_on_one_host_keep_their_cookies_apart(realm: Realm) -> None:
    """Each has names of its own, and takes its own."""
    staff = Realm(prefix="/staff/auth", issuer=ISSUER + "/staff", transports=("cookie",))
    staff.add_user("ann")
    app = FastAPI()
    realm.auth.install(app)
    staff.auth.install(app)
    app.add_api_route("/staff", lambda: "in", dependencies=[Depends(staff.auth.current_principal)])
    page = Page(app)
    page.log_in()
    assert page.get("/staff").status_code == 401
    body = {"username": "ann", "password": PASSWORD}
    answer = page.client.post("/staff/auth/login", json=body, headers=SAME_ORIGIN)
    assert cookies_of(answer).keys() == {
        "__Host-jwtkit-staff-auth-access",
        "__Secure-jwtkit-staff-auth-refresh",
        "__Host-jwtkit-staff-auth-csrf",
    }
    assert page.get("/staff").status_code == 200
    assert page.is_logged_in()
    page.post("/auth/logout")
    assert page.get("/staff").status_code == 200


def test_two_realms_with_one_cookie_name_are_refused() -> None:
    """Each login would overwrite the other's."""
    one = Realm(transports=BOTH, cookie_name="shop")
    two = Realm(transports=BOTH, cookie_name="shop", prefix="/staff", issuer=ISSUER + "/staff")
    app = FastAPI()
    one.auth.install(app)
    with pytest.raises(ConfigurationError, match="cookie name 'shop'"):
        two.auth.install(app)


@pytest.mark.parametrize(
    "transports", [(), "cookie", ("cookie", "cookie"), ("bearer", "query"), ("Cookie",)]
)
def test_transports_that_are_none_are_refused(transports: Any) -> None:
    """A token is only read where the app says it lives."""
    with pytest.raises(ConfigurationError, match="transport"):
        Realm(transports=transports)


def test_cookies_need_users() -> None:
    """Without them there is no secret that ties a page to a session."""
    kit = JWTKit(make_settings())
    with pytest.raises(ConfigurationError, match="no users"):
        JWTAuth(kit, transports=("cookie",))


@pytest.mark.parametrize(
    "origins", ["*", "https://a.example/", "a.example", "https://A.example", "https://*.a.example"]
)
def test_an_allowed_origin_is_one_origin(origins: str) -> None:
    """No wildcard: a forgotten sibling is the usual way in."""
    with pytest.raises(ConfigurationError, match="not an origin"):
        make_settings(allowed_origins=origins)


@pytest.mark.parametrize("name", ["a b", "a;b", "a=b", "ä", "n" * 65])
def test_a_cookie_name_is_one(name: str) -> None:
    """It is written into headers as it is."""
    with pytest.raises(ConfigurationError, match="COOKIE_NAME"):
        make_settings(cookie_name=name)


def test_cookies_go_where_the_routes_are_below_a_root_path(realm: Realm) -> None:
    """In a mounted app, or behind a proxy that takes a prefix off; quoted in any case."""
    inner = make_app(realm)
    app = FastAPI()
    app.mount("/shop/{tenant}", inner)
    page = Page(app)
    body = {"username": "ann", "password": PASSWORD, "transport": "cookie"}
    answer = page.client.post("/shop/a;%20Domain=b/auth/login", json=body, headers=SAME_ORIGIN)
    assert answer.status_code == 200
    for attributes in cookies_of(answer).values():
        assert "domain" not in attributes
    page.client.cookies.clear()
    answer = page.client.post("/shop/acme/auth/login", json=body, headers=SAME_ORIGIN)
    assert cookies_of(answer)[REFRESH]["path"] == "/shop/acme/auth"
    assert page.post("/shop/acme/auth/refresh").status_code == 200
    assert page.post("/shop/acme/auth/logout").status_code == 204
    assert page.jar == {}


def test_pairs_and_plugins_that_know_no_cookies_are_refused(realm: Realm) -> None:
    """Their cookies would be refused at the next request."""
    user = run(realm.users.find_by_login("ann"))
    assert user is not None
    app, without = FastAPI(), Realm()
    with pytest.raises(ConfigurationError, match="'bearer'"):
        realm.auth.write_cookies(None, None, realm.open_session(user))  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="serves none"):
        without.auth.clear_cookies(None, None)  # type: ignore[arg-type]
    without.auth.install(app)
