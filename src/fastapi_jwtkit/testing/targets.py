"""Which kit a test means, and that it is none of production."""

from __future__ import annotations

from typing import cast

from fastapi import FastAPI

from fastapi_jwtkit.assembly import Assembly
from fastapi_jwtkit.errors import ConfigurationError, NotInstalledError
from fastapi_jwtkit.kit import JWTKit
from fastapi_jwtkit.web.installed import plugins_of
from fastapi_jwtkit.web.mounted_kit import MountedKit

__all__ = ["Target", "assembly_of", "kit_of", "plugin_of"]

DOCS = "how-to/test-your-app/"

Target = FastAPI | MountedKit | JWTKit
"""What a test may name: an app, its plugin (``JWTAuth``) or a kit."""


def plugin_of(app: FastAPI, *, realm: str | None) -> MountedKit:
    """Return the plugin of an app.

    Args:
        app: the app itself, inside any ASGI middleware that was wrapped around it by hand.
        realm: which of several; ``None`` where there is one.

    Raises:
        NotInstalledError: there is none.
        ConfigurationError: it is no FastAPI app, there are several, or none of this realm.
    """
    found = cast("object", app)  # as it may really be
    if not isinstance(found, FastAPI):
        raise ConfigurationError(
            f"A {type(found).__name__} was given where a FastAPI app belongs.",
            why="Plugins are installed on the app; what wraps it has none.",
            fix="Pass the object that auth.install(app) was called with.",
            docs=DOCS,
        )
    plugins = plugins_of(app)
    if not plugins:
        raise NotInstalledError(
            "No JWTAuth is installed on this app.",
            why="There are no keys to sign with; a mounted app is an app of its own.",
            fix="Pass the app that auth.install(app) was called with.",
            docs=DOCS,
        )
    wanted = [each for each in plugins if realm in {None, each.kit.realm}]
    if len(wanted) != 1:
        realms = ", ".join(repr(each.kit.realm) for each in plugins)
        raise ConfigurationError(
            f"The app has the realms {realms}, and realm={realm!r} names not one of them.",
            why="A token is of one realm, and the others refuse it.",
            fix=f"realm={plugins[0].kit.realm!r}",
            docs=DOCS,
        )
    return wanted[0]


def kit_of(target: Target, *, realm: str | None = None) -> JWTKit:
    """Return the kit of an app, a plugin or itself, for development only.

    Raises:
        NotInstalledError: the app has none.
        ConfigurationError: it has several, or the kit is not one for development.
    """
    if isinstance(target, JWTKit):
        return ensure_dev(target)
    plugin = target if isinstance(target, MountedKit) else plugin_of(target, realm=realm)
    return ensure_dev(plugin.kit)


def ensure_dev(kit: JWTKit) -> JWTKit:
    """Return the kit if its settings say that this is development.

    Raises:
        ConfigurationError: they say anything else.
    """
    if kit.settings.env != "dev":
        raise ConfigurationError(
            f"fastapi_jwtkit.testing was used with a kit of env={kit.settings.env!r}.",
            why="It signs tokens for whoever a test names, without a password: a way into "
            "production.",
            fix='Set JWTKIT_ENV=dev for tests, or Settings(env="dev", …).',
            docs=DOCS,
        )
    return kit


def assembly_of(kit: JWTKit) -> Assembly:
    """Return the parts of a kit: tests look where applications have no business."""
    return kit._assembly  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
