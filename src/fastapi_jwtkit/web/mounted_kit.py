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
from fastapi_jwtkit.web.guards import Guard, OptionalGuard
from fastapi_jwtkit.web.transports.bearer import BearerTransport
from fastapi_jwtkit.web.transports.transport import Transport

__all__ = ["ALL", "BY_NAME_ONLY", "MountedKit"]

ALL = frozenset(
    (
        *("register", "token", "login", "refresh", "logout", "logout-all"),
        *("me", "sessions", "jwks"),
        *("password-change", "password-reset", "email-verify", "email-change"),
    )
)
"""Names of the routes; ``JWTAuth(kit, routes=ALL - {"register"})`` leaves one out."""

BY_NAME_ONLY = frozenset({"account-delete"})
"""Routes that nobody gets unasked: ``JWTAuth(kit, routes=ALL | BY_NAME_ONLY)``."""

# No path parameter, no trailing slash: the prefix is also a cookie path and part of URLs.
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+", re.ASCII)


class MountedKit:
    """A kit, where its routes live, and who is calling by its tokens.

    Args:
        kit: the kit.
        prefix: where the routes live, such as ``/auth``.
        transports: where tokens live in a request, the first for logins.
        routes: names of the routes to mount; default: all that the kit can serve.

    Raises:
        ConfigurationError: a prefix, transport or route that is none.
    """

    def __init__(
        self,
        kit: JWTKit,
        *,
        prefix: str = "/auth",
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
        self.transports: tuple[Transport, ...] = _transports(transports)
        self.routes = _known_routes(routes)
        self.current_principal = Guard(source=self)
        self.optional_principal = OptionalGuard(source=self)
        # Looked up once: both are asked on every request.
        self._verify_fast = kit.verify_fast
        self.tell_denied = kit.tell_denied
        only_one = len(self.transports) == 1
        self._read = self.transports[0].read if only_one else self._read_each
        # Ours alone: a mounted app shares the scope, and may belong to another realm.
        self._memo = f"fastapi_jwtkit.principal.{id(self):x}"

    def known_principal(self, connection: HTTPConnection, /) -> Principal | None:
        """Return who is calling if memory alone can tell; else ask ``principal_of``.

        Raises:
            InvalidTokenError: there is a token, and it is no good.
            InvalidRequestError: there is more than one.
        """
        scope = connection.scope
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
            UnavailableError: nobody can say now.
        """
        known: Principal | None = connection.scope.get(self._memo)
        if known is not None:
            return known
        raw = self._read(connection)
        if raw is None:
            return None
        # Every byte is a character of Latin-1: what is no token is for the parser to say.
        claims = await self.kit.verify(raw.decode("latin-1"), device=device_of(connection))
        principal = connection.scope[self._memo] = Principal.of(claims)
        return principal

    def _read_each(self, connection: HTTPConnection) -> bytes | None:
        for transport in self.transports:
            raw = transport.read(connection)
            if raw is not None:
                return raw
        return None


def _transports(names: Sequence[str]) -> tuple[Transport, ...]:
    if isinstance(names, str) or tuple(names) != ("bearer",):
        raise ConfigurationError(
            f"transports={names!r} names a transport that does not exist.",
            why="A token is only read where the app says it lives.",
            fix='transports=("bearer",).',
        )
    return (BearerTransport(),)


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
