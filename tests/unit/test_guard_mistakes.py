"""Guards that FastAPI takes without a word, and that would not do what they say."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import SecurityScopes
from fastapi.testclient import TestClient

from fastapi_jwtkit import CurrentPrincipal, Principal, current_principal, require_scopes
from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.web.audit_report import audit
from web_kits import Realm

READ = require_scopes("tasks:read")


async def wrapped(principal: CurrentPrincipal) -> Principal:
    """Ask a guard, and nothing more."""
    return principal


async def reads_scopes(principal: CurrentPrincipal, scopes: SecurityScopes) -> Principal:
    """Check the scopes by hand, as FastAPI shows it."""
    assert set(scopes.scopes) <= principal.scopes
    return principal


def on_a_parameter(app: FastAPI) -> None:
    """Ask for scopes where nobody reads them."""

    @app.get("/tasks")
    async def tasks(_: Annotated[Principal, Security(current_principal, scopes=["admin"])]) -> None:
        """Answer."""


def on_the_route(app: FastAPI) -> None:
    """Do so on the route."""
    app.get("/tasks", dependencies=[Security(READ, scopes=["admin"])])(lambda: None)


def around_a_guard(app: FastAPI) -> None:
    """Do so around a dependency that has a guard."""
    app.get("/tasks", dependencies=[Security(wrapped, scopes=["admin"])])(lambda: None)


def without_a_call(app: FastAPI) -> None:
    """Forget the scopes, and the call with them."""
    app.get("/tasks", dependencies=[Depends(require_scopes)])(lambda: None)


def as_a_default(app: FastAPI) -> None:
    """Forget Depends."""

    def tasks(_: Any = READ) -> None:
        """Answer."""

    app.get("/tasks")(tasks)


@pytest.mark.parametrize(
    ("route", "says"),
    [
        (on_a_parameter, "Depends(require_scopes('admin'))"),
        (on_the_route, "Depends(require_scopes('admin'))"),
        (around_a_guard, "Depends(require_scopes('admin'))"),
        (without_a_call, "call it, require_scopes(…)"),
        (as_a_default, "Annotated[Principal, Depends(…)]"),
    ],
)
def test_a_guard_that_does_not_do_what_it_says_is_refused(
    route: Callable[[FastAPI], None], says: str
) -> None:
    """At start-up and in the schema, with the line to write; and the audit tells of it."""
    app = FastAPI()
    Realm().auth.install(app)
    route(app)
    with (
        pytest.raises(ConfigurationError, match="does not do what it says") as caught,
        TestClient(app),
    ):
        pytest.fail("it started")
    assert says in str(caught.value)
    with pytest.raises(ConfigurationError, match="does not do what it says"):
        app.openapi()
    findings = audit(app, public_docs=True).findings
    assert any("/tasks" in each.about and says in each.text for each in findings)


def test_scopes_that_somebodys_own_check_reads_are_left_to_it() -> None:
    """FastAPI's own way stays possible beside a guard."""
    app = FastAPI()
    Realm().auth.install(app)
    app.get("/tasks", dependencies=[Security(reads_scopes, scopes=["tasks:read"])])(lambda: None)
    with TestClient(app) as client:
        assert client.get("/tasks").status_code == 401
    assert audit(app, public_docs=True).findings == ()


class CachedRoute(APIRoute):
    """A route that may answer from somewhere else."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler as it is: a cache would stand around it."""
        return super().get_route_handler()


def test_a_route_that_may_answer_before_its_guards_is_named() -> None:
    """The audit cannot look into it, and says so; other apps hear nothing of it."""
    app = FastAPI()
    Realm().auth.install(app)
    assert not any("before their guards" in each for each in audit(app).blind_spots)
    router = APIRouter(route_class=CachedRoute)
    router.get("/tasks", dependencies=[Depends(READ)])(lambda: None)
    app.include_router(router)
    assert any("CachedRoute" in each for each in audit(app).blind_spots)
