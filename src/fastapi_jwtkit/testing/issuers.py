"""Somebody else's issuer, in the process: keys, tokens and the documents that it publishes."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from fastapi_jwtkit.clock import SystemClock
from fastapi_jwtkit.keys.signing_key import SigningKey
from fastapi_jwtkit.protocols import Clock
from fastapi_jwtkit.scopes import check_scopes, format_scope
from fastapi_jwtkit.testing.principals import names
from fastapi_jwtkit.tokens.access_types import ACCESS_TYP
from fastapi_jwtkit.tokens.codec import encode_compact, encode_segment, header_segment

__all__ = ["OutsideIssuer"]

LIFE_SECONDS = 600
TOKEN_ID_BYTES = 16
MAX_AGE_SECONDS = 300


class OutsideIssuer:
    """An issuer that your app does not trust, or later will: no network, no secrets of yours.

    ``app`` is an ASGI app with its key set and its discovery documents, for
    ``httpx.ASGITransport(app=issuer.app)``. ``fetches`` counts who asked for the key set.

    Args:
        issuer: its name, an URL.
        alg: algorithm of its keys.
        clock: what time it is.
    """

    def __init__(
        self,
        issuer: str = "https://issuer.invalid",
        *,
        alg: str = "ES256",
        clock: Clock | None = None,
    ) -> None:
        self.issuer = issuer
        self.fetches = 0
        self._alg = alg
        self._clock = clock or SystemClock()
        self._keys = [SigningKey.generate(alg)]
        self.app = Starlette(
            routes=[
                Route("/.well-known/jwks.json", self._serve_jwks),
                Route("/.well-known/openid-configuration", self._serve_metadata),
                Route("/.well-known/oauth-authorization-server", self._serve_metadata),
            ]
        )

    @property
    def key(self) -> SigningKey:
        """The key that signs now."""
        return self._keys[-1]

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Return its key set, public members only (RFC 7517 5)."""
        return {"keys": [key.public_jwk() for key in self._keys]}

    def metadata(self) -> dict[str, Any]:
        """Return what it publishes about itself (RFC 8414 2, OpenID Connect Discovery 3)."""
        return {
            "issuer": self.issuer,
            "jwks_uri": f"{self.issuer}/.well-known/jwks.json",
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [self._alg],
        }

    def rotate(self, *, keep_old: bool = True) -> SigningKey:
        """Sign with a new key from now on, and return it.

        Args:
            keep_old: whether the key set still holds the old ones.
        """
        kept = self._keys if keep_old else []
        self._keys = [*kept, SigningKey.generate(self._alg)]
        return self.key

    def access_token(
        self,
        subject: str = "outsider",
        *,
        audience: str = "https://api.example.com",
        scopes: Iterable[str] = (),
        **claims: object,
    ) -> str:
        """Return an access token of RFC 9068, good at its own resource servers.

        Args:
            subject: who it speaks for.
            audience: the resource server.
            scopes: what it may do.
            **claims: more claims, or other values; ``...`` leaves one out.
        """
        scope = format_scope(check_scopes(names("scopes", scopes)))
        given: dict[str, object] = {"aud": audience, "client_id": "a-client", "scope": scope}
        if not scope:
            del given["scope"]
        return self._sign(subject, {**given, **claims}, typ=ACCESS_TYP)

    def id_token(
        self, subject: str = "outsider", *, client_id: str = "a-client", **claims: object
    ) -> str:
        """Return an ID token of OpenID Connect Core 2: it logs in, and is no access token.

        Args:
            subject: who logged in.
            client_id: its audience.
            **claims: more claims, or other values; ``...`` leaves one out.
        """
        given = {"aud": client_id, "nonce": encode_segment(secrets.token_bytes(TOKEN_ID_BYTES))}
        return self._sign(subject, {**given, **claims}, typ="JWT")

    def _sign(self, subject: str, given: dict[str, object], *, typ: str) -> str:
        now = int(self._clock.now())
        claims: dict[str, object] = {
            "iss": self.issuer,
            "sub": subject,
            "exp": now + LIFE_SECONDS,
            "iat": now,
            "jti": encode_segment(secrets.token_bytes(TOKEN_ID_BYTES)),
            "auth_time": now,
            **given,
        }
        said = {name: value for name, value in claims.items() if value is not ...}
        return encode_compact(header_segment(self.key, typ=typ), said, self.key)

    async def _serve_jwks(self, _: Request) -> JSONResponse:
        self.fetches += 1
        cached = {"cache-control": f"public, max-age={MAX_AGE_SECONDS}"}
        return JSONResponse(self.jwks(), headers=cached)

    async def _serve_metadata(self, _: Request) -> JSONResponse:
        return JSONResponse(self.metadata())
