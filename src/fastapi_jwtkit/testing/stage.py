"""Requests of a test that say nothing of who is calling get somebody's credentials.

What is put in is what a client would have sent, outside everything the app does with a
request: middleware, gate and guards see a header or a cookie, and verify it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from fastapi import FastAPI
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from fastapi_jwtkit.errors import InvalidRequestError
from fastapi_jwtkit.web.installed import plugins_of

__all__ = ["Carried", "Stage", "enter_stage", "leave_stage"]

_PUT_IN = "fastapi_jwtkit.testing.put_in"
_NAME_OF = {"Authorization": b"authorization", "Cookie": b"cookie", "X-CSRF-Token": b"x-csrf-token"}


@dataclass(frozen=True, eq=False)
class Carried:
    """The headers that somebody's requests carry; each is another, however equal."""

    headers: Mapping[str, str]


class Stage:
    """Stands around all that an app does, for as long as somebody acts.

    Args:
        app: the app; its middleware is built at the first request, as ever.
    """

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self.inner: ASGIApp | None = app.middleware_stack
        self.carried: list[Carried] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve an ASGI connection, with the credentials of whoever came last."""
        if self.inner is None:
            self.inner = self._app.build_middleware_stack()
        if scope["type"] in {"http", "websocket"} and self.carried:
            scope = self._with_credentials(scope, self.carried[-1])
        await self.inner(scope, receive, send)

    def _with_credentials(self, scope: Scope, carried: Carried) -> Scope:
        # A mounted app on which somebody acts decides for itself, whoever acts above it.
        put_in: frozenset[tuple[bytes, bytes]] = scope.get(_PUT_IN, frozenset())
        headers = [pair for pair in scope["headers"] if tuple(pair) not in put_in]
        if self._has_own({**scope, "headers": headers}):
            return {**scope, "headers": headers}
        present = {name for name, _ in headers}
        added = [
            (_NAME_OF[name], value.encode("latin-1"))
            for name, value in carried.headers.items()
            if _NAME_OF[name] not in present or name == "Cookie"
        ]
        return {**scope, "headers": [*headers, *added], _PUT_IN: frozenset(added)}

    def _has_own(self, scope: Scope) -> bool:
        """Say whether a request brings credentials of its own, good or bad."""
        if any(name == b"authorization" for name, _ in scope["headers"]):
            return True
        connection = HTTPConnection(scope)
        try:
            return any(
                plugin.cookies is not None and plugin.cookies.transport.read(connection) is not None
                for plugin in plugins_of(self._app)
            )
        except InvalidRequestError:
            return True  # two of them: for the app to refuse


def enter_stage(app: FastAPI, carried: Carried) -> None:
    """Let the requests of an app carry these headers, before all that did so far."""
    stage = cast("Any", app.middleware_stack)
    if not isinstance(stage, Stage):
        stage = Stage(app)
        app.middleware_stack = stage
    stage.carried.append(carried)


def leave_stage(app: FastAPI, carried: Carried) -> None:
    """Take these headers away; the last to leave leaves the app as it was."""
    stage = cast("Any", app.middleware_stack)
    if isinstance(stage, Stage):
        stage.carried = [each for each in stage.carried if each is not carried]
        if not stage.carried:
            app.middleware_stack = stage.inner
