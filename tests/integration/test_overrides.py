"""``dependency_overrides``: a test says who is calling, and every guard follows."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from starlette.requests import HTTPConnection, Request

from fastapi_jwtkit import CurrentPrincipal, OptionalPrincipal, Principal, require_scopes
from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.web.guards import current_principal
from web_kits import Realm, make_client

ANN = Principal(subject="ann", scopes=frozenset({"a"}))


@pytest.fixture
def app() -> FastAPI:
    """Return an app with one route per kind of guard."""
    app = FastAPI()
    realm = Realm()
    bound_to_a = Depends(realm.auth.require_scopes("a"))

    @app.get("/current")
    async def current(principal: CurrentPrincipal) -> str:
        return principal.subject

    @app.get("/optional")
    async def optional(principal: OptionalPrincipal) -> str | None:
        return principal.subject if principal else None

    @app.get("/scoped")
    async def scoped(principal: Annotated[Principal, Depends(require_scopes("a"))]) -> str:
        return principal.subject

    async def bound(principal: Principal = bound_to_a) -> str:
        return principal.subject

    app.add_api_route("/bound", bound)

    @app.get("/denied", dependencies=[Depends(require_scopes("b"))])
    async def denied() -> None: ...

    realm.auth.install(app)
    return app


async def _async() -> Principal:
    return ANN


async def _async_with_connection(connection: HTTPConnection) -> Principal:
    assert connection.headers is not None
    return ANN


def _with_request(request: Request) -> Principal:
    assert request.url is not None
    return ANN


@pytest.mark.parametrize("override", [lambda: ANN, _async, _async_with_connection, _with_request])
def test_one_override_reaches_every_guard(app: FastAPI, override: Any) -> None:
    """Sync or async, with the connection or without; scopes are still checked."""
    app.dependency_overrides[current_principal] = override
    client = TestClient(app)
    for path in ("/current", "/optional", "/scoped", "/bound"):
        assert client.get(path).json() == "ann", path
    assert client.get("/denied").status_code == 403
    app.dependency_overrides.clear()
    assert client.get("/scoped").status_code == 401


def test_an_override_with_none_is_a_stranger(app: FastAPI) -> None:
    """Guards refuse, the optional principal is ``None``."""
    app.dependency_overrides[current_principal] = lambda: None
    client = TestClient(app)
    assert client.get("/scoped").status_code == 401
    assert client.get("/optional").json() is None


def test_an_equal_guard_overrides_one_route(app: FastAPI) -> None:
    """FastAPI finds it by value."""
    app.dependency_overrides[require_scopes("b")] = lambda: None
    client = TestClient(app)
    assert client.get("/denied").status_code == 200
    assert client.get("/scoped").status_code == 401


def test_the_override_of_one_realm_leaves_the_other_alone() -> None:
    """The bound guard is the key."""
    people, staff = Realm(), Realm(prefix="/staff", issuer="https://staff.example.com")
    app = FastAPI()
    app.add_api_route("/p", lambda: None, dependencies=[Depends(people.auth.require_scopes("a"))])
    app.add_api_route("/s", lambda: None, dependencies=[Depends(staff.auth.require_scopes("a"))])
    people.auth.install(app)
    client = make_client(staff, app)
    app.dependency_overrides[people.auth.current_principal] = lambda: ANN
    assert client.get("/p").status_code == 200
    assert client.get("/s").status_code == 401


def _generator() -> Any:
    yield ANN


@pytest.mark.parametrize(
    "override",
    [
        lambda name: ANN,  # noqa: ARG005 - what is refused
        lambda who=ANN: who,
        _generator,
        lambda: "ann",
    ],
)
def test_an_override_that_a_guard_cannot_call_is_a_clear_error(app: FastAPI, override: Any) -> None:
    """FastAPI alone could fill in its dependencies; a guard asks by hand."""
    app.dependency_overrides[current_principal] = override
    with pytest.raises(ConfigurationError, match="override of current_principal"):
        TestClient(app).get("/scoped")
