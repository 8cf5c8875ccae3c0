"""How a refusal reaches the client: as an HTTP answer, or as the close of a WebSocket.

A guard raises the answer itself. What an endpoint raises, by ``policy.enforce``, is one of our
errors, and is answered here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import cast

from fastapi import FastAPI
from starlette.exceptions import WebSocketException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketState

from fastapi_jwtkit.errors import AuthorizationError, JWTKitError, ReauthenticationError
from fastapi_jwtkit.web.client import device_of
from fastapi_jwtkit.web.errors import JWTKitHTTPError, render, to_http
from fastapi_jwtkit.web.principal_sources import sources_of

__all__ = ["POLICY_VIOLATION", "TRY_AGAIN_LATER", "answer_denials", "close_code", "refusal"]

POLICY_VIOLATION = 1008
"""The close code for what breaks a rule (RFC 6455 7.4.1)."""
TRY_AGAIN_LATER = 1013
"""The close code for what cannot be told now (IANA, WebSocket Close Code Number)."""


def close_code(answer: JWTKitHTTPError) -> int:
    """Return the close code that says what the status of an answer says."""
    unavailable = 503
    return TRY_AGAIN_LATER if answer.status_code == unavailable else POLICY_VIOLATION


def refusal(connection: HTTPConnection, error: JWTKitError) -> Exception:
    """Return what to raise, so that the client sees the refusal.

    Before ``accept`` an ``HTTPException`` becomes a real 401 with its challenge; after
    it the socket would close without a code, so the close frame carries it.
    """
    answer = to_http(error)
    if (
        isinstance(connection, WebSocket)
        and connection.application_state is not WebSocketState.CONNECTING
    ):
        return WebSocketException(close_code(answer), answer.error_code)
    return answer


def answer_denials(app: FastAPI) -> None:
    """Answer what ``policy.enforce`` raises in an endpoint, unless the app does so itself."""
    # Starlette types a handler as one of requests; it calls this one for sockets, too.
    handler = cast("Callable[[Request, Exception], Awaitable[Response]]", _render_denial)
    for each in (AuthorizationError, ReauthenticationError):
        if each not in app.exception_handlers:
            app.add_exception_handler(each, handler)


async def _render_denial(connection: HTTPConnection, error: Exception) -> Response | None:
    if not isinstance(error, AuthorizationError | ReauthenticationError):  # pragma: no cover
        raise error
    await _tell(connection, error)
    refused = refusal(connection, error)
    if isinstance(refused, WebSocketException):
        await cast("WebSocket", connection).close(refused.code, refused.reason)
        return None
    return await render(connection, refused)


async def _tell(
    connection: HTTPConnection, error: AuthorizationError | ReauthenticationError
) -> None:
    for source in sources_of(connection.scope.get("app")):
        with suppress(JWTKitError):
            principal = await source.principal_of(connection)
            if principal is not None:
                source.tell_denied(principal, error, device_of(connection))
