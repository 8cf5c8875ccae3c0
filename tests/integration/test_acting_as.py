"""``acting_as``: really signed tokens on every way into an app, and nothing left behind."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.requests import Request
from starlette.testclient import WebSocketDenialResponse

from acted_app import find_greeting, make_app
from fastapi_jwtkit import CurrentPrincipal, Principal
from fastapi_jwtkit.errors import ConfigurationError, InvalidTokenError
from fastapi_jwtkit.testing.acting import acting_as
from fastapi_jwtkit.web.guards import current_principal
from web_kits import Realm, bearer, run


@pytest.fixture
def realm() -> Realm:
    """Return a kit with its plugin."""
    return Realm()


@pytest.fixture
def app(realm: Realm) -> FastAPI:
    """Return an app with every kind of guard."""
    return make_app(realm)


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    """Return a client of the app, without lifespan."""
    return TestClient(app)


def test_requests_carry_a_token_that_the_real_guards_check(
    app: FastAPI, client: TestClient
) -> None:
    """A scope that is there opens, one that is not is the real 403."""
    with acting_as(app, "ann", scopes=["tasks:read"], roles=["admin"]):
        assert client.get("/me").json() == "ann"
        assert client.get("/optional").json() == "ann"
        assert client.get("/admin").status_code == 200
        refused = client.post("/tasks")
    assert refused.status_code == 403
    assert 'scope="tasks:write"' in refused.headers["www-authenticate"]
    assert client.get("/me").status_code == 401


def test_roles_and_permissions_decide_as_ever(app: FastAPI, client: TestClient) -> None:
    """Each by its own guard."""
    with acting_as(app, "ann", permissions={"tasks.archive"}):
        assert client.get("/archive").status_code == 200
        assert client.get("/admin").status_code == 403


def test_a_strict_guard_finds_the_session_that_is_behind_the_token(
    app: FastAPI, client: TestClient
) -> None:
    """Until it is ended: then no guard takes the token."""
    with acting_as(app, "ann") as ann:
        assert client.get("/strict").json() == "ann"
        assert [s["id"] for s in client.get("/auth/sessions").json()] == [ann.principal.session_id]
        assert client.post("/auth/logout").status_code == 204
        assert client.get("/strict").status_code == 401
        assert client.get("/me").status_code == 401


def test_the_token_dies_with_the_block(app: FastAPI, client: TestClient, realm: Realm) -> None:
    """Whoever kept it has nothing."""
    with acting_as(app, "ann") as ann:
        headers, token = ann.headers, ann.token
        assert run(realm.kit.verify(token)).subject == "ann"
    assert client.get("/me", headers=headers).status_code == 401
    with pytest.raises(InvalidTokenError):
        run(realm.kit.verify(token))
    with pytest.raises(ConfigurationError, match="nobody acts"):
        _ = ann.token


def test_the_principal_is_the_one_that_guards_return(app: FastAPI) -> None:
    """Value by value, with the claims of the application."""
    seen: list[Principal] = []

    @app.get("/seen")
    async def see(principal: CurrentPrincipal) -> None:
        seen.append(principal)

    with acting_as(
        app, "ann", scopes=("a",), auth_time=1, amr=("pwd", "otp"), claims={"tenant": "blue"}
    ) as ann:
        assert TestClient(app).get("/seen").status_code == 200
        assert seen == [ann.principal]
    assert (seen[0].auth_time, seen[0].amr) == (1, ("pwd", "otp"))
    assert seen[0].claims is not None
    assert seen[0].claims["tenant"] == "blue"


def test_an_old_login_is_asked_to_step_up(app: FastAPI, client: TestClient) -> None:
    """By the real challenge."""
    with acting_as(app, "ann"):
        assert client.get("/recent").status_code == 200
    with acting_as(app, "ann", auth_time=1):
        assert "max_age=60" in client.get("/recent").headers["www-authenticate"].replace('"', "")


def test_credentials_of_a_request_win(app: FastAPI, client: TestClient, realm: Realm) -> None:
    """Bad ones too: nobody is let in by another door."""
    headers = realm.headers("bob")
    with acting_as(app, "ann"):
        assert client.get("/me", headers=headers).json() != "ann"
        assert client.get("/me", headers=bearer("no.to.ken")).status_code == 401
        assert client.get("/optional", headers={"Authorization": ""}).json() is None


def test_the_innermost_wins_and_the_one_before_comes_back(app: FastAPI, client: TestClient) -> None:
    """And both can be told apart by their headers."""
    with acting_as(app, "ann") as ann:
        with acting_as(app, "bob") as bob:
            assert client.get("/me").json() == "bob"
            bob_sid = bob.principal.session_id
            assert client.get("/me", headers=ann.headers).json() == "ann"
        assert client.get("/me").json() == "ann"
        assert ann.principal.session_id != bob_sid
    assert client.get("/me").status_code == 401


def test_blocks_may_end_in_any_order(app: FastAPI, client: TestClient) -> None:
    """As fixtures do."""
    ann, bob = acting_as(app, "ann"), acting_as(app, "bob")
    ann.__enter__()
    bob.__enter__()
    ann.__exit__(None, None, None)
    assert client.get("/me").json() == "bob"
    bob.__exit__(None, None, None)
    bob.__exit__(None, None, None)
    assert client.get("/me").status_code == 401


def test_a_failing_test_leaves_nobody_behind(app: FastAPI, client: TestClient) -> None:
    """The next one is a stranger again."""

    def fail() -> None:
        with acting_as(app, "ann"):
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert client.get("/me").status_code == 401


def test_an_app_that_never_served_is_as_it_was(app: FastAPI) -> None:
    """Middleware may still be added, and another plugin be installed."""
    with acting_as(app, "ann"):
        pass
    assert app.middleware_stack is None
    Realm(prefix="/staff", issuer="https://staff.example.com").auth.install(app)


def test_middleware_sees_what_a_client_would_have_sent(app: FastAPI) -> None:
    """Of whoever acts, and of a stranger after that."""
    seen: list[str | None] = []

    @app.middleware("http")
    async def look(request: Request, call_next: Any) -> Any:
        seen.append(request.headers.get("authorization"))
        return await call_next(request)

    client = TestClient(app)
    with acting_as(app, "ann") as ann:
        client.get("/me")
        sent = ann.headers["Authorization"]
    client.get("/me")
    assert seen == [sent, None]


def test_other_overrides_stay_in_force(app: FastAPI, client: TestClient) -> None:
    """Those of a database, say: the guard still looks at the token."""
    app.dependency_overrides[find_greeting] = lambda: "welcome"
    with acting_as(app, "ann", scopes=["tasks:write"]):
        assert client.post("/tasks").json() == "welcome ann"
    with acting_as(app, "ann"):
        assert client.post("/tasks").status_code == 403


def test_an_override_of_the_principal_is_refused_beside_it(app: FastAPI) -> None:
    """It would answer for every guard."""
    app.dependency_overrides[current_principal] = lambda: Principal(subject="eve")
    with (
        pytest.raises(ConfigurationError, match="overrides current_principal"),
        acting_as(app, "a"),
    ):
        pass
    app.dependency_overrides.clear()
    with acting_as(app, "ann"):
        assert TestClient(app).get("/me").json() == "ann"


def test_a_socket_is_opened_by_it(app: FastAPI, client: TestClient) -> None:
    """Or denied with the real status."""
    with (
        acting_as(app, "ann", scopes=["tasks:read"]),
        client.websocket_connect("/socket") as socket,
    ):
        assert socket.receive_text() == "ann"
    with (
        acting_as(app, "ann"),
        pytest.raises(WebSocketDenialResponse) as denied,
        client.websocket_connect("/socket"),
    ):
        pass  # pragma: no cover - the handshake fails
    assert denied.value.status_code == 403


async def test_an_asynchronous_test_uses_either_form(app: FastAPI) -> None:
    """``async with`` in its loop, ``with`` beside it."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        async with acting_as(app, "ann"):
            assert (await client.get("/strict")).json() == "ann"
            async with acting_as(app, "bob"):
                assert (await client.get("/me")).json() == "bob"
        with acting_as(app, "eve"):
            assert (await client.get("/strict")).json() == "eve"
        assert (await client.get("/me")).status_code == 401


def test_a_client_with_lifespan_works_too(app: FastAPI) -> None:
    """Inside and outside of the block."""
    with TestClient(app) as client, acting_as(app, "ann"):
        assert client.get("/strict").json() == "ann"
    with acting_as(app, "ann"), TestClient(app) as client:
        assert client.get("/strict").json() == "ann"


def test_the_headers_serve_a_client_of_ones_own(app: FastAPI) -> None:
    """A client for each person."""
    with acting_as(app, "ann") as ann, acting_as(app, "bob"):
        assert TestClient(app, headers=ann.headers).get("/me").json() == "ann"
        assert TestClient(app).get("/me").json() == "bob"
