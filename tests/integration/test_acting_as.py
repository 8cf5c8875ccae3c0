"""``acting_as``: really signed tokens on every way into an app, and nothing left behind."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI, WebSocket
from fastapi.testclient import TestClient
from starlette.requests import Request
from starlette.testclient import WebSocketDenialResponse

from fastapi_jwtkit import (
    CurrentPrincipal,
    JWTAuth,
    JWTKit,
    OptionalPrincipal,
    Principal,
    require_auth,
    require_policy,
    require_roles,
    require_scopes,
)
from fastapi_jwtkit.errors import ConfigurationError, InvalidTokenError, NotInstalledError
from fastapi_jwtkit.policies.rules import has_permissions
from fastapi_jwtkit.records import Session
from fastapi_jwtkit.testing.acting import acting_as
from fastapi_jwtkit.testing.clock import FakeClock
from fastapi_jwtkit.web.guards import current_principal
from web_kits import Realm, bearer, make_settings, run


def find_greeting() -> str:
    """Stand for a dependency that tests replace."""
    return "hello"


def add_routes(app: FastAPI) -> None:
    """Add one route per kind of guard, and a socket."""

    @app.get("/optional")
    async def optional(principal: OptionalPrincipal) -> str | None:
        return principal.subject if principal else None

    @app.get("/me")
    async def me(principal: CurrentPrincipal) -> str:
        return principal.subject

    @app.post("/tasks")
    async def add(
        principal: Annotated[Principal, Depends(require_scopes("tasks:write"))],
        greeting: Annotated[str, Depends(find_greeting)],
    ) -> str:
        return f"{greeting} {principal.subject}"

    @app.get("/strict")
    async def strict(principal: Annotated[Principal, Depends(require_auth(strict=True))]) -> str:
        return principal.subject

    app.add_api_route("/recent", me, dependencies=[Depends(require_auth(max_age=60))])
    app.add_api_route("/admin", me, dependencies=[Depends(require_roles("admin"))])
    allowed = require_policy(has_permissions("tasks.archive"))
    app.add_api_route("/archive", me, dependencies=[Depends(allowed)])

    @app.websocket("/socket")
    async def socket(
        socket: WebSocket, principal: Annotated[Principal, Depends(require_scopes("tasks:read"))]
    ) -> None:
        await socket.accept()
        await socket.send_text(principal.subject)
        await socket.close()


def make_app(realm: Realm) -> FastAPI:
    """Return an app with a realm installed."""
    app = FastAPI()
    add_routes(app)
    realm.auth.install(app)
    return app


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


def test_the_id_of_a_user_makes_them_whole(app: FastAPI, client: TestClient, realm: Realm) -> None:
    """Routes that read the user find one, and the refresh token is good."""
    user = realm.add_user("ann", scopes=["tasks:read"])
    with acting_as(app, user.id, scopes=["tasks:read"]) as ann:
        assert client.get("/auth/me").json()["username"] == "ann"
        body = {"refresh_token": ann.refresh_token}
        assert client.post("/auth/refresh", json=body).json()["scope"] == "tasks:read"


def test_it_follows_the_clock_of_the_kit() -> None:
    """A token expires when the test says so."""
    clock = FakeClock()
    app = make_app(Realm(clock=clock))
    with acting_as(app, "ann"):
        client = TestClient(app)
        assert client.get("/me").json() == "ann"
        clock.step(601)
        assert client.get("/me").status_code == 401


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


def test_a_claim_that_no_token_can_carry_leaves_no_session_behind(
    app: FastAPI, realm: Realm
) -> None:
    """It is refused before the row is written."""
    with (
        pytest.raises(ConfigurationError, match="sub"),
        acting_as(app, "ann", claims={"sub": "eve"}),
    ):
        pass  # pragma: no cover - it never begins
    assert run(realm.kit.list_sessions("ann")) == []


def test_rows_in_a_shared_store_are_ended(realm: Realm, app: FastAPI) -> None:
    """A database that outlives the test holds no session that lives."""
    with acting_as(app, "ann") as ann:
        listed = run(realm.kit.list_sessions("ann"))
        assert [row.sid for row in listed] == [ann.principal.session_id]
    assert run(realm.kit.list_sessions("ann")) == []
    row = run(realm.kit.find_session(listed[0].sid))
    assert isinstance(row, Session)
    assert row.revoked_reason == "stand_in_left"


def test_the_loop_of_a_synchronous_test_is_left_alone(app: FastAPI) -> None:
    """Whatever keeps one on this thread finds it again."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        with acting_as(app, "ann"):
            assert asyncio.get_event_loop() is loop
        assert not loop.is_closed()
    finally:
        asyncio.set_event_loop(None)
        loop.close()
