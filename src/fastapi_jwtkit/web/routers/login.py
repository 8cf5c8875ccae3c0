"""``POST /login``: JSON, for first-party clients."""

from __future__ import annotations

from fastapi import APIRouter, Request

from fastapi_jwtkit.credentials import Credentials
from fastapi_jwtkit.errors import (
    InvalidCredentialsError,
    InvalidScopeError,
    ThrottledError,
    UnavailableError,
)
from fastapi_jwtkit.scopes import parse_scope
from fastapi_jwtkit.web.client import device_of
from fastapi_jwtkit.web.mounted_kit import MountedKit
from fastapi_jwtkit.web.responses import error_responses
from fastapi_jwtkit.web.schemas import LoginBody, TokenBody

__all__ = ["add_login"]


def add_login(router: APIRouter, auth: MountedKit) -> None:
    """Add the route that trades a password for tokens."""

    async def login(request: Request, body: LoginBody) -> TokenBody:
        """Log in with username and password."""
        pair = await auth.kit.login(
            Credentials(login=body.username, password=body.password),
            scopes=parse_scope(body.scope) if body.scope else None,
            transport=auth.transports[0].name,
            device=device_of(request, name=body.device_name),
        )
        return TokenBody.of(pair)

    router.add_api_route(
        "/login",
        login,
        methods=["POST"],
        response_model_exclude_none=True,
        responses=error_responses(
            InvalidCredentialsError, InvalidScopeError, ThrottledError, UnavailableError
        ),
    )
