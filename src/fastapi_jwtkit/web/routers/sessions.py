"""``GET /me``, ``GET /sessions`` and ``DELETE /sessions/{sid}``."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request

from fastapi_jwtkit.errors import (
    InvalidCredentialsError,
    InvalidTokenError,
    ReauthenticationError,
    SessionNotFoundError,
    ThrottledError,
    UnavailableError,
)
from fastapi_jwtkit.principal import Principal
from fastapi_jwtkit.web.account_schemas import ProofBody
from fastapi_jwtkit.web.client import device_of
from fastapi_jwtkit.web.mounted_kit import MountedKit
from fastapi_jwtkit.web.responses import error_responses, without_422
from fastapi_jwtkit.web.schemas import MeBody, SessionBody

__all__ = ["add_me", "add_sessions"]


# The guard is a default value and not part of the annotation: a name that is local to a
# function could not be evaluated there, and the guard would be lost without a word.


def add_me(router: APIRouter, auth: MountedKit) -> None:
    """Add the route that says who is calling."""
    caller = Depends(auth.current_principal)

    async def me(principal: Principal = caller) -> MeBody:
        """Say who is calling."""
        user = await auth.kit.find_user(principal.subject)
        if user is None or not user.is_active:
            raise InvalidTokenError("user_gone")
        return MeBody.of(principal, username=user.login)

    router.add_api_route(
        "/me",
        me,
        methods=["GET"],
        responses=without_422(error_responses(InvalidTokenError, UnavailableError)),
    )


def add_sessions(router: APIRouter, auth: MountedKit) -> None:
    """Add the routes that list the caller's sessions and end one."""
    caller = Depends(auth.current_principal)

    async def list_sessions(principal: Principal = caller) -> list[SessionBody]:
        """List your sessions, oldest first."""
        sessions = await auth.kit.list_sessions(principal.subject)
        return [
            SessionBody.of(session, current=session.sid == principal.session_id)
            for session in sessions
        ]

    router.add_api_route(
        "/sessions",
        list_sessions,
        methods=["GET"],
        responses=without_422(error_responses(InvalidTokenError, UnavailableError)),
    )
    _add_close_session(router, auth)


def _add_close_session(router: APIRouter, auth: MountedKit) -> None:
    caller = Depends(auth.current_principal)

    async def close_session(
        sid: str, request: Request, body: ProofBody | None = None, principal: Principal = caller
    ) -> None:
        """End one of your sessions; somebody else's does not exist.

        Another one than this needs a recent login, or the password in the body.
        """
        if sid != principal.session_id:
            await auth.kit.accounts.reauthenticate(
                principal.subject,
                password=body.password if body else None,
                auth_time=principal.auth_time,
                device=device_of(request),
            )
        await auth.kit.close_sid(sid, subject=principal.subject)

    router.add_api_route(
        "/sessions/{sid}",
        close_session,
        methods=["DELETE"],
        status_code=204,
        responses=error_responses(
            InvalidTokenError,
            InvalidCredentialsError,
            ReauthenticationError,
            SessionNotFoundError,
            ThrottledError,
            UnavailableError,
        ),
    )
