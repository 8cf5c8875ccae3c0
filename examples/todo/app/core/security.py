"""The kit of this application, and the headers that every answer carries."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from examples.todo.app.core.config import TodoSettings
from examples.todo.app.core.database import Database
from examples.todo.app.models import Table
from examples.todo.app.services.user_store import SqlUserStore
from fastapi_jwtkit import JWTKit
from fastapi_jwtkit import Settings as KitSettings
from fastapi_jwtkit.account_protocols import Mailer
from fastapi_jwtkit.protocols import Stores
from fastapi_jwtkit.stores.sqlalchemy import sql_stores

__all__ = ["SecurityHeaders", "build_kit", "security_headers", "shown_store"]

ONE_YEAR_SECONDS = 365 * 86_400

_ALWAYS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def build_kit(
    settings: KitSettings,
    users: SqlUserStore,
    database: Database,
    mailer: Mailer | None = None,
) -> JWTKit:
    """Return the kit over our users, with its sessions where ``JWTKIT_STORE_URL`` says.

    Where it says nothing they live in our database, beside the users; and in memory where
    the database does.
    """
    stores: Stores | None = None
    if settings.store_url is None and not database.is_in_memory:
        stores = sql_stores(database.engine, metadata=Table.metadata)
    return JWTKit(settings, users=users, stores=stores, mailer=mailer)


def shown_store(settings: KitSettings, database: Database) -> str:
    """Return where sessions live, as it may be printed: without a password."""
    if settings.store_url is not None:
        url = urlsplit(settings.store_url.get_secret_value())
        # Whatever stands before the host, or behind it, may be a secret.
        return f"{url.scheme}://{url.netloc.rpartition('@')[2] or url.path}"
    if database.is_in_memory:
        return "in memory, so every login ends with this process"
    return "in the database, so logins outlive this process"


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
