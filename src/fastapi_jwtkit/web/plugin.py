"""``JWTAuth``: a kit mounted on a FastAPI app."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from types import MappingProxyType
from typing import Any, Literal, Self, TypeVar

from fastapi import FastAPI, Response
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket

from fastapi_jwtkit.errors import ConfigurationError, CsrfError
from fastapi_jwtkit.kit import JWTKit
from fastapi_jwtkit.policies.composing import Policy
from fastapi_jwtkit.policies.demands import Covers, permissions, roles, scopes
from fastapi_jwtkit.principal import Principal
from fastapi_jwtkit.records import TokenPair
from fastapi_jwtkit.web.app_bodies import install_app_bodies
from fastapi_jwtkit.web.errors import JWTKitHTTPError, render, to_http
from fastapi_jwtkit.web.gate import protect
from fastapi_jwtkit.web.guard_demands import login_demand, policy_demand
from fastapi_jwtkit.web.guards import Guard
from fastapi_jwtkit.web.headers import SecurityHeaders
from fastapi_jwtkit.web.installed import add_plugin, plugins_of
from fastapi_jwtkit.web.live import keep_live, stream_live
from fastapi_jwtkit.web.mounted_kit import ALL, MountedKit
from fastapi_jwtkit.web.openapi import hook_openapi
from fastapi_jwtkit.web.refusals import answer_denials
from fastapi_jwtkit.web.routers import make_router
from fastapi_jwtkit.web.routers.pairs import need_cookies

__all__ = ["JWTAuth"]

T = TypeVar("T")


class JWTAuth(MountedKit):
    """A kit on FastAPI: its routes, its guards and its part of the OpenAPI schema.

    Nothing happens at construction; ``install`` mounts it. One plugin may be installed
    on several apps, so that a mounted app trusts the same tokens.

    Args:
        kit: the kit.
        prefix: where the routes live, such as ``/auth``.
        transports: where tokens live in a request: ``bearer``, ``cookie`` or both, the
            first for logins that name none.
        routes: names of the routes to mount; default: all that the kit can serve.

    Raises:
        ConfigurationError: a prefix, transport or route that is none.
    """

    @classmethod
    def from_env(
        cls,
        *,
        prefix: str = "/auth",
        transports: Sequence[str] = ("bearer",),
        routes: Iterable[str] = ALL,
        **parts: Any,
    ) -> Self:
        """Make a plugin from ``JWTKIT_*``; ``parts`` are the keywords of ``JWTKit``.

        With ``JWTKIT_ENV=dev`` it makes keys and a user store of its own, and says so.

        Raises:
            ConfigurationError: a setting is missing, unknown or unsafe.
        """
        kit = JWTKit.from_env(**parts)
        return cls(kit, prefix=prefix, transports=transports, routes=routes)

    def install(
        self,
        app: FastAPI,
        *,
        error_bodies: Literal["kit", "app"] = "kit",
        security_headers: Literal["kit", "app"] = "kit",
    ) -> None:
        """Mount the plugin on an app, before the app serves.

        Args:
            app: the app; a mounted app needs an installation of its own.
            error_bodies: ``kit`` leaves the app's other errors as they are; ``app``
                gives every error of the app the one body, 404 and 422 included.
            security_headers: ``kit`` sends them with the kit's answers; ``app`` with every
                answer of the app that does not set them itself.

        Raises:
            ConfigurationError: the app serves already, or has this plugin, or another
                with the same prefix, issuer or realm.
        """
        first = add_plugin(app, self)
        app.add_exception_handler(JWTKitHTTPError, render)
        answer_denials(app)
        if security_headers == "app":
            app.add_middleware(SecurityHeaders, entrance=self.entrance)
        if error_bodies == "app":
            install_app_bodies(app)
        app.include_router(make_router(self, app, first=first))
        hook_openapi(app)

    def protect(
        self,
        app: FastAPI,
        *,
        public: Mapping[str, str] = MappingProxyType({}),
        public_docs: bool = False,
    ) -> None:
        """Deny by default: serve strangers only what is marked ``public(reason="…")``.

        Everything of the app is behind the gate: routes that nobody guarded, raw routes,
        mounts, WebSockets, the documentation, and routes that are added later. Any good
        token of a plugin of this app opens it; guards ask for more.

        Args:
            app: the app this plugin is installed on.
            public: reasons by the own path of a raw route or a mount, which have no
                dependencies to carry a mark: ``{"/static": "style sheets"}``. ``"*"``
                stands for what no route matches.
            public_docs: whether the schema and the pages that show it are public.

        Raises:
            ConfigurationError: this plugin is not installed on the app, the app has a gate
                already, or an entry has no reason.
        """
        if self not in plugins_of(app):
            raise ConfigurationError(
                "protect() was called for an app on which this plugin is not installed.",
                why="Nobody could pass the gate.",
                fix="Call auth.install(app) first, on the same app.",
                docs="how-to/guard-every-route/",
            )
        protect(app, public=public, public_docs=public_docs)

    def write_cookies(
        self, connection: HTTPConnection, response: Response, pair: TokenPair
    ) -> None:
        """Put the pair of ``kit.open_session(…, transport="cookie")`` into cookies.

        For a login of your own. Guard its route with ``Depends(auth.same_origin)``.

        Raises:
            ConfigurationError: the plugin serves no cookies, or the session is of another
                transport.
        """
        need_cookies(self).write(connection, response, pair)

    def clear_cookies(self, connection: HTTPConnection, response: Response) -> None:
        """Delete the cookies, as a logout does; ``kit.close`` ends the session.

        Raises:
            ConfigurationError: the plugin serves no cookies.
        """
        need_cookies(self).clear(connection, response)

    async def same_origin(self, connection: HTTPConnection) -> None:
        """Refuse what a page of another origin sent: ``Depends(auth.same_origin)``.

        For routes that write cookies before there is a session, so that no other site logs
        its visitors in as somebody else.

        Raises:
            HTTPException: 403 ``csrf_failed``.
            ConfigurationError: the plugin serves no cookies.
        """
        try:
            need_cookies(self).ensure_own_page(connection)
        except CsrfError as error:
            raise to_http(error) from None

    def live(
        self, socket: WebSocket, principal: Principal | None
    ) -> AbstractAsyncContextManager[None]:
        """Return ``live(…)`` for the tokens of this plugin: the block ends with the token."""
        return keep_live(socket, principal, self)

    def live_stream(
        self, connection: HTTPConnection, principal: Principal | None, items: AsyncIterable[T]
    ) -> AsyncIterator[T]:
        """Return ``live_stream(…)`` for the tokens of this plugin: it ends with the token."""
        return stream_live(connection, principal, items, self)

    def require_scopes(
        self, *all_of: str, any_of: tuple[str, ...] = (), covers: Covers | None = None
    ) -> Guard:
        """Return ``require_scopes(…)`` for the tokens of this plugin only.

        Raises:
            ConfigurationError: nothing was asked for, or a scope that RFC 6749 3.3 forbids.
        """
        return Guard(scopes(all_of, any_of, covers), source=self)

    def require_policy(self, policy: Policy) -> Guard:
        """Return ``require_policy(…)`` for the tokens of this plugin only.

        Raises:
            ConfigurationError: it is no policy, or one that needs a resource.
        """
        return Guard(policy_demand(policy), source=self)

    def require_auth(
        self,
        *,
        max_age: float | None = None,
        strict: bool = False,
        acr: str | Sequence[str] = (),
        amr: Sequence[str] = (),
    ) -> Guard:
        """Return ``require_auth(…)`` for the tokens of this plugin only.

        Raises:
            ConfigurationError: nothing was asked for, or something that no login can be.
        """
        demand = login_demand(max_age=max_age, strict=strict, acr=acr, amr=amr)
        return Guard(login=demand, source=self)

    def require_roles(self, *all_of: str, any_of: tuple[str, ...] = ()) -> Guard:
        """Return ``require_roles(…)`` for the tokens of this plugin only.

        Raises:
            ConfigurationError: nothing was asked for, or something that is no name.
        """
        return Guard(roles(all_of, any_of), source=self)

    def require_permissions(self, *all_of: str, any_of: tuple[str, ...] = ()) -> Guard:
        """Return ``require_permissions(…)`` for the tokens of this plugin only.

        Raises:
            ConfigurationError: nothing was asked for, or something that is no name.
        """
        return Guard(permissions(all_of, any_of), source=self)
