"""How a refusal reaches the client: as an HTTP answer, or as the close of a WebSocket."""

from __future__ import annotations

from starlette.exceptions import WebSocketException
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket, WebSocketState

from fastapi_jwtkit.errors import JWTKitError
from fastapi_jwtkit.web.errors import to_http

__all__ = ["POLICY_VIOLATION", "refusal"]

POLICY_VIOLATION = 1008
"""The close code of RFC 6455 7.4.1 for a message that breaks a rule."""


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
        return WebSocketException(POLICY_VIOLATION, answer.error_code)
    return answer
