"""How a pair is answered, in the body or in cookies and nowhere else, and how cookies go."""

from __future__ import annotations

from fastapi import Request, Response

from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.records import TokenPair
from fastapi_jwtkit.web.cookie_requests import CookieRequests
from fastapi_jwtkit.web.mounted_kit import MountedKit
from fastapi_jwtkit.web.schemas import CookieBody, TokenBody

__all__ = ["answer_pair", "body_model", "clear_cookies", "need_cookies"]


def answer_pair(
    auth: MountedKit, request: Request, response: Response, pair: TokenPair
) -> TokenBody | CookieBody:
    """Return the body for a pair, its cookies written where its session answers by them."""
    if pair.session.transport != "cookie":
        return TokenBody.of(pair)
    need_cookies(auth).write(request, response, pair)
    return CookieBody.of(pair)


def body_model(auth: MountedKit) -> object:
    """Return what the answers of a plugin may be, for OpenAPI."""
    if auth.cookies is None:
        return TokenBody
    return TokenBody | CookieBody if auth.serves_bearer else CookieBody


def clear_cookies(auth: MountedKit, request: Request, response: Response) -> None:
    """Clear the cookies that the request brought, and that were shown to be meant.

    If it brought none, some other page may have sent it: it must not log a browser out.
    """
    if auth.cookies is not None and auth.cookies.transport.is_in(request):
        auth.cookies.clear(request, response)


def need_cookies(auth: MountedKit) -> CookieRequests:
    """Return what handles cookies.

    Raises:
        ConfigurationError: the plugin serves none.
    """
    if auth.cookies is None:
        raise ConfigurationError(
            "Cookies were to be written or read by a plugin that serves none.",
            why="A request by cookies would be a stranger's.",
            fix='JWTAuth(kit, transports=("cookie",)), or ("bearer", "cookie") for both.',
            docs="how-to/cookies/",
        )
    return auth.cookies
