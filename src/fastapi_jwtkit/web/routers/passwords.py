"""``POST /password/change``, ``/password/forgot`` and ``/password/reset``."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request

from fastapi_jwtkit.errors import (
    InvalidCredentialsError,
    InvalidLinkError,
    InvalidTokenError,
    PasswordRejectedError,
    ThrottledError,
    UnavailableError,
)
from fastapi_jwtkit.principal import Principal
from fastapi_jwtkit.web.account_schemas import (
    AcceptedBody,
    ChangePasswordBody,
    EmailBody,
    ResetPasswordBody,
)
from fastapi_jwtkit.web.client import device_of
from fastapi_jwtkit.web.mounted_kit import MountedKit
from fastapi_jwtkit.web.responses import error_responses
from fastapi_jwtkit.web.routers.openings import BY_OWN_TOKEN, FOR_STRANGERS

__all__ = ["add_password_change", "add_password_reset"]


def add_password_change(router: APIRouter, auth: MountedKit) -> None:
    """Add the route that replaces a password that is known."""
    caller = Depends(auth.current_principal)

    async def change_password(
        request: Request, body: ChangePasswordBody, principal: Principal = caller
    ) -> None:
        """Replace your password; your other sessions end, this one goes on."""
        await auth.kit.accounts.change_password(
            principal.subject,
            current=body.current_password,
            new=body.new_password,
            keep_sid=principal.session_id,
            device=device_of(request),
        )

    router.add_api_route(
        "/password/change",
        change_password,
        methods=["POST"],
        status_code=204,
        responses=error_responses(
            InvalidTokenError,
            InvalidCredentialsError,
            PasswordRejectedError,
            ThrottledError,
            UnavailableError,
        ),
    )


def add_password_reset(router: APIRouter, auth: MountedKit) -> None:
    """Add the routes that mail a link, and take what it carries."""

    async def forgot_password(request: Request, body: EmailBody) -> AcceptedBody:
        """Ask for a mail with a link; the answer is the same whether there is such a user."""
        await auth.kit.accounts.request_reset(body.email, device=device_of(request))
        return AcceptedBody()

    async def reset_password(request: Request, body: ResetPasswordBody) -> None:
        """Set a new password by the link of the mail; all your sessions end."""
        await auth.kit.accounts.reset_password(
            body.token, new=body.password, device=device_of(request)
        )

    router.add_api_route(
        "/password/forgot",
        forgot_password,
        dependencies=FOR_STRANGERS,
        methods=["POST"],
        status_code=202,
        responses=error_responses(ThrottledError, UnavailableError),
    )
    router.add_api_route(
        "/password/reset",
        reset_password,
        dependencies=BY_OWN_TOKEN,
        methods=["POST"],
        status_code=204,
        responses=error_responses(
            InvalidLinkError, PasswordRejectedError, ThrottledError, UnavailableError
        ),
    )
