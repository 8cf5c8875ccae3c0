"""The OpenAPI schema, completed where it is generated.

FastAPI cannot know the scopes of a plain ``Depends`` nor the answers of a guard, so the
finished schema is completed from a walk over the routes: nothing happens per request.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from fastapi import FastAPI
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.web.app_bodies import speaks_for_app
from fastapi_jwtkit.web.gate import gate_of
from fastapi_jwtkit.web.guards import SCHEME
from fastapi_jwtkit.web.installed import plugins_of
from fastapi_jwtkit.web.principal_sources import PrincipalSource
from fastapi_jwtkit.web.responses import (
    CSRF_FAILED,
    FORBIDDEN,
    UNAUTHORIZED,
    use_error_schemas,
    written_operations,
)
from fastapi_jwtkit.web.routes import OAuthRoute
from fastapi_jwtkit.web.schemes import (
    alternatives,
    bearer_names,
    cookie_model,
    cookie_name,
    needs_csrf_token,
    our_names,
)
from fastapi_jwtkit.web.walker import Operation, operations

__all__ = ["complete_openapi", "ensure_guards_are_bound", "hook_openapi"]

_HOOKED = "_jwtkit_hooked"

# Where the schema is being served: a mounted app learns its own path only then.
_root_path: ContextVar[str] = ContextVar("fastapi_jwtkit_root_path", default="")


def complete_openapi(app: FastAPI, schema: dict[str, Any]) -> dict[str, Any]:
    """Add scopes, the security schemes and the 401 and 403 of guards to a schema.

    ``install`` hooks it into ``app.openapi``; call it yourself if you call FastAPI's
    ``get_openapi``. Doing it twice changes nothing. What you wrote yourself stays.

    Args:
        app: the app whose routes to walk.
        schema: completed in place.

    Returns:
        the same schema.

    Raises:
        ConfigurationError: a free guard stands on an app with two realms.
    """
    ensure_guards_are_bound(app)
    for operation in operations(app):
        if operation.in_schema:
            for written in _written(schema, operation):
                if isinstance(operation.route, OAuthRoute):
                    # FastAPI announces a 422 for every body; ours answers 400 (RFC 6749 5.2).
                    written.get("responses", {}).pop("422", None)
                if operation.guards or _is_gated(app, operation):
                    _complete(app, written, operation)
    _add_schemes(app, schema)
    use_error_schemas(schema, everywhere=speaks_for_app(app))
    return schema


def hook_openapi(app: FastAPI) -> None:
    """Complete what ``app.openapi()`` returns from now on; safe to call again.

    Called by ``install`` and again at start-up, for an ``app.openapi`` that was
    replaced in between.
    """
    current = app.openapi
    if not getattr(current, _HOOKED, False):

        @functools.wraps(current)
        def openapi() -> dict[str, Any]:
            # Before FastAPI writes down what it makes of a guard that is misplaced.
            ensure_guards_are_bound(app)
            return complete_openapi(app, current())

        setattr(openapi, _HOOKED, True)
        # The documented way to extend the schema.
        app.openapi = openapi  # type: ignore[method-assign]
    for route in app.router.routes:
        if isinstance(route, Route) and route.path == app.openapi_url:
            _tell_root_path(route)


def ensure_guards_are_bound(app: FastAPI) -> None:
    """Refuse free guards on an app with two realms, and guards that are none as they stand.

    Raises:
        ConfigurationError: names the first route with one.
    """
    for operation in operations(app):
        for mistake in operation.access.mistakes:
            raise ConfigurationError(
                f"{operation.path} has a guard that does not do what it says.",
                why="FastAPI takes it without a word, and the route is more open than it looks.",
                fix=mistake,
                docs="how-to/guard-every-route/",
            )
    if len(plugins_of(app)) < 2:  # noqa: PLR2004
        return
    for operation in operations(app):
        if any(guard.source is None for guard in operation.guards):
            raise ConfigurationError(
                f"{operation.path} has a free guard on an app with two realms.",
                why="It cannot know whose tokens to trust, so it trusts none.",
                fix="Use the guard of the plugin: auth.require_scopes(…), auth.current_principal.",
                docs="how-to/several-realms/",
            )


def _written(schema: dict[str, Any], operation: Operation) -> Iterator[dict[str, Any]]:
    path: dict[str, dict[str, Any]] = schema.get("paths", {}).get(operation.path, {})
    yield from (path[method] for each in operation.methods if (method := each.lower()) in path)


def _complete(app: FastAPI, written: dict[str, Any], operation: Operation) -> None:
    written["security"] = _security(app, operation, written.get("security", []))
    responses = written.setdefault("responses", {})
    responses.setdefault("401", copy.deepcopy(UNAUTHORIZED))
    if any(guard.may_forbid for guard in operation.guards):
        responses.setdefault("403", copy.deepcopy(FORBIDDEN))
    elif needs_csrf_token(app, operation):
        responses.setdefault("403", copy.deepcopy(CSRF_FAILED))


def _security(
    app: FastAPI, operation: Operation, written: list[dict[str, list[str]]]
) -> list[dict[str, list[str]]]:
    ours = our_names(app)
    foreign = [item for item in written if item and not ours & item.keys()]
    if not operation.guards:
        # Behind the gate alone, which any plugin of the app opens.
        each = ({name: list[str]()} for name in bearer_names(app).values())
        return [*foreign, *(item for one in each for item in alternatives(app, one))]
    required: dict[str, list[str]] = {}
    for guard in operation.guards:
        name = _name_of(app, guard.source)
        scopes = required.setdefault(name, [])
        scopes.extend(scope for scope in guard.demand.scopes if scope not in scopes)
    # An empty requirement: the token may be left out (OpenAPI 3.1, Security Requirement).
    optional = not operation.access.is_guarded and not _is_gated(app, operation)
    # A list of requirements: any of them will do, and so does either transport.
    return [*foreign, *alternatives(app, required), *([{}] if optional else [])]


def _is_gated(app: FastAPI, operation: Operation) -> bool:
    """Say whether the gate of the app alone keeps strangers out."""
    gate = gate_of(app)
    closed = gate is not None and gate.reason_of(operation) is None
    return closed and not operation.access.is_guarded


def _name_of(app: FastAPI, source: PrincipalSource | None) -> str:
    # A guard bound to a plugin of another app still names a scheme that exists.
    return bearer_names(app).get(id(source), SCHEME)


def _add_schemes(app: FastAPI, schema: dict[str, Any]) -> None:
    schemes = schema.setdefault("components", {}).setdefault("securitySchemes", {})
    names = bearer_names(app)
    for plugin in plugins_of(app):
        settings = plugin.kit.settings
        model: dict[str, Any] = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
        if settings.swagger_login and plugin.kit.users and "token" in plugin.routes:
            # RFC 3986 4.2, path-absolute: right for Swagger, which resolves it against
            # the server, and for tools that resolve it against the document.
            url = f"{_root_path.get()}{plugin.prefix}/token"
            scopes = dict.fromkeys(_scopes_of(schema, names[id(plugin)]), "")
            model = {
                "type": "oauth2",
                "flows": {"password": {"tokenUrl": url, "scopes": scopes}},
            }
        name = names[id(plugin)]
        schemes[name] = model
        if not plugin.serves_bearer:
            del schemes[name]  # FastAPI read it off the guard
        by_cookie = cookie_model(plugin)
        if by_cookie is not None:
            schemes[cookie_name(name)] = by_cookie


def _scopes_of(schema: Mapping[str, Any], name: str) -> list[str]:
    """Every scope that some operation asks for, for the boxes in Swagger's dialog."""
    found: set[str] = set()
    for operation in written_operations(schema):
        for requirement in operation.get("security", []):
            found.update(requirement.get(name, []))
    return sorted(found)


class _RootPathTold:
    """Tells the schema the path under which its own route is served."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        token = _root_path.set(scope.get("root_path", "").rstrip("/"))
        try:
            await self._app(scope, receive, send)
        finally:
            _root_path.reset(token)


def _tell_root_path(route: Route) -> None:
    if not isinstance(route.app, _RootPathTold):
        route.app = _RootPathTold(route.app)
