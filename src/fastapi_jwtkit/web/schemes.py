"""Security schemes in OpenAPI: one for each transport of each plugin of an app."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI

from fastapi_jwtkit.web.cookie_requests import CSRF_HEADER, SAFE_METHODS
from fastapi_jwtkit.web.guards import SCHEME
from fastapi_jwtkit.web.installed import plugins_of
from fastapi_jwtkit.web.mounted_kit import MountedKit
from fastapi_jwtkit.web.principal_sources import PrincipalSource
from fastapi_jwtkit.web.walker import Operation

__all__ = [
    "alternatives",
    "bearer_names",
    "cookie_model",
    "cookie_name",
    "needs_csrf_token",
    "our_names",
]


def bearer_names(app: FastAPI) -> dict[int, str]:
    """Return the name of each plugin's Bearer scheme, by the plugin's ``id``."""
    plugins = plugins_of(app)
    names = {id(plugin): SCHEME for plugin in plugins[:1]}
    for plugin in plugins[1:]:
        names[id(plugin)] = SCHEME + re.sub(r"[^A-Za-z0-9._-]+", "-", plugin.prefix)
    return names


def cookie_name(bearer_name: str) -> str:
    """Return the name of the cookie scheme beside a Bearer scheme."""
    return f"{bearer_name}Cookie"


def our_names(app: FastAPI) -> frozenset[str]:
    """Return the names of all schemes that are ours to write."""
    names = {SCHEME, *bearer_names(app).values()}
    return frozenset((*names, *map(cookie_name, names)))


def alternatives(app: FastAPI, required: Mapping[str, list[str]]) -> list[dict[str, list[str]]]:
    """Return the requirements that are as good as one another: a list of them means "or".

    Args:
        app: whose plugins say which transports they serve.
        required: Bearer schemes, all of them needed, and their scopes.
    """
    choices = [_choices_of(app, name, scopes) for name, scopes in required.items()]
    return [dict(chosen) for chosen in itertools.product(*choices)]


def cookie_model(plugin: MountedKit) -> dict[str, Any] | None:
    """Return the cookie scheme of a plugin, ``None`` if it serves no cookies."""
    if plugin.cookies is None:
        return None
    return {
        "type": "apiKey",
        "in": "cookie",
        "name": plugin.cookies.transport.access_name,
        "description": f"Unsafe methods also need the header {CSRF_HEADER}.",
    }


def needs_csrf_token(app: FastAPI, operation: Operation) -> bool:
    """Say whether an operation may answer 403 to a request by cookies."""
    if set(operation.methods) <= SAFE_METHODS:
        return False
    plugins = (_plugin_of(app, guard.source) for guard in operation.guards)
    return any(plugin is not None and plugin.cookies is not None for plugin in plugins)


def _choices_of(app: FastAPI, name: str, scopes: list[str]) -> list[tuple[str, list[str]]]:
    names = bearer_names(app)
    plugin = next((each for each in plugins_of(app) if names[id(each)] == name), None)
    if plugin is None or plugin.cookies is None:
        return [(name, scopes)]
    # OpenAPI gives scopes to OAuth 2.0 alone: those of an apiKey would be roles.
    by_cookie: tuple[str, list[str]] = (cookie_name(name), [])
    return [(name, scopes), by_cookie] if plugin.serves_bearer else [by_cookie]


def _plugin_of(app: FastAPI, source: PrincipalSource | None) -> MountedKit | None:
    plugins = plugins_of(app)
    if source is None:
        return plugins[0] if plugins else None
    return next((plugin for plugin in plugins if plugin is source), None)
