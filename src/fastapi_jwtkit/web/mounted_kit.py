"""A kit with its place in an app: what routes, guards and the schema ask of a plugin."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from starlette.requests import HTTPConnection

from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.kit import JWTKit
from fastapi_jwtkit.principal import Principal
from fastapi_jwtkit.web.client import device_of
from fastapi_jwtkit.web.cookie_requests import CookieRequests
from fastapi_jwtkit.web.entrance import Entrance
from fastapi_jwtkit.web.guards import Guard, OptionalGuard
from fastapi_jwtkit.web.transports.bearer import BearerTransport
from fastapi_jwtkit.web.transports.cookie import CookieTransport
from fastapi_jwtkit.web.transports.transport import Transport

__all__ = ["ALL", "BY_NAME_ONLY", "MountedKit"]

ALL = frozenset(
    (
        *("register", "token", "login", "refresh", "logout", "logout-all"),
        *("me", "sessions", "step-up", "jwks"),
        *("password-change", "password-reset", "email-verify", "email-change"),
    )
)
"""Names of the routes; ``JWTAuth(kit, routes=ALL - {"register"})`` leaves one out."""

BY_NAME_ONLY = frozenset({"account-delete"})
"""Routes that nobody gets unasked: ``JWTAuth(kit, routes=ALL | BY_NAME_ONLY)``."""

DEFAULT_PREFIX = "/auth"
BEARER = BearerTransport()
MAX_COOKIE_NAME = 64

# No path parameter, no trailing slash: the prefix is also a cookie path and part of URLs.
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+", re.ASCII)


class MountedKit:
    """A kit, where its routes live, and who is calling by its tokens.

    Args:
        kit: the kit.
        prefix: where the routes live, such as ``/auth``.
        transports: where tokens live in a request: ``bearer``, ``cookie`` or both, the
            first for logins that name none.
        routes: names of the routes to mount; default: all that the kit can serve.

    Raises:
        ConfigurationError: a prefix, transport or route that is none.
    """

    def __init__(
        self,
        kit: JWTKit,
        *,
        prefix: str = DEFAULT_PREFIX,
        transports: Sequence[str] = ("bearer",),
        routes: Iterable[str] = ALL,
    ) -> None:
        if not _PREFIX.fullmatch(prefix):
            raise ConfigurationError(
                f"{prefix!r} is not a prefix for routes.",
                why="It is joined with paths and appears in OpenAPI as it is.",
                fix='Begin with a slash and end without one: prefix="/auth".',
            )
        self.kit = kit
        self.prefix = prefix
        self.transports: tuple[Transport, ...] = _transports(transports, kit, prefix)
        self.cookies = self._cookies(kit)
        """What a request by cookies has to show; ``None`` where none are served."""
        self.routes = _known_routes(routes)
        self.current_principal = Guard(source=self)
        self.optional_principal = OptionalGuard(source=self)
        self.entrance = Entrance(kit.settings)
        self._enforces_https = self.entrance.enforces_https
        # Looked up once: both are asked on every request.
        self._verify_fast = kit.verify_fast
        self.tell_denied = kit.tell_denied
        self.now = kit.now
        self.watch = kit.watch
        # Of Bearer tokens alone, whether or not cookies are served: no header, then cookies.
        self._read = BEARER.read if self.serves_bearer else _read_nothing
        # Ours alone: a mounted app shares the scope, and may belong to another realm.
        self._memo = f"fastapi_jwtkit.principal.{id(self):x}"

    @property
    def serves_bearer(self) -> bool:
        """Whether Bearer tokens are taken."""
        return BEARER in self.transports

    def known_principal(self, connection: HTTPConnection, /) -> Principal | None:
        """Return who is calling if memory alone can tell; else ask ``principal_of``.

        Raises:
            InvalidTokenError: there is a token, and it is no good.
            InvalidRequestError: there is more than one.
            HTTPSRequiredError: it came over plain HTTP, which is not answered.
        """
        scope = connection.scope
        if self._enforces_https and scope.get("scheme") != "https":
            self.entrance.ensure_secure(connection)
        known: Principal | None = scope.get(self._memo)
        if known is None:
            raw = self._read(connection)
            claims = None if raw is None else self._verify_fast(raw)
            if claims is not None:
                known = scope[self._memo] = claims.principal or Principal.of(claims)
        return known

    async def principal_of(self, connection: HTTPConnection, /) -> Principal | None:
        """Return who is calling, ``None`` for a stranger; verified once per request.

        Raises:
            InvalidTokenError: there is a token, and it is no good.
            InvalidRequestError: there is more than one.
            CsrfError: the token came by cookie, and from no page of the application.
            UnavailableError: nobody can say now.
            HTTPSRequiredError: it came over plain HTTP, which is not answered.
        """
        self.entrance.ensure_secure(connection)
        known: Principal | None = connection.scope.get(self._memo)
        if known is not None:
            return known
        raw = self._read(connection)
        if raw is None:
            if self.cookies is not None:
                known = connection.scope[self._memo] = await self.cookies.principal_of(connection)
            return known
        # Every byte is a character of Latin-1: what is no token is for the parser to say.
        claims = await self.kit.verify(raw.decode("latin-1"), device=device_of(connection))
        principal = connection.scope[self._memo] = Principal.of(claims)
        return principal

    async def strict_principal_of(self, connection: HTTPConnection, /) -> Principal | None:
        """Return who is calling once the session row was asked too; once per request.

        Raises:
            InvalidTokenError: there is a token, and it is no good.
            InvalidRequestError: there is more than one.
            CsrfError: the token came by cookie, and from no page of the application.
            UnavailableError: nobody can say now, or the row cannot be read.
            HTTPSRequiredError: it came over plain HTTP, which is not answered.
        """
        scope, memo = connection.scope, f"{self._memo}.strict"
        known: Principal | None = scope.get(memo)
        if known is not None:
            return known
        self.entrance.ensure_secure(connection)
        raw = self._read(connection)
        if raw is not None:
            device = device_of(connection)
            claims = await self.kit.verify(raw.decode("latin-1"), strict=True, device=device)
            known = Principal.of(claims)
        elif self.cookies is not None:
            known = await self.cookies.principal_of(connection, strict=True)
        if known is not None:
            scope[memo] = scope[self._memo] = known
        return known

    def _cookies(self, kit: JWTKit) -> CookieRequests | None:
        for transport in self.transports:
            if isinstance(transport, CookieTransport):
                return CookieRequests(kit, transport, serves_bearer=self.serves_bearer)
        return None


def _read_nothing(_: HTTPConnection, /) -> None:
    """Stand in where no Bearer tokens are taken."""


def _transports(names: Sequence[str], kit: JWTKit, prefix: str) -> tuple[Transport, ...]:
    known: dict[str, Transport] = {
        "bearer": BEARER,
        "cookie": CookieTransport(_cookie_name(kit, prefix), prefix=prefix),
    }
    wanted = () if isinstance(names, str) else tuple(names)
    if not wanted or len(set(wanted)) != len(wanted) or not known.keys() >= set(wanted):
        raise ConfigurationError(
            f"transports={names!r} names no transport, one twice, or one that does not exist.",
            why="A token is only read where the app says it lives.",
            fix='transports=("bearer",), ("cookie",) or both, the first for logins.',
            docs="how-to/cookies/",
        )
    return tuple(known[name] for name in wanted)


def _cookie_name(kit: JWTKit, prefix: str) -> str:
    # By the prefix, which no other realm of the app has: a name is one per host.
    own = "" if prefix == DEFAULT_PREFIX else prefix.replace("/", "-")
    name = kit.settings.cookie_name or f"jwtkit{own}"
    return name[:MAX_COOKIE_NAME]


def _known_routes(names: Iterable[str]) -> frozenset[str]:
    wanted = frozenset([names] if isinstance(names, str) else names)
    known = ALL | BY_NAME_ONLY
    for name in sorted(wanted - known):
        near = difflib.get_close_matches(name, sorted(known), n=1)
        raise ConfigurationError(
            f"{name!r} is not a route.",
            why="A misspelt name would leave a route out, unseen.",
            fix=f"Did you mean {near[0]!r}?" if near else f"Choose from {sorted(known)}.",
        )
    return wanted
