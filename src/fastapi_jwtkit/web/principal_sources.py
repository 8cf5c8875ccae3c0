"""Where guards learn who is calling: the plugins that are installed on an app."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import NoReturn, Protocol

from starlette.requests import HTTPConnection

from fastapi_jwtkit.claims import Claims
from fastapi_jwtkit.errors import (
    AuthorizationError,
    ConfigurationError,
    NotInstalledError,
    ReauthenticationError,
)
from fastapi_jwtkit.principal import Principal
from fastapi_jwtkit.records import Device
from fastapi_jwtkit.revocations.vigils import Vigil

__all__ = ["INSTALLED", "PrincipalSource", "not_one", "only_source", "sources_of"]

INSTALLED = "_fastapi_jwtkit"
"""Attribute of the app that holds its plugins: of the app itself, since ``app.state`` looks
names up in Python, on each request."""


class PrincipalSource(Protocol):
    """What a guard asks who is calling; an installed plugin is one."""

    def known_principal(self, connection: HTTPConnection, /) -> Principal | None:
        """Return the principal of a request if memory alone can tell."""
        ...

    async def principal_of(self, connection: HTTPConnection, /) -> Principal | None:
        """Return the principal of a request, ``None`` if it carries no token."""
        ...

    async def strict_principal_of(self, connection: HTTPConnection, /) -> Principal | None:
        """Return the same, once the session row was asked too."""
        ...

    def watch(self, claims: Claims, /) -> AbstractAsyncContextManager[Vigil]:
        """Watch a token for longer than a request."""
        ...

    def now(self) -> float:
        """Return what time it is, in seconds since the epoch."""
        ...

    def tell_denied(
        self,
        principal: Principal,
        error: AuthorizationError | ReauthenticationError,
        device: Device,
        /,
    ) -> None:
        """Hear that somebody who is known was not let in."""
        ...


def sources_of(app: object) -> tuple[PrincipalSource, ...]:
    """Return the plugins installed on an app, in the order of their installation."""
    found: tuple[PrincipalSource, ...] = getattr(app, INSTALLED, ())
    return found


def only_source(app: object) -> PrincipalSource:
    """Return the one plugin of an app.

    Raises:
        NotInstalledError: there is none.
        ConfigurationError: there are several, and nobody can say whose tokens to trust.
    """
    sources: tuple[PrincipalSource, ...] = getattr(app, INSTALLED, ())
    return sources[0] if len(sources) == 1 else not_one(sources)


def not_one(sources: tuple[PrincipalSource, ...]) -> NoReturn:
    """Refuse to guess which plugin is meant, or where none is.

    Raises:
        NotInstalledError: there is none.
        ConfigurationError: there are several.
    """
    if not sources:
        raise NotInstalledError(
            "A guard ran on an app on which no JWTAuth is installed.",
            why="The guard finds its keys on the app that serves the request; a mounted app "
            "is an app of its own.",
            fix="auth = JWTAuth.from_env(); auth.install(app), on the mounted app too. Or "
            "bind the guard: auth.require_scopes(…).",
            docs="how-to/mounted-apps/",
        )
    raise ConfigurationError(
        "A free guard ran on an app with two realms.",
        why="It cannot know whose tokens to trust, so it trusts none.",
        fix="Use the guard of the plugin: auth.require_scopes(…) instead of require_scopes(…).",
        docs="how-to/several-realms/",
    )
