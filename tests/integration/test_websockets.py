"""WebSockets over a real server: a denial is a real 401 with its challenge."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
import uvicorn
from fastapi import Depends, FastAPI, WebSocket
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from clocks import FakeClock
from fastapi_jwtkit import CurrentPrincipal, OptionalPrincipal, Principal, require_scopes
from fastapi_jwtkit.web.guards import current_principal
from fastapi_jwtkit.web.live import live
from web_kits import Realm, bearer, run


def make_app(realm: Realm, clock: FakeClock | None = None) -> FastAPI:
    """Return an app with three sockets."""
    app = FastAPI()

    @app.websocket("/ws")
    async def scoped(
        socket: WebSocket, principal: Annotated[Principal, Depends(require_scopes("a", "b"))]
    ) -> None:
        await socket.accept()
        await socket.send_text(principal.subject)
        await socket.close()

    @app.websocket("/optional")
    async def optional(socket: WebSocket, principal: OptionalPrincipal) -> None:
        await socket.accept()
        await socket.send_text(principal.subject if principal else "a stranger")
        await socket.close()

    @app.websocket("/live")
    async def watched(socket: WebSocket, principal: CurrentPrincipal) -> None:
        await socket.accept()
        async with live(socket, principal):
            await socket.send_text(principal.session_id or "")
            await socket.receive_text()

    @app.websocket("/again")
    async def again(socket: WebSocket, principal: CurrentPrincipal) -> None:
        await socket.accept()
        await socket.send_text(principal.subject)
        if clock is not None:
            clock.step(3600)
        # A long-lived socket asks again: as on a new request, without what was kept.
        fresh = WebSocket(
            {name: kept for name, kept in socket.scope.items() if "jwtkit" not in name},
            socket.receive,
            socket.send,
        )
        fresh.application_state = socket.application_state
        await current_principal(fresh)

    realm.auth.install(app)
    return app


class Served:
    """A realm behind a real server."""

    def __init__(self, realm: Realm, url: str) -> None:
        self.realm = realm
        self.url = url
        self.user = realm.add_user(scopes=["a", "b"])

    def headers(self, *scopes: str) -> dict[str, str]:
        """Return the header of a new login with these scopes."""
        pair = self.realm.open_session(self.user, scopes=frozenset(scopes))
        return bearer(pair.access_token)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """Run a real server on a free port."""
    realm = Realm()
    server = uvicorn.Server(
        uvicorn.Config(make_app(realm), port=0, log_level="error", ws="websockets-sansio")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Served(realm, f"ws://127.0.0.1:{port}")
    server.should_exit = True
    thread.join()


@pytest.mark.std(30, 31, 32, 34)
@pytest.mark.parametrize(
    ("scopes", "status", "challenge", "code"),
    [
        (None, 401, "Bearer", "not_authenticated"),
        ("forged", 401, 'Bearer error="invalid_token"', "invalid_token"),
        (("a",), 403, 'Bearer error="insufficient_scope", scope="a b"', "insufficient_scope"),
    ],
)
def test_a_denied_socket_gets_the_status_the_challenge_and_the_body(
    served: Served, scopes: Any, status: int, challenge: str, code: str
) -> None:
    """Not a bare 403: before ``accept`` it still is an HTTP answer."""
    headers: dict[str, str] = {}
    if scopes is not None:
        headers = bearer("abc") if scopes == "forged" else served.headers(*scopes)
    with (
        pytest.raises(InvalidStatus) as caught,
        connect(f"{served.url}/ws", additional_headers=headers),
    ):
        pass  # pragma: no cover - the handshake fails
    response = caught.value.response
    assert response.status_code == status
    assert response.headers.get_all("www-authenticate") == [challenge]
    assert json.loads(response.body or b"")["error_code"] == code


def test_a_socket_with_a_good_token_is_served(served: Served) -> None:
    """And knows who is calling."""
    with connect(f"{served.url}/ws", additional_headers=served.headers("a", "b")) as socket:
        assert socket.recv() == served.user.id


def test_an_optional_socket_takes_strangers_and_no_forgeries(served: Served) -> None:
    """As over HTTP."""
    with connect(f"{served.url}/optional") as socket:
        assert socket.recv() == "a stranger"
    with (
        pytest.raises(InvalidStatus) as caught,
        connect(f"{served.url}/optional", additional_headers=bearer("abc")),
    ):
        pass  # pragma: no cover - the handshake fails
    assert caught.value.response.status_code == 401


@pytest.mark.std(29)
def test_a_token_in_the_url_of_a_socket_is_not_seen(served: Served) -> None:
    """Browsers tempt one to it; access logs print it."""
    token = served.headers("a", "b")["Authorization"].split()[1]
    with (
        pytest.raises(InvalidStatus) as caught,
        connect(f"{served.url}/ws?access_token={token}&token={token}"),
    ):
        pass  # pragma: no cover - the handshake fails
    assert caught.value.response.status_code == 401


@pytest.mark.std(102)
def test_a_socket_ends_at_once_with_its_session(served: Served) -> None:
    """Over a real server, told from another thread, with a close frame and no traceback."""
    kit = served.realm.kit
    with connect(f"{served.url}/live", additional_headers=served.headers("a")) as socket:
        run(kit.close_sid(str(socket.recv()), subject=served.user.id))
        with pytest.raises(ConnectionClosed) as caught:
            socket.recv(timeout=5)
    assert caught.value.rcvd is not None
    assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (1008, "invalid_token")


def test_a_refusal_after_accept_is_a_close_frame() -> None:
    """An HTTP answer is no longer possible: 1008 says why instead."""
    clock = FakeClock()
    realm = Realm(clock=clock)
    client = TestClient(make_app(realm, clock))
    with client.websocket_connect("/again", headers=realm.headers()) as socket:
        socket.receive_text()
        with pytest.raises(WebSocketDisconnect) as caught:
            socket.receive_text()
    assert caught.value.code == 1008
    assert caught.value.reason == "invalid_token"


def test_an_override_reaches_sockets() -> None:
    """One line in a test, for sockets too."""
    realm = Realm()
    app = make_app(realm)
    app.dependency_overrides[current_principal] = lambda: Principal(
        subject="ann", scopes=frozenset({"a", "b"})
    )
    with TestClient(app).websocket_connect("/ws") as socket:
        assert socket.receive_text() == "ann"
