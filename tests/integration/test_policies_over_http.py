"""Policies as guards and in endpoints: answers, events, the schema and the audit."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, HTTPException, WebSocket
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from fastapi_jwtkit import CurrentPrincipal, Principal, require_policy, require_scopes
from fastapi_jwtkit.errors import AccessDeniedError, AuthorizationError, ConfigurationError
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.policies import has_roles, has_scopes, is_subject, policy
from fastapi_jwtkit.web.audit_report import audit
from kits import Heard
from web_kits import Realm, make_client

FORBIDDEN = 'Bearer error="insufficient_scope"'
owns = is_subject(lambda name: name)


@policy
def fails(_: Principal) -> bool:
    """Fail."""
    raise ValueError("as ever")


may_read = has_scopes("read", "list") & ~has_roles("guest")


def below(held: str, wanted: str) -> bool:
    """Let ``read`` stand for ``read:…``."""
    return wanted.startswith(f"{held}:")


def make_app() -> FastAPI:
    """Return an app with policies in all places."""
    app = FastAPI()

    @app.get("/guarded")
    async def guarded(principal: Annotated[Principal, Depends(require_policy(may_read))]) -> str:
        return principal.subject

    @app.get("/either", dependencies=[Depends(require_policy(may_read | has_roles("admin")))])
    async def either() -> str:
        return "in"

    @app.get("/fails", dependencies=[Depends(require_policy(~fails))])
    async def failing() -> str:
        return "in"

    @app.get("/covered", dependencies=[Depends(require_scopes("read:all", covers=below))])
    async def covered() -> str:
        return "in"

    @app.get("/things/{owner}")
    async def thing(owner: str, principal: CurrentPrincipal) -> str:
        owns.enforce(principal, owner)
        return "yours"

    @app.get("/hidden/{owner}")
    async def hidden(owner: str, principal: CurrentPrincipal) -> str:
        gone = HTTPException(404, "There is no such thing.")
        if owner == "nobody":
            raise gone
        owns.enforce(principal, owner, or_raise=gone)
        return "yours"

    @app.get("/scoped")
    async def scoped(principal: CurrentPrincipal) -> str:
        may_read.enforce(principal)
        return "in"

    app.add_api_websocket_route("/ws/{when}", refuse)
    return app


async def refuse(socket: WebSocket, when: str, principal: CurrentPrincipal) -> None:
    """Refuse everybody, sooner or later."""
    if when == "accepted":
        await socket.accept()
    owns.enforce(principal, "somebody else")


@pytest.fixture
def heard() -> Heard:
    """Return a sink of events."""
    return Heard()


@pytest.fixture
def realm(heard: Heard) -> Realm:
    """Return a realm."""
    return Realm(parts={"events": (heard,)})


@pytest.fixture(params=["kit", "app"])
def client(realm: Realm, request: pytest.FixtureRequest) -> TestClient:
    """Return a client, with either way to render errors."""
    return make_client(realm, make_app(), error_bodies=request.param)


@pytest.mark.std(32, 109)
def test_a_guard_on_a_policy_answers_as_other_guards_do(
    client: TestClient, realm: Realm, heard: Heard
) -> None:
    """A scope that is missing is named; any other reason is for the event alone."""
    reader = realm.headers("ann", scopes=["read", "list"])
    guest = realm.headers("bob", scopes=["read", "list"], roles=["guest"])
    stranger = realm.headers("eve", scopes=["read"])
    assert client.get("/guarded").headers["www-authenticate"] == "Bearer"
    assert client.get("/guarded", headers=reader).status_code == 200
    answer = client.get("/guarded", headers=guest)
    assert answer.status_code == 403
    assert answer.json() == {"detail": "You may not do this.", "error_code": "access_denied"}
    assert answer.headers["www-authenticate"] == FORBIDDEN
    answer = client.get("/guarded", headers=stranger)
    assert answer.json()["error_code"] == "insufficient_scope"
    assert answer.headers["www-authenticate"] == f'{FORBIDDEN}, scope="read list"'
    assert client.get("/either", headers=guest).status_code == 403
    assert client.get("/fails", headers=reader).status_code == 403
    assert client.get("/covered", headers=reader).status_code == 200
    reasons = [event.reason for event in heard.of(EventName.ACCESS_DENIED)]
    assert reasons == [
        "has_roles",
        "insufficient_scope",
        "has_roles_and_missing_role",
        "policy_failed",
    ]


def test_what_a_policy_refuses_in_an_endpoint_is_answered_and_heard(
    client: TestClient, realm: Realm, heard: Heard
) -> None:
    """Without a word of the application's."""
    headers = realm.headers("ann")
    subject = client.get("/auth/me", headers=headers).json()["id"]
    assert client.get(f"/things/{subject}", headers=headers).json() == "yours"
    answer = client.get("/things/bob", headers=headers)
    assert answer.status_code == 403
    assert answer.json() == {"detail": "You may not do this.", "error_code": "access_denied"}
    answer = client.get("/scoped", headers=headers)
    assert answer.headers["www-authenticate"] == f'{FORBIDDEN}, scope="read list"'
    denied = heard.of(EventName.ACCESS_DENIED)
    assert [(event.reason, event.subject) for event in denied] == [
        ("not_subject", subject),
        ("insufficient_scope", subject),
    ]


def test_a_thing_that_is_hidden_reads_like_one_that_does_not_exist(
    client: TestClient, realm: Realm
) -> None:
    """Byte for byte."""
    headers = realm.headers("ann")
    theirs, nobodys = (client.get(f"/hidden/{who}", headers=headers) for who in ("bob", "nobody"))
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.content == nobodys.content
    assert theirs.headers == nobodys.headers


def test_a_socket_is_refused_by_a_policy_in_its_endpoint(client: TestClient, realm: Realm) -> None:
    """With a status before ``accept``, with a close frame after it."""
    headers = realm.headers("ann")
    with (
        pytest.raises(WebSocketDenialResponse) as denied,
        client.websocket_connect("/ws/first", headers=headers),
    ):
        pass  # pragma: no cover - the handshake fails
    assert denied.value.status_code == 403
    assert denied.value.json()["error_code"] == "access_denied"
    with client.websocket_connect("/ws/accepted", headers=headers) as socket:
        with pytest.raises(WebSocketDisconnect) as caught:
            socket.receive_text()
        assert (caught.value.code, caught.value.reason) == (1008, "access_denied")


@pytest.mark.parametrize("kind", [AccessDeniedError, AuthorizationError])
def test_a_handler_of_the_application_stays_in_force(
    realm: Realm, kind: type[AuthorizationError]
) -> None:
    """Whoever answers such errors already goes on doing so."""
    app = make_app()

    async def teapot(*_: Any) -> JSONResponse:
        return JSONResponse({"mine": True}, status_code=418)

    app.add_exception_handler(kind, teapot)
    client = make_client(realm, app)
    assert client.get("/things/bob", headers=realm.headers("ann")).status_code == 418


def test_scopes_that_a_policy_always_asks_for_are_in_the_schema_and_the_audit(
    realm: Realm,
) -> None:
    """Those of an alternative are not: nobody needs them all."""
    app = make_app()
    realm.auth.install(app)
    paths = app.openapi()["paths"]
    needed = {path: paths[path]["get"]["security"] for path in ("/guarded", "/either", "/scoped")}
    assert needed == {
        "/guarded": [{"JWTKit": ["read", "list"]}],
        "/either": [{"JWTKit": []}],
        "/scoped": [{"JWTKit": []}],
    }
    assert "403" in paths["/either"]["get"]["responses"]
    assert "403" not in paths["/scoped"]["get"]["responses"]
    rows = {row.path: row for row in audit(app).rows}
    written = "require_policy(has_scopes(list, read) & ~has_roles(guest))"
    assert rows["/guarded"].guards == (written,)
    assert rows["/guarded"].scopes == ("read", "list")


@pytest.mark.parametrize("wrong", [owns, owns | has_roles("x"), lambda _: True, True, None])
def test_what_a_guard_cannot_ask_is_refused_when_it_is_made(wrong: Any) -> None:
    """It has read no thing yet, and a plain function is no policy."""
    for make in (require_policy, Realm().auth.require_policy):
        with pytest.raises(ConfigurationError):
            make(wrong)


def test_equal_policies_make_equal_guards() -> None:
    """So that FastAPI asks once."""
    one = require_policy(has_scopes("a") & has_roles("b"))
    assert one == require_policy(has_scopes("a") & has_roles("b"))
    assert one != require_policy(has_roles("b") & has_scopes("a"))
    assert one != Realm().auth.require_policy(has_scopes("a") & has_roles("b"))
    assert repr(one) == "Guard(policy: has_scopes(a) & has_roles(b))"
