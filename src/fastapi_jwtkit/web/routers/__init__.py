"""The routes that a plugin mounts."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import get_args

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from fastapi_jwtkit.accounts.flow_parts import Flow
from fastapi_jwtkit.web.entrance import mark_endpoint
from fastapi_jwtkit.web.mounted_kit import MountedKit
from fastapi_jwtkit.web.openapi import ensure_guards_are_bound, hook_openapi
from fastapi_jwtkit.web.routers.deletion import add_account_delete
from fastapi_jwtkit.web.routers.emails import add_email_change, add_email_verify
from fastapi_jwtkit.web.routers.jwks import add_jwks
from fastapi_jwtkit.web.routers.login import add_login
from fastapi_jwtkit.web.routers.logout import add_logout, add_logout_all
from fastapi_jwtkit.web.routers.passwords import add_password_change, add_password_reset
from fastapi_jwtkit.web.routers.refresh import add_refresh
from fastapi_jwtkit.web.routers.registration import add_register
from fastapi_jwtkit.web.routers.sessions import add_me, add_sessions
from fastapi_jwtkit.web.routers.step_up import add_step_up
from fastapi_jwtkit.web.routers.token import add_token
from fastapi_jwtkit.web.routes import AccountRoute, PrefixRouter

__all__ = ["make_router"]

WELL_KNOWN = "/.well-known"

_FLOWS: Mapping[str, Flow] = {flow: flow for flow in get_args(Flow)}


_STEPS: Mapping[str, Callable[[APIRouter, MountedKit], None]] = {
    "register": add_register,
    "token": add_token,
    "login": add_login,
    "refresh": add_refresh,
    "logout": add_logout,
    "logout-all": add_logout_all,
    "me": add_me,
    "sessions": add_sessions,
    "step-up": add_step_up,
    "password-change": add_password_change,
    "password-reset": add_password_reset,
    "email-verify": add_email_verify,
    "email-change": add_email_change,
    "account-delete": add_account_delete,
}


def make_router(auth: MountedKit, app: FastAPI, *, first: bool) -> APIRouter:
    """Return one router with what is under the prefix and what is under ``/.well-known``.

    Args:
        auth: the plugin.
        app: the app it is being installed on.
        first: whether it is the app's first realm: the second has its keys under its
            own prefix, for one path can tell of one realm only.
    """
    account = APIRouter(
        prefix=auth.prefix,
        tags=["auth"],
        route_class=AccountRoute,
        lifespan=_lifespan_of(auth, app),
    )
    well_known = APIRouter(
        prefix=WELL_KNOWN if first else auth.prefix + WELL_KNOWN,
        tags=["auth"],
        route_class=AccountRoute,
    )
    for name, add in _STEPS.items():
        if name in auth.routes and _can_serve(auth, name):
            add(account, auth)
    if "jwks" in auth.routes:
        add_jwks(well_known, auth)
    for route in (*account.routes, *well_known.routes):
        if isinstance(route, APIRoute):
            mark_endpoint(route.endpoint, auth.entrance)
    router = PrefixRouter(account.prefix, well_known.prefix)
    router.include_router(account)
    router.include_router(well_known)
    return router


def _can_serve(auth: MountedKit, name: str) -> bool:
    if name == "token" and not auth.serves_bearer:
        return False  # RFC 6749 knows no cookies
    # Without users there are no sessions to open, to list or to end.
    if auth.kit.users is None:
        return False
    flow = _FLOWS.get(name)
    return flow is None or auth.kit.accounts.can(flow)


def _lifespan_of(
    auth: MountedKit, app: FastAPI
) -> Callable[[object], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: object) -> AsyncGenerator[None]:
        # An optimisation, never a need: a mounted app never gets here.
        hook_openapi(app)
        ensure_guards_are_bound(app)
        await auth.kit.start()
        try:
            yield
        finally:
            await auth.kit.stop()

    return lifespan
