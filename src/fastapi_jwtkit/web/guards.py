"""Guards: dependencies that let a request in and say who is calling.

A guard is one instance with an async ``__call__``: the cheapest shape FastAPI has. It
has no sub-dependency and takes no ``SecurityScopes``, both of which cost every request
more than the check itself. Scopes reach OpenAPI where the schema is made, see
``fastapi_jwtkit.web.openapi``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends
from fastapi.openapi.models import HTTPBearer
from fastapi.openapi.models import SecurityBase as SecurityModel
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection

from fastapi_jwtkit.clock import SystemClock
from fastapi_jwtkit.errors import (
    AuthorizationError,
    ConfigurationError,
    JWTKitError,
    NotAuthenticatedError,
    ReauthenticationError,
)
from fastapi_jwtkit.policies.composing import Policy
from fastapi_jwtkit.policies.demands import (
    NOTHING,
    Covers,
    Demand,
    permissions,
    roles,
    scopes,
)
from fastapi_jwtkit.principal import Principal
from fastapi_jwtkit.web.client import device_of
from fastapi_jwtkit.web.guard_demands import LoginDemand, PolicyDemand, login_demand, policy_demand
from fastapi_jwtkit.web.overrides import override_of
from fastapi_jwtkit.web.principal_sources import (
    INSTALLED,
    PrincipalSource,
    not_one,
    only_source,
    sources_of,
)
from fastapi_jwtkit.web.refusals import refusal

__all__ = [
    "SCHEME",
    "CurrentPrincipal",
    "Guard",
    "OptionalGuard",
    "OptionalPrincipal",
    "current_principal",
    "optional_principal",
    "require_auth",
    "require_permissions",
    "require_policy",
    "require_roles",
    "require_scopes",
]

SCHEME = "JWTKit"
"""Name of the security scheme in OpenAPI; clients are generated from it, so it stays."""


class _Asking(SecurityBase):
    """What guards share: they compare by value and find out who is calling.

    Equal guards run once per request, and ``dependency_overrides[require_scopes("a")]``
    finds the guard of the route.
    """

    scheme_name = SCHEME
    model: SecurityModel

    def __init__(
        self,
        demand: Demand | PolicyDemand = NOTHING,
        *,
        source: PrincipalSource | None = None,
        login: LoginDemand | None = None,
    ) -> None:
        # The floor: complete_openapi puts the password flow in its place where there is one.
        self.model = HTTPBearer(bearerFormat="JWT")
        self.demand = demand
        self.source = source
        self.login = login
        self._is_strict = login is not None and login.strict
        # Hashed by FastAPI on each request.
        self._hash = hash((type(self), demand, id(source), login))

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, _Asking)
            and type(other) is type(self)
            and other.demand == self.demand
            and other.login == self.login
            and other.source is self.source
        )

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.login.written if self.login else self.demand})"

    @property
    def written(self) -> str:
        """The guard, as its author wrote it, for the audit."""
        return self.login.written if self.login is not None else self.demand.written

    @property
    def may_forbid(self) -> bool:
        """Whether it may answer 403 to a good token."""
        return self.demand is not NOTHING

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
        source = self.source or only_source(app)
        if self._is_strict:
            return await source.strict_principal_of(connection)
        return await source.principal_of(connection)


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
            if not getattr(app, "dependency_overrides", None) and not self._is_strict:
                # Nearly every request; what follows is ``only_source`` without a call.
                source = self.source
                if source is None:
                    sources: tuple[PrincipalSource, ...] = getattr(app, INSTALLED, ())
                    source = sources[0] if len(sources) == 1 else not_one(sources)
                principal = source.known_principal(connection)
            if principal is None:
                principal = await self._ask(connection)
                if principal is None:
                    raise NotAuthenticatedError("no_token")
            demand = self.demand
            if demand is not NOTHING:
                demand.check(principal)
            if self.login is not None:
                self.login.check(principal, self._now(app))
        except ConfigurationError:
            raise
        except (AuthorizationError, ReauthenticationError) as error:
            self._tell_denied(connection, principal, error)
            raise refusal(connection, error) from None
        except JWTKitError as error:
            raise refusal(connection, error) from None
        return principal

    def _now(self, app: object) -> float:
        # By the clock of the kit; a test that says who is calling may have none.
        sources = (self.source,) if self.source else sources_of(app)
        return sources[0].now() if len(sources) == 1 else SystemClock().now()

    def _tell_denied(
        self,
        connection: HTTPConnection,
        principal: Principal | None,
        error: AuthorizationError | ReauthenticationError,
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


def require_scopes(
    *all_of: str, any_of: tuple[str, ...] = (), covers: Covers | None = None
) -> Guard:
    """Return a guard that asks for all of ``all_of`` and at least one of ``any_of``.

    Scopes are matched exactly, and nothing is a wildcard, unless you pass a rule of your own.

    Args:
        all_of: each has to be there.
        any_of: one has to be there.
        covers: ``covers(held, wanted)`` says whether one scope stands for another.

    Raises:
        ConfigurationError: nothing was asked for, or a scope that RFC 6749 3.3 forbids.
    """
    return Guard(scopes(all_of, any_of, covers))


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


def require_policy(policy: Policy) -> Guard:
    """Return a guard that asks a policy, without a resource.

    A rule about a thing is asked where the thing was read: ``policy.enforce(principal, task)``.

    Raises:
        ConfigurationError: it is no policy, or one that needs a resource.
    """
    return Guard(policy_demand(policy))


def require_auth(
    *,
    max_age: float | None = None,
    strict: bool = False,
    acr: str | Sequence[str] = (),
    amr: Sequence[str] = (),
) -> Guard:
    """Return a guard that asks how and when the person logged in (RFC 9470).

    A login that is too old or too weak is answered with 401, and the challenge says what
    would do. A refresh is no login: it changes neither ``auth_time`` nor ``amr``.

    Args:
        max_age: seconds since the login.
        strict: ask the session row too, one store call, not only the map.
        acr: authentication contexts, one of which will do; compared with the claim ``acr``.
        amr: methods that together prove such a context where the token has no ``acr``, as
            those of this kit: ``acr="mfa", amr=("pwd", "otp")``.

    Raises:
        ConfigurationError: nothing was asked for, or something that no login can be.
    """
    return Guard(login=login_demand(max_age=max_age, strict=strict, acr=acr, amr=amr))


current_principal = Guard()
"""Any good token. Put a callable in ``dependency_overrides`` under it: every guard asks that."""

optional_principal = OptionalGuard()
"""A good token or none."""

CurrentPrincipal = Annotated[Principal, Depends(current_principal)]
"""Annotate a parameter with it to receive who is calling."""

OptionalPrincipal = Annotated[Principal | None, Depends(optional_principal)]
"""Annotate a parameter with it to receive who is calling, or ``None``."""
