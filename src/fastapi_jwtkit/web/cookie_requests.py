"""Requests by cookies: whose they are, and whether a page of the application made them.

A browser adds cookies to whatever request any page makes. So a request by cookies that may
change something has to show that it was meant (ASVS 3.5.1 to 3.5.3): no page of another
origin made it, and it carries the CSRF token of the very session. Both are asked; where the
browser says nothing of the origin, the token alone decides.
"""

from __future__ import annotations

from starlette.requests import HTTPConnection
from starlette.responses import Response

from fastapi_jwtkit.addresses import TrustedProxies
from fastapi_jwtkit.errors import ConfigurationError, InvalidTokenError
from fastapi_jwtkit.kit import JWTKit
from fastapi_jwtkit.principal import Principal
from fastapi_jwtkit.records import SessionProof, TokenPair
from fastapi_jwtkit.web.client import ClientReader, device_of
from fastapi_jwtkit.web.origins import has_origin, origins_of, why_foreign
from fastapi_jwtkit.web.transports.bearer import BearerTransport
from fastapi_jwtkit.web.transports.cookie import CookieTransport

__all__ = ["CSRF_HEADER", "SAFE_METHODS", "CookieRequests"]

CSRF_HEADER = "X-CSRF-Token"
"""Not on the list of headers that any page may send (Fetch 4.1): another origin's script
would have to ask first, and is told no."""

# RFC 9110 9.2.1. Whatever else there is or will be may change something.
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_JSON = "application/json"


class CookieRequests:
    """What a plugin with cookies asks of each request that may come by them.

    Args:
        kit: whose tokens they are.
        transport: where the tokens live.
        serves_bearer: whether the plugin takes Bearer tokens as well.

    Raises:
        ConfigurationError: the kit has no users, so no secret to make CSRF tokens with.
    """

    def __init__(self, kit: JWTKit, transport: CookieTransport, *, serves_bearer: bool) -> None:
        if kit.users is None:
            raise ConfigurationError(
                'transports=("cookie",) was given with a kit that has no users.',
                why="Without users it has no sessions, and no secret that ties a page to one.",
                fix="JWTKit(settings, users=YourUserStore()).",
                docs="how-to/cookies/",
            )
        self.transport = transport
        self._kit = kit
        self._verification = kit.for_cookies.verification
        self._csrf = kit.for_cookies.csrf_tokens
        self._allowed = origins_of(kit.settings)
        self._client = ClientReader(TrustedProxies(kit.settings.trusted_proxies))
        self._site_data = kit.settings.clear_site_data.replace(",", " ").split()
        self._foreign_bearer = None if serves_bearer else BearerTransport()

    async def principal_of(
        self, connection: HTTPConnection, *, strict: bool = False
    ) -> Principal | None:
        """Return who is calling by cookie, ``None`` for a stranger.

        Args:
            connection: the request.
            strict: ask the session row too.

        Raises:
            InvalidTokenError: the cookie holds a token that is no good here.
            InvalidRequestError: there are two.
            CsrfError: it is good, and no page of the application sent it.
            UnavailableError: nobody can say now.
        """
        raw = self.transport.read(connection)
        if raw is None:
            self._refuse_bearer(connection)
            return None
        claims = None if strict else self._verification.fast(raw)
        if claims is None:
            claims = await self._verification.verify(
                raw.decode("latin-1"), strict=strict, device=device_of(connection)
            )
        await self._ensure_meant(connection, claims.session_id)
        return Principal.of(claims)

    def ensure_own_page(self, connection: HTTPConnection) -> None:
        """Return unless a page of another origin made the request.

        Raises:
            CsrfError: one did.
        """
        reason = why_foreign(
            connection, self._allowed, is_secure=self._client.is_secure(connection)
        )
        if reason:
            self._csrf.refuse(reason)

    def ensure_own_login(self, connection: HTTPConnection) -> None:
        """Return unless another site's page logs its visitor in here, as somebody else.

        There is no session yet that a token could be bound to. JSON is what no form can
        send; an older FastAPI takes a body without a type for JSON as well.

        Raises:
            CsrfError: a page of another origin made the request, or it is not JSON.
        """
        self.ensure_own_page(connection)
        media_type = connection.headers.get("content-type", "").split(";")[0].strip().lower()
        if media_type != _JSON:
            self._csrf.refuse("login_not_json")

    async def ensure_own_refresh(self, connection: HTTPConnection, refresh_token: str) -> None:
        """Return if a page of the session's own made the request.

        Raises:
            InvalidGrantError: the refresh token is malformed or forged.
            CsrfError: another page did, or it lacks the session's CSRF token.
        """
        self.ensure_own_page(connection)
        await self._csrf.check_beside(_csrf_token(connection), refresh_token)

    async def prove(self, connection: HTTPConnection) -> list[SessionProof]:
        """Return the sessions that the cookies name, to be ended.

        Raises:
            InvalidTokenError: one is forged.
            InvalidGrantError: the refresh cookie is.
            CsrfError: no page of the application sent them.
        """
        access = self.transport.read(connection)
        refresh_token = self.transport.read_refresh(connection)
        proofs: list[SessionProof] = []
        if access is not None:
            proofs.append(
                await self._kit.prove_access(access.decode("latin-1"), transport="cookie")
            )
        if refresh_token is not None:
            proofs.append(await self._kit.prove_refresh(refresh_token, transport="cookie"))
        for proof in proofs:
            await self._ensure_meant(connection, proof.sid)
        return proofs

    def write(self, connection: HTTPConnection, response: Response, pair: TokenPair) -> None:
        """Put a pair into cookies.

        Raises:
            ConfigurationError: the session is of another transport.
        """
        session = pair.session
        if session.transport != self.transport.name:
            raise ConfigurationError(
                f"A session of the transport {session.transport!r} was to be put into cookies.",
                why="A session answers by its own transport only: its cookies would be refused.",
                fix='kit.open_session(user, amr=(…), transport="cookie").',
                docs="how-to/cookies/",
            )
        csrf_token = self._csrf.token_of(session.sid)
        self.transport.write(connection, response, pair, csrf_token=csrf_token)

    def clear(self, connection: HTTPConnection, response: Response) -> None:
        """Delete the cookies, and what else the settings name (ASVS 14.3.1)."""
        self.transport.clear(connection, response)
        if self._site_data:
            response.headers["Clear-Site-Data"] = ", ".join(f'"{name}"' for name in self._site_data)

    async def _ensure_meant(self, connection: HTTPConnection, sid: str | None) -> None:
        if connection.scope["type"] == "http":
            if connection.scope["method"] in SAFE_METHODS:
                return
            self.ensure_own_page(connection)
        else:
            self.ensure_own_page(connection)
            if has_origin(connection):
                # A page can add no header to a handshake, and its origin cannot be forged.
                return
        await self._csrf.check(_csrf_token(connection), sid)

    def _refuse_bearer(self, connection: HTTPConnection) -> None:
        """Refuse a Bearer token where none is served: a stranger it is not."""
        bearer = self._foreign_bearer
        if bearer is not None and bearer.read(connection) is not None:
            raise InvalidTokenError("bearer_not_served")


def _csrf_token(connection: HTTPConnection) -> str | None:
    found = connection.headers.getlist(CSRF_HEADER)
    # Two say two things: as good as none.
    return found[0] if len(found) == 1 else None
