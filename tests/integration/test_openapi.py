"""The OpenAPI schema: scopes, answers, and a Swagger login that can be followed."""

from __future__ import annotations

import copy
from typing import Annotated, Any
from urllib.parse import urljoin

import pytest
from fastapi import APIRouter, Depends, FastAPI, Security
from fastapi.openapi.utils import get_openapi
from fastapi.security import APIKeyHeader
from fastapi.testclient import TestClient

from fastapi_jwtkit import (
    CurrentPrincipal,
    OptionalPrincipal,
    Principal,
    require_roles,
    require_scopes,
)
from fastapi_jwtkit.web.openapi import complete_openapi
from web_kits import PASSWORD, Realm, bearer, make_client

API_KEY = APIKeyHeader(name="X-Key", auto_error=False)


async def answer() -> None:
    """Answer nothing."""


def make_app(**options: Any) -> FastAPI:
    """Return an app with guards on every level."""
    app = FastAPI(**options)
    inner = APIRouter(prefix="/inner", dependencies=[Depends(require_scopes("in"))])
    outer = APIRouter(prefix="/outer", dependencies=[Depends(require_scopes("out"))])

    @inner.get("/deep", dependencies=[Depends(require_scopes("a", any_of=("c", "b")))])
    async def deep(principal: CurrentPrincipal) -> str:
        return principal.subject

    outer.include_router(inner)
    app.include_router(outer, dependencies=[Depends(require_scopes("top", "out"))])

    @app.get("/mine")
    async def mine(principal: CurrentPrincipal) -> str:
        return principal.subject

    @app.get("/maybe")
    async def maybe(principal: OptionalPrincipal) -> bool:
        return principal is None

    @app.get("/roles", responses={401: {"description": "mine"}})
    async def roles(_: Annotated[Principal, Depends(require_roles("admin"))]) -> None: ...

    @app.get("/key", dependencies=[Security(API_KEY), Depends(require_scopes("k"))])
    async def key() -> None: ...

    app.add_api_route("/open", answer)
    app.add_api_route("/hidden", answer, include_in_schema=False)
    return app


def schema_of(app: FastAPI) -> dict[str, Any]:
    """Return the schema as it is served."""
    served: dict[str, Any] = TestClient(app).get("/openapi.json").json()
    return served


def test_scopes_of_all_levels_are_listed() -> None:
    """In the order in which the guards run; any_of lists all."""
    app = make_app()
    Realm().auth.install(app)
    paths = schema_of(app)["paths"]
    security = {path: paths[path]["get"].get("security") for path in paths if "/auth" not in path}
    assert security == {
        "/outer/inner/deep": [{"JWTKit": ["top", "out", "in", "a", "c", "b"]}],
        "/mine": [{"JWTKit": []}],
        "/maybe": [{"JWTKit": []}, {}],
        "/roles": [{"JWTKit": []}],
        "/key": [{"APIKeyHeader": []}, {"JWTKit": ["k"]}],
        "/open": None,
        "/.well-known/jwks.json": None,
    }


def test_the_answers_of_guards_are_documented() -> None:
    """With the error schema and the challenge; what the author wrote stays."""
    app = make_app()
    Realm().auth.install(app)
    schema = schema_of(app)
    paths = schema["paths"]
    assert list(paths["/mine"]["get"]["responses"]) == ["200", "401"]
    assert list(paths["/outer/inner/deep"]["get"]["responses"]) == ["200", "401", "403"]
    assert paths["/roles"]["get"]["responses"]["401"]["description"] == "mine"
    assert "403" in paths["/roles"]["get"]["responses"]
    assert list(paths["/open"]["get"]["responses"]) == ["200"]
    denied = paths["/outer/inner/deep"]["get"]["responses"]["403"]
    assert "WWW-Authenticate" in denied["headers"]
    assert denied["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/JWTKitErrorBody"
    }
    assert set(schema["components"]["schemas"]["JWTKitErrorBody"]["required"]) == {
        "detail",
        "error_code",
    }


def references(node: Any) -> set[str]:
    """Return every ``$ref`` below a node."""
    if isinstance(node, dict):
        found = {node["$ref"]} if isinstance(node.get("$ref"), str) else set[str]()
        return found.union(*(references(value) for value in node.values()))
    if isinstance(node, list):
        return set[str]().union(*(references(value) for value in node))
    return set()


@pytest.mark.parametrize("bodies", ["kit", "app"])
def test_every_reference_of_the_schema_leads_somewhere(bodies: Any) -> None:
    """And our own routes promise what they answer."""
    app = make_app()
    Realm().auth.install(app, error_bodies=bodies)
    schema = schema_of(app)
    for reference in references(schema):
        assert reference.removeprefix("#/components/schemas/") in schema["components"]["schemas"]
    answers = {
        path.removeprefix("/auth"): {
            method: sorted(operation["responses"]) for method, operation in operations.items()
        }
        for path, operations in schema["paths"].items()
        if path.startswith("/auth")
    }
    assert answers == {
        "/register": {"post": ["201", "409", "422", "429", "503"]},
        "/token": {"post": ["200", "400", "429", "503"]},
        "/login": {"post": ["200", "400", "401", "422", "429", "503"]},
        "/refresh": {"post": ["200", "400", "429", "503"]},
        "/logout": {"post": ["204", "400", "401", "422", "503"]},
        "/logout-all": {"post": ["204", "400", "401", "422", "503"]},
        "/step-up": {"post": ["200", "401", "422", "429", "503"]},
        "/me": {"get": ["200", "401", "503"]},
        "/sessions": {"get": ["200", "401", "503"]},
        "/sessions/{sid}": {"delete": ["204", "401", "404", "422", "429", "503"]},
        "/password/change": {"post": ["204", "401", "422", "429", "503"]},
    }


def test_the_apps_own_422_is_described_as_it_is_answered() -> None:
    """With ``error_bodies="app"`` FastAPI's own body is never sent."""
    app = FastAPI()

    @app.get("/items/{number}")
    async def item(number: int) -> int:
        return number

    Realm().auth.install(app, error_bodies="app")
    schema = schema_of(app)
    invalid = schema["paths"]["/items/{number}"]["get"]["responses"]["422"]
    assert invalid["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/JWTKitValidationErrorBody"
    }
    assert "HTTPValidationError" not in schema["components"]["schemas"]


def test_completing_twice_changes_nothing() -> None:
    """The hook and the function may both be used."""
    app = make_app()
    Realm().auth.install(app)
    once = copy.deepcopy(app.openapi())
    assert complete_openapi(app, app.openapi()) == once


def test_a_schema_of_the_apps_own_making_can_be_completed() -> None:
    """Even uncompleted it is never wrong: the scheme is there, only scopes are missing."""
    app = make_app()
    Realm().auth.install(app)
    mine = get_openapi(title="mine", version="1", routes=app.routes)
    assert mine["paths"]["/outer/inner/deep"]["get"]["security"] == [{"JWTKit": []}]
    assert mine["components"]["securitySchemes"]["JWTKit"]["scheme"] == "bearer"
    complete_openapi(app, mine)
    deep = mine["paths"]["/outer/inner/deep"]["get"]
    assert deep["security"] == [{"JWTKit": ["top", "out", "in", "a", "c", "b"]}]


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_openapi_function_of_the_apps_own_is_wrapped(when: str) -> None:
    """Replaced before install at once, replaced after it at start-up."""
    app = make_app()
    realm = Realm()

    def mine() -> dict[str, Any]:
        return get_openapi(title="mine", version="1", routes=app.routes)

    if when == "before":
        app.openapi = mine  # type: ignore[method-assign]
        realm.auth.install(app)
    else:
        realm.auth.install(app)
        app.openapi = mine  # type: ignore[method-assign]
    with TestClient(app) as client:
        schema = client.get("/openapi.json").json()
    assert schema["info"]["title"] == "mine"
    assert "401" in schema["paths"]["/mine"]["get"]["responses"]


def test_routes_added_after_install_are_complete() -> None:
    """The walk happens when the schema is made."""
    app = FastAPI()
    Realm().auth.install(app)
    app.add_api_route("/late", answer, dependencies=[Depends(require_scopes("late"))])
    assert schema_of(app)["paths"]["/late"]["get"]["security"] == [{"JWTKit": ["late"]}]


def follow_swagger(client: TestClient, base: str = "") -> str:
    """Log in as Swagger UI does: read the document, resolve tokenUrl, send the form."""
    document = client.get(f"{base}/openapi.json").json()
    (flow,) = document["components"]["securitySchemes"]["JWTKit"]["flows"].values()
    server = document.get("servers", [{"url": "/"}])[0]["url"]
    url = urljoin(urljoin("http://testserver/docs", server), flow["tokenUrl"])
    form = {"username": "ann", "password": PASSWORD, "grant_type": "password", "scope": ""}
    answer = client.post(url, data=form, headers={"Authorization": "Basic Og=="})
    assert answer.status_code == 200, (url, answer.text)
    token: str = answer.json()["access_token"]
    return token


def test_swaggers_authorize_can_be_followed() -> None:
    """From the document to a request that works; the dialog offers every scope."""
    realm = Realm()
    realm.add_user()
    client = make_client(realm, make_app())
    token = follow_swagger(client)
    assert client.get("/mine", headers=bearer(token)).status_code == 200
    scheme = client.get("/openapi.json").json()["components"]["securitySchemes"]["JWTKit"]
    assert scheme["type"] == "oauth2"
    assert list(scheme["flows"]["password"]["scopes"]) == ["a", "b", "c", "in", "k", "out", "top"]


@pytest.mark.parametrize("prefix", ["/auth", "/api/v1/auth"])
def test_swaggers_authorize_works_under_a_prefix(prefix: str) -> None:
    """fastapi#5778 and its kin: the URL follows the prefix."""
    realm = Realm(prefix=prefix)
    realm.add_user()
    follow_swagger(make_client(realm, make_app()))


def test_swaggers_authorize_works_in_a_mounted_app() -> None:
    """Its document is served below the mount, and so are its routes."""
    realm = Realm()
    realm.add_user()
    app, sub = FastAPI(), make_app()
    realm.auth.install(sub)
    app.mount("/api/sub", sub)
    client = TestClient(app)
    follow_swagger(client, "/api/sub")
    follow_swagger(client, "/api/sub")


@pytest.mark.parametrize("how", ["app", "server"])
def test_swaggers_authorize_names_the_root_path(how: str) -> None:
    """Behind a proxy that strips it, the browser must still send it."""
    app = make_app()
    if how == "app":
        app.root_path = "/behind"
    Realm().auth.install(app)
    client = TestClient(app, root_path="/behind" if how == "server" else "")
    scheme = client.get("/openapi.json").json()["components"]["securitySchemes"]["JWTKit"]
    assert scheme["flows"]["password"]["tokenUrl"] == "/behind/auth/token"


def test_two_realms_have_a_scheme_each() -> None:
    """A stable name for the first, the prefix in that of the second."""
    people, staff = Realm(), Realm(prefix="/staff/auth", issuer="https://staff.example.com")
    app = FastAPI()
    for path, realm in (("/p", people), ("/s", staff)):
        guard = realm.auth.require_scopes(path[1:])
        app.add_api_route(path, answer, dependencies=[Depends(guard)])
        realm.auth.install(app)
    both = [Depends(realm.auth.current_principal) for realm in (people, staff)]
    app.add_api_route("/both", answer, dependencies=both)
    schema = schema_of(app)
    assert schema["paths"]["/p"]["get"]["security"] == [{"JWTKit": ["p"]}]
    assert schema["paths"]["/s"]["get"]["security"] == [{"JWTKit-staff-auth": ["s"]}]
    assert schema["paths"]["/both"]["get"]["security"] == [{"JWTKit": [], "JWTKit-staff-auth": []}]
    assert schema["paths"]["/staff/auth/me"]["get"]["security"] == [{"JWTKit-staff-auth": []}]
    urls = {
        name: scheme["flows"]["password"]["tokenUrl"]
        for name, scheme in schema["components"]["securitySchemes"].items()
    }
    assert urls == {"JWTKit": "/auth/token", "JWTKit-staff-auth": "/staff/auth/token"}


def test_an_app_without_documentation_can_be_installed_on() -> None:
    """``openapi_url=None`` leaves nothing to hook."""
    app = make_app(openapi_url=None)
    Realm().auth.install(app)
    assert TestClient(app).get("/openapi.json").status_code == 404
    assert app.openapi()["paths"]["/mine"]["get"]["security"] == [{"JWTKit": []}]
