"""Every operation of an app and the guards that stand before it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, routing
from fastapi.dependencies.models import Dependant
from starlette.routing import BaseRoute

from fastapi_jwtkit.web.guards import Guard, OptionalGuard

__all__ = ["Operation", "guards_of", "operations"]

AnyGuard = Guard | OptionalGuard


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One route, as it is served: prefixes and dependencies of its routers included.

    Attributes:
        path: as OpenAPI writes it.
        methods: sorted; empty for a WebSocket.
        guards: in the order in which they run.
        in_schema: whether OpenAPI shows it.
        route: what was declared; its own path and dependencies are not the whole story.
    """

    path: str
    methods: tuple[str, ...]
    guards: tuple[AnyGuard, ...]
    in_schema: bool
    route: BaseRoute


def operations(app: FastAPI) -> Iterator[Operation]:
    """Yield the app's own operations; a mounted app answers for itself."""
    for context in _contexts(app.routes):
        original = getattr(context, "original_route", context)
        if not isinstance(original, routing.APIRoute | routing.APIWebSocketRoute):
            continue
        # Of the context, not of the original route: routers add dependencies of their own.
        yield Operation(
            path=getattr(context, "path_format", None) or context.path,
            methods=tuple(sorted(getattr(context, "methods", None) or ())),
            guards=tuple(guards_of(context.dependant)),
            in_schema=bool(getattr(context, "include_in_schema", False)),
            route=original,
        )


def guards_of(dependant: Dependant) -> Iterator[AnyGuard]:
    """Yield the guards of a dependency tree, in the order in which they run."""
    for inner in dependant.dependencies:
        if isinstance(inner.call, Guard | OptionalGuard):
            yield inner.call
        yield from guards_of(inner)


def _contexts(routes: Sequence[BaseRoute]) -> Iterable[Any]:
    # FastAPI 0.137 made the routes a tree and 0.137.2 brought the way to walk it; the
    # list was flat before.
    walk: Callable[[Sequence[BaseRoute]], Iterable[Any]] | None = getattr(
        routing, "iter_route_contexts", None
    )
    return walk(routes) if walk else routes
