"""Who may call: the one place that ties this application to the kit's guards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, FastAPI

from examples.todo.app.services.ownership import may_list_everyones
from fastapi_jwtkit import (
    CurrentPrincipal,
    JWTAuth,
    JWTKit,
    Principal,
    require_policy,
    require_scopes,
)
from fastapi_jwtkit.web.mounted_kit import ALL, BY_NAME_ONLY

__all__ = ["Admin", "Caller", "Reader", "Writer", "install_auth"]

Caller = CurrentPrincipal
"""Anybody with a valid token."""

Reader = Annotated[Principal, Depends(require_scopes("tasks:read"))]
"""A token that may read tasks."""

Writer = Annotated[Principal, Depends(require_scopes("tasks:write"))]
"""A token that may change tasks."""

Admin = Annotated[Principal, Depends(require_policy(may_list_everyones))]
"""An admin with a token that may see everyone's tasks."""


def install_auth(app: FastAPI, kit: JWTKit, transports: Sequence[str] = ("bearer",)) -> None:
    """Add the routes under /auth, the JWKS, one error schema for the whole app, and the gate.

    The route that deletes accounts too: tasks go with their owner. Behind the gate, a route
    that somebody forgets to guard is closed, and ``jwtkit audit`` names it.
    """
    auth = JWTAuth(kit, transports=transports, routes=ALL | BY_NAME_ONLY)
    auth.install(app, error_bodies="app")
    auth.protect(app, public={"*": "nothing is there"}, public_docs=True)
