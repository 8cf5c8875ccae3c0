"""An application in which guards are hard to see, with a gate and without."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, WebSocket
from fastapi.security import HTTPBearer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from fastapi_jwtkit import (
    JWTAuth,
    OptionalPrincipal,
    Principal,
    public,
    require_roles,
    require_scopes,
)
from web_kits import Realm

if TYPE_CHECKING:
    # As a linter likes it, and so gone at run time.
    from fastapi_jwtkit import CurrentPrincipal


class require_everything:  # noqa: N801 - a fake: named as a guard is
    """A guard by its name alone."""

    async def __call__(self) -> str:
        """Let everybody in."""
        return "admin"


class LaxGuard(type(require_scopes("a"))):  # type: ignore[misc]  # a class that users can make
    """A guard of ours that was made to let strangers in."""

    async def __call__(self, connection: Any) -> Any:  # noqa: ARG002 - the shape of a guard
        """Let everybody in."""
        return None


async def raw(_: Request) -> PlainTextResponse:
    """Answer."""
    return PlainTextResponse("raw")


async def raw_socket(socket: WebSocket) -> None:
    """Accept, and be done."""
    await socket.accept()
    await socket.close()


async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer as an app that nobody can look into."""
    await PlainTextResponse("asgi")(scope, receive, send)


async def shared_dependency(_: Annotated[None, Depends(public(reason="hidden"))]) -> None:
    """Carry a mark where it does not count."""


def nested() -> APIRouter:
    """Return routers three deep, with guards at each level and at their inclusion."""
    inner, middle, outer = APIRouter(prefix="/r3"), APIRouter(prefix="/r2"), APIRouter()

    @inner.get("/plain")
    async def plain() -> str:
        return "plain"

    @inner.websocket("/socket")
    async def socket(socket: WebSocket) -> None:
        await raw_socket(socket)

    @inner.get("/own", dependencies=[Depends(require_scopes("own"))])
    async def own() -> str:
        return "own"

    middle.include_router(inner, prefix="/i2", dependencies=[Depends(require_scopes("include"))])
    middle.include_router(inner, prefix="/bare")
    outer.include_router(middle, prefix="/i1")
    outer.include_router(
        middle, prefix="/roles", dependencies=[Depends(require_roles("admin", "clerk"))]
    )
    outer.include_router(inner, prefix="/told", dependencies=[Depends(public(reason="told"))])
    return outer


def add_routes(app: FastAPI) -> None:
    """Add guards that are none, and marks that are none."""

    @app.get("/fake", dependencies=[Depends(require_everything())])
    async def fake() -> str:
        return "fake"

    @app.get("/lax", dependencies=[Depends(LaxGuard())])
    async def lax() -> str:
        return "lax"

    @app.get("/auto-error", dependencies=[Depends(HTTPBearer(auto_error=False))])
    async def auto_error() -> str:
        return "auto_error"

    @app.get("/optional")
    async def optional(_: OptionalPrincipal) -> str:
        return "optional"

    @app.get("/told-optional", dependencies=[Depends(public(reason="more if you log in"))])
    async def told_optional(_: OptionalPrincipal) -> str:
        return "optional"

    @app.get("/marked", dependencies=[Depends(public(reason="a probe"))])
    async def marked() -> str:
        return "marked"

    @app.get("/hidden-mark", dependencies=[Depends(shared_dependency)])
    async def hidden_mark() -> str:
        return "hidden"

    @app.get("/items/{item}")
    async def item(item: str, _: Annotated[Principal, Depends(require_scopes("items"))]) -> str:
        return item

    @app.api_route("/both", methods=["GET", "POST"], include_in_schema=False)
    async def both() -> str:
        return "both"


def add_lost_guard(app: FastAPI) -> bool:
    """Add a route whose guard is in an annotation that nobody can evaluate, where that goes."""
    try:

        @app.get("/lost", include_in_schema=False)
        async def lost(principal: CurrentPrincipal) -> str:
            return str(principal)

    except NameError:  # FastAPI 0.123 and before notice
        return False
    return True


def sub_app() -> FastAPI:
    """Return an app to be mounted, which guards one of its routes."""
    sub = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @sub.get("/open")
    async def opened() -> str:
        return "open"

    @sub.get("/marked", dependencies=[Depends(public(reason="of the sub-app"))])
    async def marked() -> str:
        return "marked"

    return sub


def hard_app(folder: Path, *, gated: bool) -> tuple[FastAPI, Realm]:
    """Return the application and its realm.

    Args:
        folder: where its static files are.
        gated: whether ``protect`` is called, half-way.
    """
    (folder / "style.css").write_text("* {}\n")
    app, realm = FastAPI(), Realm()
    realm.auth.install(app)
    app.include_router(nested(), prefix="/n")
    add_routes(app)
    gated_sub, own = sub_app(), Realm(issuer="https://sub.example")
    own.auth.install(gated_sub)
    own.auth.protect(gated_sub)
    app.mount("/gated", gated_sub)
    if gated:
        opened = {"/static": "style sheets", "/raw-open": "asked by a monitor"}
        realm.auth.protect(app, public=opened, public_docs=True)
    add_lost_guard(app)
    app.mount("/sub", sub_app())
    app.mount("/static", StaticFiles(directory=folder))
    app.mount("/asgi", asgi)
    app.mount("/starlette", Starlette(routes=[Route("/raw", raw), Mount("/deep", asgi)]))
    app.router.routes.append(Route("/raw", raw))
    app.router.routes.append(Route("/raw-open", raw))
    app.router.routes.append(WebSocketRoute("/raw-socket", raw_socket))
    return app, realm


def add_late_route(app: FastAPI) -> None:
    """Add a route while the app serves."""

    @app.get("/late")
    async def late() -> str:
        return "late"


__all__ = ["JWTAuth", "add_late_route", "hard_app"]
