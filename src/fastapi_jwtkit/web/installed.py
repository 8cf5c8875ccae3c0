"""Which plugins an app has, and what they may not have in common."""

from __future__ import annotations

from fastapi import FastAPI

from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.web.guards import Guard
from fastapi_jwtkit.web.mounted_kit import MountedKit
from fastapi_jwtkit.web.principal_sources import INSTALLED

__all__ = ["add_plugin", "plugins_of"]


def plugins_of(app: FastAPI) -> tuple[MountedKit, ...]:
    """Return the plugins of an app, in the order of their installation."""
    found: tuple[MountedKit, ...] = getattr(app, INSTALLED, ())
    return found


def add_plugin(app: FastAPI, plugin: MountedKit) -> bool:
    """Write a plugin down on an app, and say whether it is the first.

    Raises:
        ConfigurationError: the app serves already, a guard stands on all of it, or the
            plugin collides with another.
    """
    # Starlette freezes handlers and middleware at the first request: ours would be lost.
    if app.middleware_stack is not None:
        raise ConfigurationError(
            "install() was called on an app that serves already.",
            why="Error handlers added now would never be asked.",
            fix="Call auth.install(app) where the app is made.",
        )
    if any(isinstance(each.dependency, Guard) for each in app.router.dependencies):
        raise ConfigurationError(
            "A guard stands on the whole app: FastAPI(dependencies=[Depends(require_…)]).",
            why="It guards the routes that log people in as well, so nobody ever could.",
            fix="Put it on the routers of your own: APIRouter(dependencies=[Depends(require_…)]).",
            docs="tutorial/3-scopes/",
        )
    others = plugins_of(app)
    if plugin in others:
        raise ConfigurationError(
            "This JWTAuth is installed on this app already.",
            why="Every route of it would exist twice.",
            fix="Call auth.install(app) once.",
        )
    for other in others:
        _ensure_apart(other, plugin)
    setattr(app, INSTALLED, (*others, plugin))
    return not others


def _ensure_apart(other: MountedKit, plugin: MountedKit) -> None:
    shared = ""
    if other.prefix == plugin.prefix:
        shared = f"the prefix {plugin.prefix!r}"
    elif other.kit.settings.issuer == plugin.kit.settings.issuer:
        shared = f"the issuer {plugin.kit.settings.issuer!r}"
    elif other.kit.realm == plugin.kit.realm:
        shared = f"the realm {plugin.kit.realm!r}"
    elif (
        other.cookies is not None
        and plugin.cookies is not None
        and other.cookies.transport.names & plugin.cookies.transport.names
    ):
        shared = f"the cookie name {plugin.cookies.transport.cookie_name!r}"
    if shared:
        raise ConfigurationError(
            f"Two plugins on one app share {shared}.",
            why="Their routes would hide each other, or tokens of one would pass as the other's.",
            fix='Give the second its own: JWTAuth(JWTKit(Settings(issuer="…")), prefix="/staff").',
            docs="how-to/several-realms/",
        )
