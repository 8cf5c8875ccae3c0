"""Forged requests that no session answers for yet: logins, and handshakes of sockets."""

from __future__ import annotations

import inspect

import pytest
from fastapi import Depends, FastAPI, Response, WebSocket
from starlette.requests import Request
from starlette.testclient import WebSocketDenialResponse

from fastapi_jwtkit import CurrentPrincipal
from fastapi_jwtkit.events import EventName
from kits import Heard
from pages import (
    ACCESS,
    BOTH,
    CROSS_SITE,
    CSRF,
    EVIL,
    ORIGIN,
    REFRESH,
    SAME_ORIGIN,
    Page,
    make_app,
    open_page,
    refuse_csrf,
)
from web_kits import PASSWORD, Realm


@pytest.fixture
def heard() -> Heard:
    """Return a sink of events."""
    return Heard()


@pytest.fixture
def realm(heard: Heard) -> Realm:
    """Return a realm with two users, who may choose a transport."""
    realm = Realm(transports=BOTH, parts={"events": (heard,)})
    realm.add_user("ann")
    realm.add_user("mallory")
    return realm


@pytest.mark.std(85)
@pytest.mark.attack(18)
@pytest.mark.parametrize(
    "headers",
    [
        CROSS_SITE,
        {"Origin": "null"},
        {"Origin": ORIGIN, "Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_no_other_site_logs_its_visitor_in(
    realm: Realm, headers: dict[str, str], heard: Heard
) -> None:
    """As Mallory, to read later what Ann did: refused before the password is looked at."""
    page = open_page(realm)
    body = {"username": "mallory", "password": PASSWORD, "transport": "cookie"}
    refuse_csrf(page.client.post("/auth/login", json=body, headers=headers))
    assert page.jar == {}
    assert heard.of(EventName.LOGIN_SUCCEEDED) == []
    assert heard.of(EventName.CSRF_FAILED)


@pytest.mark.std(85)
@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
@pytest.mark.parametrize("origin", [{}, SAME_ORIGIN])
@pytest.mark.parametrize("strict", [True, False])
def test_a_login_that_a_form_could_send_sets_no_cookie(
    realm: Realm, content_type: str | None, origin: dict[str, str], *, strict: bool
) -> None:
    """An old browser's form says nothing of its origin, and cannot send JSON."""
    # An older FastAPI knows no such option, and is never strict.
    knows = "strict_content_type" in inspect.signature(FastAPI).parameters
    app = FastAPI(strict_content_type=strict) if knows else FastAPI()
    realm.auth.install(app)
    page = Page(app)
    body = '{"username": "mallory", "password": "' + PASSWORD + '", "transport": "cookie"}'
    headers = origin if content_type is None else {**origin, "Content-Type": content_type}
    answer = page.client.post("/auth/login", content=body, headers=headers)
    assert answer.status_code in {403, 422}
    assert "set-cookie" not in answer.headers


def socket_app(realm: Realm) -> FastAPI:
    """Return an app with a socket."""
    app = FastAPI()

    @app.websocket("/ws")
    async def socket(socket: WebSocket, principal: CurrentPrincipal) -> None:
        await socket.accept()
        await socket.send_text(principal.subject)
        await socket.close()

    realm.auth.install(app)
    return app


@pytest.mark.std(85)
@pytest.mark.attack(18)
@pytest.mark.parametrize("headers", [CROSS_SITE, {"Origin": "null"}, {"Sec-Fetch-Site": "x"}, {}])
def test_no_other_site_opens_a_socket_with_the_visitors_cookies(
    realm: Realm, headers: dict[str, str]
) -> None:
    """SameSite does not keep all of them out, and CORS does not reach sockets."""
    page = Page(socket_app(realm))
    page.log_in()
    with (
        pytest.raises(WebSocketDenialResponse) as caught,
        page.client.websocket_connect("wss://app.example.com/ws", headers=headers),
    ):
        pass  # pragma: no cover - the handshake fails
    refuse_csrf(caught.value)


@pytest.mark.parametrize("by", ["origin", "token"])
def test_a_page_of_the_application_opens_a_socket_by_its_origin(realm: Realm, by: str) -> None:
    """A script can add no header there; a client that is no browser can."""
    page = Page(socket_app(realm))
    page.log_in()
    headers = SAME_ORIGIN if by == "origin" else {"X-CSRF-Token": page.jar[CSRF]}
    with page.client.websocket_connect("wss://app.example.com/ws", headers=headers) as socket:
        assert socket.receive_text()


def test_an_allowed_origin_may_act_and_no_other() -> None:
    """Behind a proxy that changes Host, the origin that people see is configured."""
    realm = Realm(transports=BOTH, allowed_origins=f"{ORIGIN}, https://www.example.com")
    realm.add_user()
    page = Page(make_app(realm))
    page.client.base_url = page.client.base_url.copy_with(host="internal.example")
    page.log_in()
    token = {"X-CSRF-Token": page.jar[CSRF]}
    for origin in (ORIGIN, "https://www.example.com"):
        assert page.client.post("/act", headers={**token, "Origin": origin}).status_code == 200
    for origin in (EVIL, "https://example.com"):
        refuse_csrf(page.client.post("/act", headers={**token, "Origin": origin}))


def test_the_public_url_is_an_origin_of_the_application() -> None:
    """Whoever named it for mails need not name it again; its path is no part of an origin."""
    realm = Realm(transports=BOTH, public_url=f"{ORIGIN}/tasks")
    realm.add_user()
    page = Page(make_app(realm))
    page.client.base_url = page.client.base_url.copy_with(host="internal.example")
    page.log_in()
    token = {"X-CSRF-Token": page.jar[CSRF]}
    assert page.client.post("/act", headers={**token, "Origin": ORIGIN}).status_code == 200
    refuse_csrf(page.client.post("/act", headers={**token, "Origin": EVIL}))


def test_a_login_of_ones_own_is_guarded_and_writes_the_same_cookies(realm: Realm) -> None:
    """``Depends(auth.same_origin)``, ``open_session`` and ``write_cookies``."""
    app, auth = FastAPI(), realm.auth
    auth.install(app)

    @app.post("/passkey", dependencies=[Depends(auth.same_origin)])
    async def passkey(request: Request, response: Response) -> None:
        user = await realm.users.find_by_login("ann")
        assert user is not None
        pair = await realm.kit.open_session(user, amr=("swk",), transport="cookie")
        auth.write_cookies(request, response, pair)

    @app.post("/leave", dependencies=[Depends(auth.current_principal)])
    async def leave(request: Request, response: Response) -> None:
        auth.clear_cookies(request, response)

    page = Page(app)
    refuse_csrf(page.client.post("/passkey", headers=CROSS_SITE))
    assert page.client.post("/passkey", headers=SAME_ORIGIN).status_code == 200
    assert page.jar.keys() == {ACCESS, REFRESH, CSRF}
    assert page.is_logged_in()
    refuse_csrf(page.client.post("/leave", headers=SAME_ORIGIN))
    assert page.post("/leave").status_code == 200
    assert page.jar == {}
