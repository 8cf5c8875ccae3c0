"""The application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from examples.todo.app.api.v1.deps.auth import install_auth
from examples.todo.app.api.v1.endpoints import health_routes
from examples.todo.app.api.v1.errors import install_errors
from examples.todo.app.api.v1.router import router
from examples.todo.app.core.config import TodoSettings, kit_settings
from examples.todo.app.core.database import Database
from examples.todo.app.core.security import SecurityHeaders, build_kit, security_headers
from examples.todo.app.services.user_store import SqlUserStore
from fastapi_jwtkit.account_protocols import Mailer
from fastapi_jwtkit.accounts.outbox import Outbox

__all__ = ["create_app"]


def create_app(settings: TodoSettings | None = None, *, mailer: Mailer | None = None) -> FastAPI:
    """Return the application; nothing is opened before it starts.

    Args:
        settings: of the application; default: from ``TODO_*``. The kit's come from
            ``JWTKIT_*``.
        mailer: sends mails; default: they are printed in development, and in production
            there are no flows that write to people.
    """
    settings = settings or TodoSettings()
    kit_config = kit_settings()
    database = Database(settings.database_url)
    if mailer is None and kit_config.env == "dev":
        mailer = Outbox()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        del app
        await database.create_tables()
        try:
            yield
        finally:
            await database.close()

    app = FastAPI(
        title="Todo",
        summary="Tasks with accounts, on fastapi-jwtkit.",
        version="1.0.0",
        lifespan=lifespan,
    )
    kit = build_kit(kit_config, SqlUserStore(database.sessions), database, mailer)
    app.state.database = database
    app.state.kit = kit
    app.include_router(router)
    app.include_router(health_routes.router)
    install_auth(app, kit, settings.transports)
    install_errors(app)
    app.add_middleware(SecurityHeaders, headers=security_headers(settings, kit_config))
    return app
