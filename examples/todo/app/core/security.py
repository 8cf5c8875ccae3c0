"""The kit of this application, and the headers that every answer carries."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from examples.todo.app.core.config import TodoSettings
from examples.todo.app.services.user_store import SqlUserStore
from fastapi_jwtkit import JWTKit
from fastapi_jwtkit import Settings as KitSettings

__all__ = ["SecurityHeaders", "build_kit", "security_headers"]

ONE_YEAR_SECONDS = 365 * 86_400

_ALWAYS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def build_kit(settings: KitSettings, users: SqlUserStore) -> JWTKit:
    """Return the kit over our users; sessions live in memory and end with the process."""
    return JWTKit(settings, users=users)


def security_headers(settings: TodoSettings, kit_settings: KitSettings) -> Mapping[str, str]:
    """Return the headers for every answer.

    HSTS only where the application is reached by https: a browser that has seen it on
    http://127.0.0.1 would ignore it, and on a name without TLS it would lock people out.
    """
    https = settings.public_url is not None and settings.public_url.scheme == "https"
    if not https and kit_settings.env != "prod":
        return _ALWAYS
    return {**_ALWAYS, "Strict-Transport-Security": f"max-age={ONE_YEAR_SECONDS}"}


class SecurityHeaders:
    """Add headers to each HTTP answer that does not set them itself.

    Plain ASGI: unlike ``BaseHTTPMiddleware`` it adds no task and buffers no body.

    Args:
        app: what answers.
        headers: names and values to add.
    """

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with the headers added."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    present.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
