"""An app with one route per kind of guard, for tests that act as somebody."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, FastAPI, WebSocket

from fastapi_jwtkit import (
    CurrentPrincipal,
    OptionalPrincipal,
    Principal,
    require_auth,
    require_policy,
    require_roles,
    require_scopes,
)
from fastapi_jwtkit.policies.rules import has_permissions
from web_kits import Realm


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
