"""``POST /account/delete``: mounted only where it is asked for by name."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response

from fastapi_jwtkit.errors import (
    InvalidCredentialsError,
    InvalidTokenError,
    ReauthenticationError,
    ThrottledError,
    UnavailableError,
)
from fastapi_jwtkit.principal import Principal
from fastapi_jwtkit.web.account_schemas import ProofBody
from fastapi_jwtkit.web.client import device_of
from fastapi_jwtkit.web.mounted_kit import MountedKit
from fastapi_jwtkit.web.responses import error_responses
from fastapi_jwtkit.web.routers.pairs import clear_cookies

__all__ = ["add_account_delete"]


def add_account_delete(router: APIRouter, auth: MountedKit) -> None:
    """Add the route by which people delete their own account."""
    caller = Depends(auth.current_principal)

    async def delete_account(
        request: Request, response: Response, body: ProofBody, principal: Principal = caller
    ) -> None:
        """Delete your account and end all your sessions."""
        await auth.kit.accounts.delete_own(
            principal.subject,
            password=body.password,
            auth_time=principal.auth_time,
            device=device_of(request),
        )
        clear_cookies(auth, request, response)

    # No DELETE: a proof has to travel in a body, which has no meaning there (RFC 9110 9.3.5).
    router.add_api_route(
        "/account/delete",
        delete_account,
        methods=["POST"],
        status_code=204,
        responses=error_responses(
            InvalidTokenError,
            InvalidCredentialsError,
            ReauthenticationError,
            ThrottledError,
            UnavailableError,
        ),
    )
