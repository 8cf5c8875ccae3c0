"""``POST /logout`` and ``/logout-all``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response

from fastapi_jwtkit.errors import (
    CsrfError,
    InvalidGrantError,
    InvalidRequestError,
    InvalidTokenError,
    NotAuthenticatedError,
    UnavailableError,
)
from fastapi_jwtkit.records import SessionProof
from fastapi_jwtkit.web.mounted_kit import BEARER, MountedKit
from fastapi_jwtkit.web.responses import error_responses
from fastapi_jwtkit.web.routers.openings import BY_OWN_TOKEN
from fastapi_jwtkit.web.routers.pairs import clear_cookies
from fastapi_jwtkit.web.schemas import LogoutBody

__all__ = ["add_logout", "add_logout_all"]

_ERRORS = (InvalidRequestError, InvalidTokenError, UnavailableError)


def add_logout(router: APIRouter, auth: MountedKit) -> None:
    """Add the route that ends one session."""

    async def logout(request: Request, response: Response, body: LogoutBody | None = None) -> None:
        """End this session: its refresh token and its access tokens are dead at once."""
        proofs = await _proofs(auth, request, body)
        await auth.kit.close(proofs[0])
        clear_cookies(auth, request, response)

    _add(router, auth, "/logout", logout)


def add_logout_all(router: APIRouter, auth: MountedKit) -> None:
    """Add the route that ends every session of the caller."""

    async def logout_all(
        request: Request, response: Response, body: LogoutBody | None = None
    ) -> None:
        """End all sessions, on every device."""
        proofs = await _proofs(auth, request, body)
        subject = next((proof.subject for proof in proofs if proof.subject), None)
        if subject is not None:
            # The others first: once its own session is over, a token proves no subject,
            # and who tries again after a failure would end nothing more.
            await auth.kit.close_all(subject, except_sid=proofs[0].sid)
        # By name: it may be over already, and so in no list.
        await auth.kit.close(proofs[0])
        clear_cookies(auth, request, response)

    _add(router, auth, "/logout-all", logout_all)


def _add(
    router: APIRouter, auth: MountedKit, path: str, endpoint: Callable[..., Awaitable[None]]
) -> None:
    errors = (*_ERRORS, CsrfError) if auth.cookies else _ERRORS
    router.add_api_route(
        path,
        endpoint,
        dependencies=BY_OWN_TOKEN,
        methods=["POST"],
        status_code=204,
        responses=error_responses(*errors),
    )


async def _proofs(
    auth: MountedKit, request: Request, body: LogoutBody | None
) -> list[SessionProof]:
    """Return what the request proves: at least one, all of the same session.

    Raises:
        NotAuthenticatedError: it proves nothing.
        InvalidTokenError: a token is forged; an expired or revoked one is not.
        InvalidRequestError: two tokens name two sessions.
        CsrfError: it came by cookies, and from no page of the application.
    """
    try:
        proofs = await _all_proofs(auth, request, body)
    except InvalidGrantError as error:
        # No grant is asked for here: it is a token that is no good.
        raise InvalidTokenError(error.reason) from None
    if not proofs:
        raise NotAuthenticatedError("no_token")
    if len({proof.sid for proof in proofs}) > 1:
        raise InvalidRequestError("tokens_of_two_sessions")
    return proofs


async def _all_proofs(
    auth: MountedKit, request: Request, body: LogoutBody | None
) -> list[SessionProof]:
    proofs: list[SessionProof] = []
    if auth.serves_bearer:
        raw = BEARER.read(request)
        if raw is not None:
            proofs.append(await auth.kit.prove_access(raw.decode("latin-1")))
        if body is not None and body.refresh_token is not None:
            refresh_token = body.refresh_token.get_secret_value()
            proofs.append(await auth.kit.prove_refresh(refresh_token))
    if auth.cookies is not None:
        proofs.extend(await auth.cookies.prove(request))
    return proofs
