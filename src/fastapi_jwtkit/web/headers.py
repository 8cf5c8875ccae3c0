"""Security headers, on the answers of the kit or on all of an app."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fastapi_jwtkit.web.entrance import Entrance

__all__ = ["SecurityHeaders", "headers_for"]

_ALWAYS: Mapping[str, str] = MappingProxyType(
    {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Content-Security-Policy": "frame-ancestors 'none'",
        # Not no-referrer: then browsers send "Origin: null" with the forms of the app itself.
        "Referrer-Policy": "same-origin",
    }
)


def headers_for(entrance: Entrance, connection: HTTPConnection) -> Mapping[str, str]:
    """Return the headers of an answer.

    Strict-Transport-Security only where HTTPS is enforced, and never over plain HTTP
    (RFC 6797 7.2).
    """
    if entrance.hsts is None or not entrance.client.is_secure(connection):
        return _ALWAYS
    return {**_ALWAYS, "Strict-Transport-Security": entrance.hsts}


class SecurityHeaders:
    """Add the headers to each HTTP answer that does not set them itself.

    Plain ASGI: unlike ``BaseHTTPMiddleware`` it adds no task and buffers no body.

    Args:
        app: what answers.
        entrance: of the plugin whose settings count.
    """

    def __init__(self, app: ASGIApp, *, entrance: Entrance) -> None:
        self._app = app
        self._entrance = entrance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with the headers added."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = headers_for(self._entrance, HTTPConnection(scope))

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = MutableHeaders(scope=message)
                for name, value in headers.items():
                    present.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
