"""Every route of an app, as it is served, and who may call it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, routing
from starlette.routing import BaseRoute, Host, Match, Mount, WebSocketRoute
from starlette.types import Scope

from fastapi_jwtkit.web.access import Access, AnyGuard, access_of

__all__ = ["Operation", "first_match", "operations", "served_routes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One route, as it is served: prefixes and dependencies of its routers included.

    Attributes:
        path: as OpenAPI writes it; for raw routes and mounts as it was declared.
        methods: sorted; empty for a WebSocket and for a mount.
        access: who may call it.
        in_schema: whether OpenAPI shows it.
        route: what was declared; its own path and dependencies are not the whole story.
        endpoint: what runs; ``None`` where nobody can say.
    """

    path: str
    methods: tuple[str, ...]
    access: Access
    in_schema: bool
    route: BaseRoute
    endpoint: object

    @property
    def guards(self) -> tuple[AnyGuard, ...]:
        """The guards, in the order in which they run."""
        return self.access.guards

    @property
    def is_declared(self) -> bool:
        """Whether it is an operation of FastAPI, which has dependencies."""
        return isinstance(self.route, routing.APIRoute | routing.APIWebSocketRoute)

    @property
    def is_websocket(self) -> bool:
        """Whether it is one."""
        return isinstance(self.route, WebSocketRoute)

    @property
    def mounted(self) -> object | None:
        """What is mounted there; ``None`` for a route."""
        return self.route.app if isinstance(self.route, Mount | Host) else None


def operations(app: FastAPI) -> Iterator[Operation]:
    """Yield the app's own operations of FastAPI; a mounted app answers for itself."""
    for each in served_routes(app.routes):
        if each.is_declared:
            yield each


def served_routes(routes: Sequence[BaseRoute]) -> Iterator[Operation]:
    """Yield every route, raw ones and mounts included, but not what is below a mount."""
    yield from map(_operation, _contexts(routes))


def first_match(routes: Sequence[BaseRoute], scope: Scope) -> Operation | None:
    """Return the route that will serve a request, or answer that its method is wrong.

    As Starlette does: the first full match, else the first partial one. ``None`` where
    nothing matches: a 404, or a redirect to the same path with or without a slash.

    Args:
        routes: of the app.
        scope: of the request; left as it is.
    """
    partial: Any = None
    probe = dict(scope)
    for context in _contexts(routes):
        match, _ = context.matches(probe)
        if match is Match.FULL:
            return _operation(context)
        if match is Match.PARTIAL and partial is None:
            partial = context
    return None if partial is None else _operation(partial)


def _operation(context: Any) -> Operation:
    original: BaseRoute = getattr(context, "original_route", context)
    is_ours = isinstance(original, routing.APIRoute | routing.APIWebSocketRoute)
    path = getattr(context, "path_format", None) if is_ours else None
    if isinstance(original, Host):
        path = f"//{original.host}"
    return Operation(
        path=str(path or getattr(context, "path", None) or getattr(original, "path", "")),
        methods=tuple(sorted(getattr(context, "methods", None) or ())),
        # Of the context, not of the original route: routers add dependencies of their own.
        access=access_of(context.dependant if is_ours else None),
        in_schema=is_ours and bool(getattr(context, "include_in_schema", False)),
        route=original,
        endpoint=getattr(context, "endpoint", None) or getattr(original, "endpoint", None),
    )


def _contexts(routes: Sequence[BaseRoute]) -> Iterable[Any]:
    # FastAPI 0.137 made the routes a tree and 0.137.2 brought the way to walk it; the
    # list was flat before.
    walk: Callable[[Sequence[BaseRoute]], Iterable[Any]] | None = getattr(
        routing, "iter_route_contexts", None
    )
    return walk(routes) if walk else routes
