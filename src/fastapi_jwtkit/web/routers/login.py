"""``POST /login``: JSON, for first-party clients."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from fastapi_jwtkit.credentials import Credentials
from fastapi_jwtkit.errors import (
    CsrfError,
    InvalidCredentialsError,
    InvalidScopeError,
    ThrottledError,
    UnavailableError,
)
from fastapi_jwtkit.records import TokenPair
from fastapi_jwtkit.scopes import parse_scope
from fastapi_jwtkit.web.client import device_of
from fastapi_jwtkit.web.mounted_kit import MountedKit
from fastapi_jwtkit.web.responses import error_responses
from fastapi_jwtkit.web.routers.openings import FOR_STRANGERS
from fastapi_jwtkit.web.routers.pairs import answer_pair, body_model, need_cookies
from fastapi_jwtkit.web.schemas import CookieBody, LoginBody, LoginOfEitherBody, TokenBody

__all__ = ["add_login"]

_ERRORS = (InvalidCredentialsError, InvalidScopeError, ThrottledError, UnavailableError)


def add_login(router: APIRouter, auth: MountedKit) -> None:
    """Add the route that trades a password for tokens."""

    async def login(request: Request, body: LoginBody) -> TokenBody:
        """Log in with username and password."""
        return TokenBody.of(await _log_in(auth, request, body, transport="bearer"))

    async def login_by_cookie(
        request: Request, response: Response, body: LoginBody
    ) -> TokenBody | CookieBody:
        """Log in with username and password; the tokens are in cookies."""
        return await _log_in_by_cookie(auth, request, response, body)

    async def login_of_either(
        request: Request, response: Response, body: LoginOfEitherBody
    ) -> TokenBody | CookieBody:
        """Log in with username and password; tokens in the answer, or in cookies."""
        if (body.transport or auth.transports[0].name) == "cookie":
            return await _log_in_by_cookie(auth, request, response, body)
        return TokenBody.of(await _log_in(auth, request, body, transport="bearer"))

    serves_both = login_of_either if auth.serves_bearer else login_by_cookie
    router.add_api_route(
        "/login",
        login if auth.cookies is None else serves_both,
        dependencies=FOR_STRANGERS,
        methods=["POST"],
        name="login",
        response_model=body_model(auth),
        response_model_exclude_none=True,
        responses=error_responses(*_ERRORS, *((CsrfError,) if auth.cookies else ())),
    )


async def _log_in(
    auth: MountedKit, request: Request, body: LoginBody, *, transport: str
) -> TokenPair:
    return await auth.kit.login(
        Credentials(login=body.username, password=body.password),
        scopes=parse_scope(body.scope) if body.scope else None,
        transport=transport,
        device=device_of(request, name=body.device_name),
    )


async def _log_in_by_cookie(
    auth: MountedKit, request: Request, response: Response, body: LoginBody
) -> TokenBody | CookieBody:
    cookies = need_cookies(auth)
    cookies.ensure_own_login(request)
    before = cookies.transport.read_refresh(request)
    pair = await _log_in(auth, request, body, transport="cookie")
    if before is not None:
        await auth.kit.close_replaced(before, transport="cookie")
    return answer_pair(auth, request, response, pair)
