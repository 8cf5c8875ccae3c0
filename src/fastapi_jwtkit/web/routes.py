"""Route classes: errors in our own words, nothing cached, bodies of bounded size."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Message, Receive, Scope

from fastapi_jwtkit.errors import ConfigurationError, InvalidRequestError, JWTKitError
from fastapi_jwtkit.web.entrance import entrance_of
from fastapi_jwtkit.web.errors import JWTKitHTTPError, to_http, validation_failed
from fastapi_jwtkit.web.headers import headers_for

__all__ = ["AccountRoute", "OAuthRoute", "PrefixRouter"]

TOO_LARGE = 413
MAX_BODY_BYTES = 64 * 1024
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}  # RFC 6749 5.1


class PrefixRouter(APIRouter):
    """A router that lets go of a foreign request at once.

    FastAPI asks an included router for each request, and by itself the router tries all
    of its routes: ours would cost every route of the app that comes after them.

    Args:
        prefixes: what the paths of all its routes begin with.
    """

    def __init__(self, *prefixes: str) -> None:
        super().__init__()
        self._prefixes = prefixes

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Say whether one of the routes takes the request (asked by FastAPI >= 0.137)."""
        # Anywhere in the path: in a mounted app it begins with the mount's own.
        path = scope["path"]
        for prefix in self._prefixes:
            if prefix in path:
                return super().matches(scope)
        return Match.NONE, {}


class AccountRoute(APIRoute):
    """A route of ours that speaks JSON.

    Its errors are answered by the table whatever handlers the app has, a 422 never
    echoes what was sent (it may be a password), and no cache keeps an answer.
    """

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]  # narrower than FastAPI's Coroutine
        """Wrap FastAPI's handler: inside the app's exception handlers, outside ours."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            entrance = entrance_of(self.endpoint)
            headers: Mapping[str, str] = {}
            try:
                if entrance is not None:
                    headers = headers_for(entrance, request)
                    entrance.ensure_secure(request)
                    entrance.client.remember_address(request)
                response = await handler(_bounded(request))
            except ConfigurationError:
                raise
            except (HTTPException, RequestValidationError, JWTKitError) as error:
                raise _uncached(self.answer(error), headers) from None
            if "cache-control" not in response.headers:
                response.headers.update(NO_STORE)
            for name, value in headers.items():
                response.headers.setdefault(name, value)
            return response

        return handle

    def answer(self, error: HTTPException | RequestValidationError | JWTKitError) -> HTTPException:
        """Return what the client sees of an error."""
        if isinstance(error, RequestValidationError):
            return validation_failed(error)
        if isinstance(error, JWTKitError):
            return to_http(error)
        if error.status_code == 400 and not isinstance(error, JWTKitHTTPError):  # noqa: PLR2004
            # A body that FastAPI could not parse at all.
            return JWTKitHTTPError(400, "invalid_request", "The body cannot be read.")
        return error


class OAuthRoute(AccountRoute):
    """A route of ours that speaks RFC 6749: its errors carry ``error``, never a 422."""

    def answer(self, error: HTTPException | RequestValidationError | JWTKitError) -> HTTPException:
        """Return what the client sees of an error: RFC 6749 5.2."""
        if isinstance(error, JWTKitError):
            return to_http(error, oauth=True)
        if isinstance(error, JWTKitHTTPError) and error.status_code == TOO_LARGE:
            return JWTKitHTTPError(TOO_LARGE, error.error_code, error.detail, oauth=True)
        if isinstance(error, RequestValidationError) or error.status_code in {400, TOO_LARGE}:
            return to_http(InvalidRequestError("malformed_body"), oauth=True)
        return error


def _uncached(error: HTTPException, headers: Mapping[str, str]) -> HTTPException:
    error.headers = {**headers, **(error.headers or {}), **NO_STORE}
    return error


def _bounded(request: Request) -> Request:
    """Return the request with a body that ends in a 413 beyond the limit.

    What announces too much is not read at all; what announces nothing, or lies, is counted.
    """
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > MAX_BODY_BYTES:
        raise _too_large()
    receive: Receive = request.receive
    seen = 0

    async def bounded() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > MAX_BODY_BYTES:
            raise _too_large()
        return message

    return Request(request.scope, bounded)


def _too_large() -> JWTKitHTTPError:
    return JWTKitHTTPError(TOO_LARGE, "content_too_large", "The body is too large.")
