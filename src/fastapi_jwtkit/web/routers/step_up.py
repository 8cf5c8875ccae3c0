"""``POST /step-up``: log in anew in the middle of a session (RFC 9470)."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response

from fastapi_jwtkit.errors import (
    InvalidCredentialsError,
    InvalidTokenError,
    ThrottledError,
    UnavailableError,
)
from fastapi_jwtkit.principal import Principal
from fastapi_jwtkit.web.client import device_of
from fastapi_jwtkit.web.mounted_kit import MountedKit
from fastapi_jwtkit.web.responses import error_responses
from fastapi_jwtkit.web.routers.pairs import answer_pair, body_model
from fastapi_jwtkit.web.schemas import CookieBody, StepUpBody, TokenBody

__all__ = ["add_step_up"]


def add_step_up(router: APIRouter, auth: MountedKit) -> None:
    """Add the route that trades a session and a password for a new session."""
    caller = Depends(auth.current_principal)

    async def step_up(
        request: Request, response: Response, body: StepUpBody, principal: Principal = caller
    ) -> TokenBody | CookieBody:
        """Give your password again; this session ends, and a new one answers as it did."""
        pair = await auth.kit.step_up(principal, password=body.password, device=device_of(request))
        return answer_pair(auth, request, response, pair)

    router.add_api_route(
        "/step-up",
        step_up,
        methods=["POST"],
        response_model=body_model(auth),
        response_model_exclude_none=True,
        responses=error_responses(
            InvalidTokenError, InvalidCredentialsError, ThrottledError, UnavailableError
        ),
    )
