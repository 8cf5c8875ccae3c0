"""Open sockets end with the token that opened them, and leave nothing behind."""

from __future__ import annotations

import pytest
from fastapi import FastAPI, WebSocket
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from clocks import MovingClock
from fastapi_jwtkit import CurrentPrincipal, Principal
from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.records import FeedPage, RevocationEntry
from fastapi_jwtkit.revocations import vigils
from fastapi_jwtkit.stores.memory import MemoryRevocationStore, MemorySessionStore
from fastapi_jwtkit.web.guards import current_principal
from fastapi_jwtkit.web.live import live
from live_apps import make_live_app, vigils_of
from pages import BOTH, SAME_ORIGIN, Page
from web_kits import Realm, bearer, log_in, run


@pytest.fixture(autouse=True)
def _prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at a clock that a test steps, and at the map, more often than a second."""
    monkeypatch.setattr(vigils, "LOOK_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(vigils, "PATROL_SECONDS", 0.01)


@pytest.fixture
def clock() -> MovingClock:
    """Return a clock that runs, and can be moved."""
    return MovingClock()


@pytest.fixture
def realm(clock: MovingClock) -> Realm:
    """Return a realm with a user."""
    realm = Realm(clock=clock)
    realm.add_user()
    return realm


@pytest.mark.std(102)
@pytest.mark.parametrize("how", ["expired", "logout", "claims", "key"])
@pytest.mark.parametrize("path", ["/ws", "/quiet"])
def test_a_socket_is_closed_with_its_token(
    realm: Realm, clock: MovingClock, how: str, path: str
) -> None:
    """With 1008 and a word for the client; what the endpoint waits for is cancelled."""
    said: list[str] = []
    client = TestClient(make_live_app(realm.auth, said))
    tokens = log_in(client)
    headers = bearer(tokens["access_token"])
    with client.websocket_connect(path, headers=headers) as socket:
        if path == "/ws":
            socket.send_text("in")
        assert socket.receive_text() == "in"
        assert len(vigils_of(realm.kit)) == 1
        if how == "expired":
            clock.step(600)
        elif how == "logout":
            assert client.post("/auth/logout", headers=headers).status_code == 204
        elif how == "claims":
            subject = client.get("/auth/me", headers=headers).json()["id"]
            run(realm.kit.expire_claims(subject))
        else:
            kid = run(realm.kit.verify(tokens["access_token"])).kid
            entry = RevocationEntry(kind="kid", value=kid, expires_at=None)
            run(realm.kit._assembly.revocations.publish([entry]))
        with pytest.raises(WebSocketDisconnect) as caught:
            socket.receive_text()
    assert (caught.value.code, caught.value.reason) == (1008, "invalid_token")
    assert len(vigils_of(realm.kit)) == 0
    assert said == (["behind the block"] if path == "/ws" else [])


def test_another_session_stays(realm: Realm) -> None:
    """Whoever logs out on one device is not cut off on another."""
    client = TestClient(make_live_app(realm.auth))
    mine, other = log_in(client), log_in(client)
    with client.websocket_connect("/ws", headers=bearer(mine["access_token"])) as socket:
        client.post("/auth/logout", headers=bearer(other["access_token"]))
        socket.send_text("still here")
        assert socket.receive_text() == "still here"
    assert len(vigils_of(realm.kit)) == 0


def test_a_client_that_leaves_leaves_nothing_behind(realm: Realm) -> None:
    """No timer, no task and no entry in a table."""
    client = TestClient(make_live_app(realm.auth))
    tokens = log_in(client)
    for path in ("/ws", "/quiet"):
        with client.websocket_connect(path, headers=bearer(tokens["access_token"])):
            pass
        assert len(vigils_of(realm.kit)) == 0
    assert vigils_of(realm.kit)._by_name == {}


def test_strangers_and_principals_of_a_test_are_never_cut(realm: Realm) -> None:
    """They have no token that could die."""
    app = make_live_app(realm.auth)
    client = TestClient(app)
    with client.websocket_connect("/quiet") as socket:
        assert socket.receive_text() == "in"
    app.dependency_overrides[current_principal] = lambda: Principal(subject="ann")
    with client.websocket_connect("/ws") as socket:
        socket.send_text("hello")
        assert socket.receive_text() == "hello"


@pytest.mark.std(85, 102)
@pytest.mark.attack(18)
def test_a_socket_by_cookies_is_closed_with_them() -> None:
    """Opened by a page of the application, and by no other origin."""
    realm = Realm(transports=BOTH)
    realm.add_user()
    page = Page(make_live_app(realm.auth))
    page.log_in()
    url = "wss://app.example.com/ws"
    with (
        pytest.raises(WebSocketDenialResponse) as refused,
        page.client.websocket_connect(url, headers={"Origin": "https://evil.example"}),
    ):
        pass  # pragma: no cover - the handshake fails
    assert refused.value.status_code == 403
    with page.client.websocket_connect(url, headers=SAME_ORIGIN) as socket:
        socket.send_text("hello")
        assert socket.receive_text() == "hello"
        assert page.post("/auth/logout").status_code == 204
        with pytest.raises(WebSocketDisconnect) as caught:
            socket.receive_text()
    assert caught.value.code == 1008


class BreakableFeed(MemoryRevocationStore):
    """A feed whose server can be taken away."""

    is_broken = False

    async def snapshot(self, realm: str, /) -> FeedPage:
        """Return the state, if there is a server."""
        if self.is_broken:
            raise StoreUnavailableError("taken_away")
        return await super().snapshot(realm)

    async def follow(self, realm: str, position: str, /) -> FeedPage:
        """Return what came, if there is a server."""
        if self.is_broken:
            raise StoreUnavailableError("taken_away")
        return await super().follow(realm, position)


def test_a_socket_does_not_stay_where_nobody_can_say_whether_it_may(clock: MovingClock) -> None:
    """A request would be answered with 503; the socket is told to try again later."""
    feed = BreakableFeed(clock=clock)
    parts = {"revocations": feed, "sessions": MemorySessionStore(clock=clock)}
    realm = Realm(clock=clock, parts=parts, max_staleness=30)
    realm.add_user()
    client = TestClient(make_live_app(realm.auth))
    tokens = log_in(client)
    with client.websocket_connect("/ws", headers=bearer(tokens["access_token"])) as socket:
        feed.is_broken = True
        clock.step(31)
        with pytest.raises(WebSocketDisconnect) as caught:
            socket.receive_text()
    assert (caught.value.code, caught.value.reason) == (1013, "temporarily_unavailable")


def test_a_map_that_nobody_follows_closes_nothing_but_expired_tokens(clock: MovingClock) -> None:
    """With ``revocation="off"`` a token lives until it expires, on a socket as elsewhere."""
    realm = Realm(clock=clock, revocation="off")
    realm.add_user()
    client = TestClient(make_live_app(realm.auth))
    headers = bearer(log_in(client)["access_token"])
    with client.websocket_connect("/ws", headers=headers) as socket:
        client.post("/auth/logout", headers=headers)
        socket.send_text("still here")
        assert socket.receive_text() == "still here"
        clock.step(600)
        with pytest.raises(WebSocketDisconnect):
            socket.receive_text()


def test_a_token_that_died_before_the_block_is_refused(realm: Realm, clock: MovingClock) -> None:
    """Before ``accept`` with a status, after it with a close, and the block never runs."""
    app, ran = FastAPI(), list[str]()

    @app.websocket("/{when}")
    async def late(socket: WebSocket, when: str, principal: CurrentPrincipal) -> None:
        if when == "accepted":
            await socket.accept()
        sid = principal.session_id or ""
        if when != "expired":
            await realm.kit.close_sid(sid, subject=principal.subject)
        else:
            clock.step(600)
        async with live(socket, principal):
            ran.append(when)

    realm.auth.install(app)
    client = TestClient(app)
    for when in ("at once", "expired"):
        headers = bearer(log_in(client)["access_token"])
        with (
            pytest.raises(WebSocketDenialResponse) as refused,
            client.websocket_connect(f"/{when}", headers=headers),
        ):
            pass  # pragma: no cover - the handshake fails
        assert refused.value.status_code == 401
        assert refused.value.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    headers = bearer(log_in(client)["access_token"])
    with client.websocket_connect("/accepted", headers=headers) as socket:
        with pytest.raises(WebSocketDisconnect) as caught:
            socket.receive_text()
        assert (caught.value.code, caught.value.reason) == (1008, "invalid_token")
    assert ran == []


def test_what_the_block_raises_comes_out_of_it(realm: Realm) -> None:
    """A time limit of its own is no end of the token."""
    app, raised = FastAPI(), list[str]()

    @app.websocket("/ws")
    async def raises(socket: WebSocket, principal: CurrentPrincipal) -> None:
        await socket.accept()
        for error in (TimeoutError("mine"), ValueError("mine"), StoreUnavailableError("mine")):
            try:
                async with live(socket, principal):
                    raise error
            except (TimeoutError, ValueError, StoreUnavailableError) as caught:
                raised.append(type(caught).__name__)
        await socket.close()

    realm.auth.install(app)
    client = TestClient(app)
    headers = bearer(log_in(client)["access_token"])
    with client.websocket_connect("/ws", headers=headers) as socket:
        with pytest.raises(WebSocketDisconnect) as caught:
            socket.receive_text()
        assert caught.value.code == 1000
    assert raised == ["TimeoutError", "ValueError", "StoreUnavailableError"]
