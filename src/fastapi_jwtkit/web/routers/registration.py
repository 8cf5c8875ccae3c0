"""``POST /register``."""

from __future__ import annotations

from fastapi import APIRouter, Request

from fastapi_jwtkit.credentials import Credentials
from fastapi_jwtkit.errors import (
    EmailRejectedError,
    LoginRejectedError,
    LoginTakenError,
    PasswordRejectedError,
    ThrottledError,
    UnavailableError,
)
from fastapi_jwtkit.web.account_schemas import AcceptedBody
from fastapi_jwtkit.web.client import device_of
from fastapi_jwtkit.web.mounted_kit import MountedKit
from fastapi_jwtkit.web.responses import error_responses
from fastapi_jwtkit.web.routers.openings import FOR_STRANGERS
from fastapi_jwtkit.web.schemas import RegisterBody, UserBody

__all__ = ["add_register"]


def add_register(router: APIRouter, auth: MountedKit) -> None:
    """Add the route that makes an account; its scopes are the kit's default ones.

    It answers with the account, or with the same words in every case where the answer would
    tell whether an address is known.
    """

    async def register(request: Request, body: RegisterBody) -> UserBody:
        """Make an account."""
        credentials = Credentials(login=body.username, password=body.password)
        user = await auth.kit.register(
            credentials, email=body.email or None, device=device_of(request)
        )
        return UserBody.of(user)

    async def sign_up(request: Request, body: RegisterBody) -> AcceptedBody:
        """Ask for an account; a mail says what became of it."""
        credentials = Credentials(login=body.username, password=body.password)
        await auth.kit.accounts.sign_up(
            credentials, email=body.email or None, device=device_of(request)
        )
        return AcceptedBody()

    alike = auth.kit.accounts.answers_alike
    taken = () if alike else (LoginTakenError,)
    router.add_api_route(
        "/register",
        sign_up if alike else register,
        dependencies=FOR_STRANGERS,
        methods=["POST"],
        status_code=202 if alike else 201,
        responses=error_responses(
            LoginRejectedError,
            EmailRejectedError,
            *taken,
            PasswordRejectedError,
            ThrottledError,
            UnavailableError,
        ),
    )
