"""Guards: dependencies that let a request in and say who is calling.

A guard is one instance with an async ``__call__``: the cheapest shape FastAPI has. It
has no sub-dependency and takes no ``SecurityScopes``, both of which cost every request
more than the check itself. Scopes reach OpenAPI where the schema is made, see
``fastapi_jwtkit.web.openapi``.
"""

from __future__ import annotations

from typing import Annotated, NoReturn, Protocol

from fastapi import Depends
from fastapi.openapi.models import HTTPBearer
from fastapi.openapi.models import SecurityBase as SecurityModel
from fastapi.security.base import SecurityBase
from starlette.exceptions import WebSocketException
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket, WebSocketState

from fastapi_jwtkit.errors import (
    AuthorizationError,
    ConfigurationError,
    JWTKitError,
    NotAuthenticatedError,
    NotInstalledError,
)
from fastapi_jwtkit.principal import Principal
from fastapi_jwtkit.records import Device
from fastapi_jwtkit.web.client import device_of
from fastapi_jwtkit.web.demands import NOTHING, AnyDemand, permissions, roles, scopes
from fastapi_jwtkit.web.errors import to_http
from fastapi_jwtkit.web.overrides import override_of

__all__ = [
    "SCHEME",
    "CurrentPrincipal",
    "Guard",
    "OptionalGuard",
    "OptionalPrincipal",
    "PrincipalSource",
    "current_principal",
    "optional_principal",
    "require_permissions",
    "require_roles",
    "require_scopes",
    "sources_of",
]

SCHEME = "JWTKit"
"""Name of the security scheme in OpenAPI; clients are generated from it, so it stays."""

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

    def tell_denied(
        self, principal: Principal, error: AuthorizationError, device: Device, /
    ) -> None:
        """Hear that somebody who is known was not let in."""
        ...


class _Asking(SecurityBase):
    """What guards share: they compare by value and find out who is calling.

    Equal guards run once per request, and ``dependency_overrides[require_scopes("a")]``
    finds the guard of the route.
    """

    scheme_name = SCHEME
    model: SecurityModel

    def __init__(
        self, demand: AnyDemand = NOTHING, *, source: PrincipalSource | None = None
    ) -> None:
        # The floor: complete_openapi puts the password flow in its place where there is one.
        self.model = HTTPBearer(bearerFormat="JWT")
        self.demand = demand
        self.source = source
        # Hashed by FastAPI on each request.
        self._hash = hash((type(self), demand, id(source)))

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, _Asking)
            and type(other) is type(self)
            and other.demand == self.demand
            and other.source is self.source
        )

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.demand})"

    async def _ask(self, connection: HTTPConnection) -> Principal | None:
        """Return who is calling, ``None`` for a stranger."""
        app = connection.scope.get("app")
        overrides = getattr(app, "dependency_overrides", None)
        if overrides:
            # Tests say who is calling in one place; every guard of the app follows.
            found, principal = await override_of(
                overrides, (Guard(source=self.source), current_principal), connection
            )
            if found:
                return principal
        return await (self.source or only_source(app)).principal_of(connection)


class Guard(_Asking):
    """Lets a request in if its token is good and meets a demand.

    Made by ``require_scopes`` and its siblings; ``Guard()`` asks for any good token.

    Raises:
        HTTPException: 401 or 403 with the challenge of RFC 6750 3, 503 where it cannot
            be told. On a WebSocket that was accepted: ``WebSocketException`` 1008.
        NotInstalledError: no plugin is installed on the app.
        ConfigurationError: two are, and the guard is bound to neither.
    """

    async def __call__(self, connection: HTTPConnection) -> Principal:
        """Return who is calling, or refuse."""
        principal = None
        try:
            app = connection.scope.get("app")
            if not getattr(app, "dependency_overrides", None):
                # Nearly every request; what follows is ``only_source`` without a call.
                source = self.source
                if source is None:
                    sources: tuple[PrincipalSource, ...] = getattr(app, INSTALLED, ())
                    source = sources[0] if len(sources) == 1 else _not_one(sources)
                principal = source.known_principal(connection)
            if principal is None:
                principal = await self._ask(connection)
                if principal is None:
                    raise NotAuthenticatedError("no_token")
            demand = self.demand
            if demand is not NOTHING:
                demand.check(principal)
        except ConfigurationError:
            raise
        except AuthorizationError as error:
            self._tell_denied(connection, principal, error)
            raise refusal(connection, error) from None
        except JWTKitError as error:
            raise refusal(connection, error) from None
        return principal

    def _tell_denied(
        self, connection: HTTPConnection, principal: Principal | None, error: AuthorizationError
    ) -> None:
        sources = (self.source,) if self.source else sources_of(connection.scope.get("app"))
        if principal is not None and len(sources) == 1:
            sources[0].tell_denied(principal, error, device_of(connection))


class OptionalGuard(_Asking):
    """Lets a request in without a token, or with a good one: never with a bad one."""

    async def __call__(self, connection: HTTPConnection) -> Principal | None:
        """Return who is calling, ``None`` for a stranger.

        Raises:
            HTTPException: 401 for a token that is no good.
        """
        try:
            return await self._ask(connection)
        except ConfigurationError:
            raise
        except JWTKitError as error:
            raise refusal(connection, error) from None


def refusal(connection: HTTPConnection, error: JWTKitError) -> Exception:
    """Return what to raise, so that the client sees the refusal.

    Before ``accept`` an ``HTTPException`` becomes a real 401 with its challenge; after
    it the socket would close without a code, so the close frame carries it.
    """
    answer = to_http(error)
    if (
        isinstance(connection, WebSocket)
        and connection.application_state is not WebSocketState.CONNECTING
    ):
        return WebSocketException(1008, answer.error_code)
    return answer


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
    return sources[0] if len(sources) == 1 else _not_one(sources)


def _not_one(sources: tuple[PrincipalSource, ...]) -> NoReturn:
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


def require_scopes(*all_of: str, any_of: tuple[str, ...] = ()) -> Guard:
    """Return a guard that asks for all of ``all_of`` and at least one of ``any_of``.

    Scopes are matched exactly; there is no wildcard.

    Raises:
        ConfigurationError: nothing was asked for, or a scope that RFC 6749 3.3 forbids.
    """
    return Guard(scopes(all_of, any_of))


def require_roles(*all_of: str, any_of: tuple[str, ...] = ()) -> Guard:
    """Return a guard that asks for all roles of ``all_of`` and at least one of ``any_of``.

    Raises:
        ConfigurationError: nothing was asked for, or something that is no name.
    """
    return Guard(roles(all_of, any_of))


def require_permissions(*all_of: str, any_of: tuple[str, ...] = ()) -> Guard:
    """Return a guard that asks for all of ``all_of`` and one permission of ``any_of``.

    Raises:
        ConfigurationError: nothing was asked for, or something that is no name.
    """
    return Guard(permissions(all_of, any_of))


current_principal = Guard()
"""Any good token. Put a callable in ``dependency_overrides`` under it: every guard asks that."""

optional_principal = OptionalGuard()
"""A good token or none."""

CurrentPrincipal = Annotated[Principal, Depends(current_principal)]
"""Annotate a parameter with it to receive who is calling."""

OptionalPrincipal = Annotated[Principal | None, Depends(optional_principal)]
"""Annotate a parameter with it to receive who is calling, or ``None``."""
