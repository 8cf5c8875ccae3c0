"""Deny by default: the innermost layer of an app, through which strangers pass by name only.

It stands inside the exception handlers and all middleware of the app, so its refusals look
like those of a guard, with CORS headers, and inside nothing that could be left out: raw
routes, mounts, WebSockets and routes that are added while the app serves are behind it too.
Dependencies of an app or a middleware around it reach less; see the page on why.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.web.principal_sources import INSTALLED
from fastapi_jwtkit.web.walker import Operation, first_match

if TYPE_CHECKING:
    from fastapi_jwtkit.web.mounted_kit import MountedKit

__all__ = ["UNMATCHED", "Gate", "gate_of", "protect"]

UNMATCHED = "*"
"""What no route matches: 404, redirects between ``/a`` and ``/a/``, and ``app.frontend``."""
_STACK = "middleware_stack"


class Gate:
    """Lets a request in if any plugin of the app knows who is calling, or by name.

    Args:
        app: whose plugins and routes are asked, anew for each stranger: what was true a
            moment ago may let somebody in now.
        inner: what was innermost before.
        public: reasons, by the own path of a raw route or a mount, and ``*``.
    """

    def __init__(self, app: FastAPI, inner: ASGIApp, public: Mapping[str, str]) -> None:
        self._app = app
        self._inner = inner
        self.public = dict(public)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve an ASGI connection.

        Raises:
            HTTPException: nobody knows who is calling, and the route is not public.
        """
        if scope["type"] in {"http", "websocket"}:
            refused = await self._refusal(HTTPConnection(scope))
            if refused is not None and self._reason_for(scope) is None:
                raise refused
        await self._inner(scope, receive, send)

    def reason_of(self, operation: Operation | None) -> str | None:
        """Return why strangers may pass to a route; ``None``: they may not.

        Args:
            operation: the route; ``None`` for what no route matches.
        """
        if operation is None:
            return self.public.get(UNMATCHED)
        if operation.is_declared:
            return operation.access.reason
        mounted = operation.mounted
        if mounted is not None and gate_of(mounted) is not None:
            return "it has a gate of its own"
        return self.public.get(operation.path)

    def _reason_for(self, scope: Scope) -> str | None:
        return self.reason_of(first_match(self._app.routes, scope))

    async def _refusal(self, connection: HTTPConnection) -> HTTPException | None:
        plugins: tuple[MountedKit, ...] = getattr(self._app, INSTALLED, ())
        refused: HTTPException | None = None
        for plugin in plugins:
            try:
                await plugin.current_principal(connection)
            except HTTPException as error:
                refused = refused or error
            else:
                return None
        return refused


def gate_of(app: object) -> Gate | None:
    """Return the gate of an app; ``None`` if it has none, or if it cannot be seen."""
    stack = getattr(getattr(app, "router", None), _STACK, None)
    return stack if isinstance(stack, Gate) else None


def protect(app: FastAPI, *, public: Mapping[str, str], public_docs: bool) -> None:
    """Put a gate into an app; see ``JWTAuth.protect``."""
    if gate_of(app) is not None:
        raise ConfigurationError(
            "protect() was called twice on one app.",
            why="Which of the two lists of public paths holds would be a matter of order.",
            fix="Call it once, with all of them: auth.protect(app, public={…}).",
            docs="how-to/guard-every-route/",
        )
    inner = vars(app.router).get(_STACK)
    if inner is None:
        raise ConfigurationError(
            "This release of Starlette has no place for the gate.",
            why=f"Router.{_STACK} is gone, and a gate that is never asked lets everybody in.",
            fix="Install a release of Starlette that fastapi-jwtkit supports.",
            docs="how-to/guard-every-route/",
        )
    open_paths = dict(public)
    if public_docs:
        open_paths |= dict.fromkeys(docs_paths(app), "documentation of the API")
    for path, reason in open_paths.items():
        _ensure_says_why(path, reason)
    app.router.middleware_stack = Gate(app, inner, open_paths)


def docs_paths(app: FastAPI) -> tuple[str, ...]:
    """Return the paths of the schema and of the pages that show it."""
    paths = (app.openapi_url, app.docs_url, app.redoc_url, app.swagger_ui_oauth2_redirect_url)
    return tuple(path for path in paths if path)


def _ensure_says_why(path: object, reason: object) -> None:
    is_path = isinstance(path, str) and (path.startswith("/") or path == UNMATCHED)
    if is_path and isinstance(reason, str) and reason.strip():
        return
    raise ConfigurationError(
        f"protect(public={{{path!r}: {reason!r}}}) is refused.",
        why="Each entry is the path of a raw route or a mount as it was declared, and the reason "
        "for which strangers may call it. FastAPI's own routes are marked where they are made.",
        fix='public={"/static": "style sheets"}; on a route Depends(public(reason="…")).',
        docs="how-to/guard-every-route/",
    )
