"""``POST /refresh``: JSON or a cookie; its errors are those of RFC 6749 5.2."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from fastapi_jwtkit.errors import (
    CsrfError,
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    ThrottledError,
    UnavailableError,
)
from fastapi_jwtkit.records import TokenPair
from fastapi_jwtkit.scopes import parse_scope
from fastapi_jwtkit.web.client import device_of
from fastapi_jwtkit.web.mounted_kit import MountedKit
from fastapi_jwtkit.web.responses import error_responses
from fastapi_jwtkit.web.routers.openings import BY_OWN_TOKEN
from fastapi_jwtkit.web.routers.pairs import answer_pair, body_model, need_cookies
from fastapi_jwtkit.web.routes import OAuthRoute
from fastapi_jwtkit.web.schemas import CookieBody, RefreshBody, RefreshOfEitherBody, TokenBody

__all__ = ["add_refresh"]

_ERRORS = (
    InvalidRequestError,
    InvalidGrantError,
    InvalidScopeError,
    ThrottledError,
    UnavailableError,
)


def add_refresh(router: APIRouter, auth: MountedKit) -> None:
    """Add the route that spends a refresh token."""

    async def refresh(request: Request, body: RefreshBody) -> TokenBody:
        """Trade a refresh token for the next pair."""
        token = body.refresh_token.get_secret_value()
        return TokenBody.of(await _rotate(auth, request, body, token, transport="bearer"))

    async def refresh_of_either(
        request: Request, response: Response, body: RefreshOfEitherBody | None = None
    ) -> TokenBody | CookieBody:
        """Trade a refresh token, from the body or from the cookie, for the next pair."""
        return await _refresh_of_either(auth, request, response, body)

    router.add_api_route(
        "/refresh",
        refresh if auth.cookies is None else refresh_of_either,
        dependencies=BY_OWN_TOKEN,
        methods=["POST"],
        name="refresh",
        response_model=body_model(auth),
        response_model_exclude_none=True,
        route_class_override=OAuthRoute,
        responses=error_responses(*_ERRORS, *((CsrfError,) if auth.cookies else ()), oauth=True),
    )


async def _refresh_of_either(
    auth: MountedKit, request: Request, response: Response, body: RefreshOfEitherBody | None
) -> TokenBody | CookieBody:
    """Answer by the transport that the token came by.

    A failure raises, and so writes no cookie: who lost a race must not throw out the
    cookies that the winner was given.
    """
    body = body or RefreshOfEitherBody(scope=None)
    cookies = need_cookies(auth)
    cookie = cookies.transport.read_refresh(request)
    if body.refresh_token is not None:
        if cookie is not None:
            raise InvalidRequestError("tokens_in_two_places")
        if not auth.serves_bearer:
            raise InvalidGrantError("bearer_not_served")
        token = body.refresh_token.get_secret_value()
        return TokenBody.of(await _rotate(auth, request, body, token, transport="bearer"))
    if cookie is None:
        raise InvalidRequestError("refresh_token_missing")
    await cookies.ensure_own_refresh(request, cookie)
    pair = await _rotate(auth, request, body, cookie, transport="cookie")
    return answer_pair(auth, request, response, pair)


async def _rotate(
    auth: MountedKit, request: Request, body: RefreshBody, token: str, *, transport: str
) -> TokenPair:
    return await auth.kit.rotate(
        token,
        scopes=parse_scope(body.scope) if body.scope else None,
        client_id=body.client_id or None,
        transport=transport,
        device=device_of(request),
    )
