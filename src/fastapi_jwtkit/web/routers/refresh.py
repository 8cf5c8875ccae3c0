"""``POST /refresh``: JSON; its errors are those of RFC 6749 5.2."""

from __future__ import annotations

from fastapi import APIRouter, Request

from fastapi_jwtkit.errors import (
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    ThrottledError,
    UnavailableError,
)
from fastapi_jwtkit.scopes import parse_scope
from fastapi_jwtkit.web.client import device_of
from fastapi_jwtkit.web.mounted_kit import MountedKit
from fastapi_jwtkit.web.responses import error_responses
from fastapi_jwtkit.web.routes import OAuthRoute
from fastapi_jwtkit.web.schemas import RefreshBody, TokenBody

__all__ = ["add_refresh"]


def add_refresh(router: APIRouter, auth: MountedKit) -> None:
    """Add the route that spends a refresh token."""

    async def refresh(request: Request, body: RefreshBody) -> TokenBody:
        """Trade a refresh token for the next pair."""
        pair = await auth.kit.rotate(
            body.refresh_token.get_secret_value(),
            scopes=parse_scope(body.scope) if body.scope else None,
            client_id=body.client_id or None,
            transport=auth.transports[0].name,
            device=device_of(request),
        )
        return TokenBody.of(pair)

    router.add_api_route(
        "/refresh",
        refresh,
        methods=["POST"],
        response_model_exclude_none=True,
        route_class_override=OAuthRoute,
        responses=error_responses(
            InvalidRequestError,
            InvalidGrantError,
            InvalidScopeError,
            ThrottledError,
            UnavailableError,
            oauth=True,
        ),
    )
