"""``GET /.well-known/jwks.json``: the keys that verify our tokens (RFC 7517)."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from fastapi_jwtkit.errors import UnavailableError
from fastapi_jwtkit.keys.jwks import JWKS_MEDIA_TYPE, JWKSDocument
from fastapi_jwtkit.web.mounted_kit import MountedKit
from fastapi_jwtkit.web.responses import error_responses, without_422
from fastapi_jwtkit.web.routers.openings import PUBLIC_KEYS

__all__ = ["add_jwks"]


def add_jwks(router: APIRouter, auth: MountedKit) -> None:
    """Add the route that publishes public keys, and no others."""
    max_age = auth.kit.settings.jwks_max_age

    async def jwks(request: Request) -> Response:
        """Return the keys that verify access tokens."""
        await auth.kit.rings.freshen()
        document = JWKSDocument.of(auth.kit.rings.ring, max_age=max_age)
        headers = {"ETag": document.etag, "Cache-Control": document.cache_control}
        if document.is_fresh_for(request.headers.get("if-none-match")):
            return Response(status_code=304, headers=headers)
        return Response(document.body, media_type=JWKS_MEDIA_TYPE, headers=headers)

    router.add_api_route(
        "/jwks.json",
        jwks,
        dependencies=PUBLIC_KEYS,
        methods=["GET"],
        response_class=Response,
        responses={
            200: {
                "description": "A JWK Set",
                "content": {JWKS_MEDIA_TYPE: {"schema": {"type": "object"}}},
            },
            304: {"description": "The set is the one you have"},
            **without_422(error_responses(UnavailableError)),
        },
    )
