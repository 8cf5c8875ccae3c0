"""``POST /register``."""

from __future__ import annotations

from fastapi import APIRouter, Request

from fastapi_jwtkit.credentials import Credentials
from fastapi_jwtkit.errors import (
    LoginRejectedError,
    LoginTakenError,
    PasswordRejectedError,
    ThrottledError,
    UnavailableError,
)
from fastapi_jwtkit.web.client import device_of
from fastapi_jwtkit.web.mounted_kit import MountedKit
from fastapi_jwtkit.web.responses import error_responses
from fastapi_jwtkit.web.schemas import RegisterBody, UserBody

__all__ = ["add_register"]


def add_register(router: APIRouter, auth: MountedKit) -> None:
    """Add the route that makes an account; its scopes are the kit's default ones."""

    async def register(request: Request, body: RegisterBody) -> UserBody:
        """Make an account."""
        credentials = Credentials(login=body.username, password=body.password)
        user = await auth.kit.register(
            credentials, email=body.email or None, device=device_of(request)
        )
        return UserBody.of(user)

    router.add_api_route(
        "/register",
        register,
        methods=["POST"],
        status_code=201,
        responses=error_responses(
            LoginRejectedError,
            LoginTakenError,
            PasswordRejectedError,
            ThrottledError,
            UnavailableError,
        ),
    )
