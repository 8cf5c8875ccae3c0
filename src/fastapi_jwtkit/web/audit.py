"""Which routes of an app a stranger can call: every one of them, and why.

Nothing is guessed from names: a guard is an object of ours, a mark is one of ours, and what
cannot be looked into is said to be unknown.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Route, WebSocketRoute

from fastapi_jwtkit.web.access import AnyGuard
from fastapi_jwtkit.web.gate import UNMATCHED, Gate, docs_paths, gate_of
from fastapi_jwtkit.web.guards import OptionalGuard
from fastapi_jwtkit.web.walker import Operation, served_routes

__all__ = ["RouteRow", "Status", "audit_routes", "blind_spots", "dead_openings", "source_of"]


_OURS = Path(__file__).parents[2]


class Status(StrEnum):
    """What a route is to a stranger."""

    GUARDED = "guarded"
    """A guard of ours asks everybody for a good token."""
    GATE_ONLY = "gate-only"
    """Closed by the gate of the app alone: one ``protect`` less, and it is open."""
    OPTIONAL = "optional"
    """A guard lets strangers in: ``OptionalPrincipal``."""
    PUBLIC = "public"
    """Open, and somebody wrote down why."""
    OPEN = "OPEN"
    """Open, and nobody said so."""
    UNKNOWN = "UNKNOWN"
    """Whoever answers cannot be looked into: a mounted ASGI app, static files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRow:
    """One route in the audit.

    Attributes:
        methods: ``("GET",)``; ``("WS",)`` for a WebSocket, ``("*",)`` for a mount.
        path: from the root of the app that is audited.
        guards: as their authors wrote them.
        scopes: what the guards ask for.
        status: what it is to a stranger.
        reason: why it is public, or what is wrong with it.
        source: ``file:line`` of what runs; empty where nobody can say.
        faults: what is a mistake, whatever the status.
        is_docs: whether it is FastAPI's own, the schema or a page that shows it.
    """

    methods: tuple[str, ...]
    path: str
    guards: tuple[str, ...]
    scopes: tuple[str, ...]
    status: Status
    reason: str
    source: str
    faults: tuple[str, ...]
    is_docs: bool

    @property
    def name(self) -> str:
        """``GET /tasks``, by which an allow-list names it."""
        return f"{','.join(self.methods)} {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """What is around the routes of one app.

    Attributes:
        prefix: of the mounts they are below.
        gate: of the very app.
        is_closed: whether a gate keeps strangers out, its own or one outside.
        opened: why a mount that they are below is public.
        docs: paths of FastAPI's own pages.
    """

    prefix: str = ""
    gate: Gate | None = None
    is_closed: bool = False
    opened: str | None = None
    docs: frozenset[str] = frozenset()


def audit_routes(app: object) -> Iterator[RouteRow]:
    """Yield every route of an app and of the apps that are mounted on it.

    Args:
        app: a FastAPI or Starlette app, or anything with ``routes``.
    """
    yield from _walk(app, _Around())


def blind_spots(app: object) -> Iterator[str]:
    """Yield what the audit of an app cannot see, in sentences."""
    middleware = [getattr(each, "cls", each) for each in getattr(app, "user_middleware", ())]
    if middleware:
        names = ", ".join(getattr(each, "__name__", repr(each)) for each in middleware)
        yield f"Middleware may answer by itself: {names}."
    if getattr(app, "dependency_overrides", None):
        yield "app.dependency_overrides is not empty: what it replaces was not looked at."
    classes = dict.fromkeys(_own_classes(getattr(app, "routes", ())))
    if classes:
        yield f"Routes may answer before their guards are asked: {', '.join(classes)}."
    yield (
        "Not looked at: what a proxy adds, what runs before the app, app.frontend(), a router's "
        "default, checks inside an endpoint, and whatever is behind UNKNOWN."
    )


def _own_classes(routes: Sequence[BaseRoute]) -> Iterator[str]:
    """Yield the names of route classes that make a handler of their own, as caches do."""
    for operation in served_routes(routes):
        kind = type(operation.route)
        makes = getattr(kind, "get_route_handler", None)
        is_known = kind.__module__.startswith("fastapi_jwtkit.")
        if makes not in {None, APIRoute.get_route_handler} and not is_known:
            yield kind.__name__


def dead_openings(app: object) -> Iterator[str]:
    """Yield the paths that ``protect(public=…)`` names and no raw route or mount has."""
    gate = gate_of(app)
    if gate is None:
        return
    raw = {each.path for each in served_routes(app.routes) if not each.is_declared}  # type: ignore[attr-defined]  # an app with a gate has them
    yield from (path for path in gate.public if path != UNMATCHED and path not in raw)


def _walk(app: object, around: _Around) -> Iterator[RouteRow]:
    routes: Sequence[BaseRoute] = getattr(app, "routes", ())
    gate = gate_of(app)
    if gate is not None:
        # It decides alone: a gate outside lets strangers pass to an app that has one.
        around = _Around(prefix=around.prefix, gate=gate, is_closed=True)
    if isinstance(app, FastAPI):
        around = replace(around, docs=frozenset(docs_paths(app)))
    for operation in served_routes(routes):
        mounted = operation.mounted
        if mounted is None:
            yield _row(operation, around)
        elif getattr(mounted, "routes", None) is None:
            yield _row(operation, around, is_opaque=True)
        else:
            yield from _walk(mounted, _below(operation, around))


def _below(operation: Operation, around: _Around) -> _Around:
    reason = _opening(operation, around)
    return _Around(
        prefix=around.prefix + operation.path,
        is_closed=around.is_closed and reason is None,
        opened=reason,
    )


def _opening(operation: Operation, around: _Around) -> str | None:
    """Return why strangers may pass to a route, as far as anybody wrote that down."""
    if around.gate is not None:
        return around.gate.reason_of(operation)
    if around.is_closed:
        return None  # a mark opens nothing behind the gate of the app around it
    return operation.access.reason or around.opened


def _row(operation: Operation, around: _Around, *, is_opaque: bool = False) -> RouteRow:
    status, reason = _status(operation, around, is_opaque=is_opaque)
    scopes = dict.fromkeys(scope for guard in operation.guards for scope in guard.demand.scopes)
    methods = ("WS",) if operation.is_websocket else operation.methods
    return RouteRow(
        methods=methods or ("*",),
        path=around.prefix + operation.path + ("/*" if is_opaque else ""),
        guards=tuple(map(_as_written, operation.guards)),
        scopes=tuple(scopes),
        status=status,
        reason=reason,
        source=source_of(operation.mounted if is_opaque else operation.endpoint),
        faults=tuple(_faults(operation)),
        is_docs=operation.path in around.docs and not operation.is_declared,
    )


def _status(operation: Operation, around: _Around, *, is_opaque: bool) -> tuple[Status, str]:
    if operation.access.is_guarded:
        return Status.GUARDED, ""
    reason = _opening(operation, around)
    if reason is not None:
        return Status.PUBLIC, reason
    if around.is_closed:
        return Status.GATE_ONLY, "no guard: closed by the gate alone"
    if is_opaque or not isinstance(operation.route, Route | WebSocketRoute):
        return Status.UNKNOWN, "cannot be looked into"
    if operation.access.guards:
        return Status.OPTIONAL, "its guard lets strangers in"
    return Status.OPEN, "no guard, and not marked public"


def _faults(operation: Operation) -> Iterator[str]:
    access = operation.access
    for name in access.unresolved:
        yield (
            f"the annotation of {name!r} cannot be evaluated, so FastAPI takes it for a query "
            "parameter and no guard in it runs: import its names at run time, at module level"
        )
    yield from access.mistakes
    if access.is_guarded and access.mark is not None:
        yield f"marked public ({access.mark}) and guarded: the guard wins, the mark is dead"


def _as_written(guard: AnyGuard) -> str:
    return "OptionalPrincipal" if isinstance(guard, OptionalGuard) else guard.written


def source_of(endpoint: object) -> str:
    """Return ``file:line`` of what runs, the file as seen from here; empty if unknown."""
    found: Any = endpoint
    while isinstance(found, functools.partial):
        found = found.func  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    found = inspect.unwrap(found) if callable(found) else found
    if not (inspect.isroutine(found) or inspect.isclass(found)):
        found = cast("object", found).__class__
    try:
        path, (_, line) = inspect.getsourcefile(found), inspect.getsourcelines(found)
    except (TypeError, OSError):
        return ""
    return f"{_from_here(Path(path))}:{line}" if path else ""


def _from_here(path: Path) -> str:
    installed = (each for each in path.parents if each.name == "site-packages")
    for start in (Path.cwd(), *installed, _OURS):
        if path.is_relative_to(start) and "site-packages" not in path.relative_to(start).parts:
            return path.relative_to(start).as_posix()
    return path.as_posix()
