"""``POST /email/verify-request`` and ``/email/verify``, ``/email/change`` and its confirmation."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request

from fastapi_jwtkit.errors import (
    EmailRejectedError,
    InvalidCredentialsError,
    InvalidLinkError,
    InvalidTokenError,
    ReauthenticationError,
    ThrottledError,
    UnavailableError,
)
from fastapi_jwtkit.principal import Principal
from fastapi_jwtkit.web.account_schemas import (
    AcceptedBody,
    ChangeEmailBody,
    EmailBody,
    LinkTokenBody,
)
from fastapi_jwtkit.web.client import device_of
from fastapi_jwtkit.web.mounted_kit import MountedKit
from fastapi_jwtkit.web.responses import error_responses
from fastapi_jwtkit.web.routers.openings import BY_OWN_TOKEN, FOR_STRANGERS

__all__ = ["add_email_change", "add_email_verify"]

_BY_LINK = error_responses(InvalidLinkError, ThrottledError, UnavailableError)


def add_email_verify(router: APIRouter, auth: MountedKit) -> None:
    """Add the routes that mail a link to an address, and take what it carries."""

    async def request_verification(request: Request, body: EmailBody) -> AcceptedBody:
        """Ask for a mail that verifies an address; the answer is always the same."""
        await auth.kit.accounts.request_verification(body.email, device=device_of(request))
        return AcceptedBody()

    async def verify_email(request: Request, body: LinkTokenBody) -> None:
        """Confirm an address by the link of the mail."""
        await auth.kit.accounts.verify_email(body.token, device=device_of(request))

    router.add_api_route(
        "/email/verify-request",
        request_verification,
        dependencies=FOR_STRANGERS,
        methods=["POST"],
        status_code=202,
        responses=error_responses(ThrottledError, UnavailableError),
    )
    router.add_api_route(
        "/email/verify",
        verify_email,
        dependencies=BY_OWN_TOKEN,
        methods=["POST"],
        status_code=204,
        responses=_BY_LINK,
    )


def add_email_change(router: APIRouter, auth: MountedKit) -> None:
    """Add the routes that mail a link to a new address, and take what it carries."""
    caller = Depends(auth.current_principal)

    async def request_email_change(
        request: Request, body: ChangeEmailBody, principal: Principal = caller
    ) -> AcceptedBody:
        """Ask for a mail to a new address; the old one stays until its link is opened."""
        await auth.kit.accounts.request_email_change(
            principal.subject,
            body.email,
            password=body.password,
            auth_time=principal.auth_time,
            device=device_of(request),
        )
        return AcceptedBody()

    router.add_api_route(
        "/email/change",
        request_email_change,
        methods=["POST"],
        status_code=202,
        responses=error_responses(
            InvalidTokenError,
            InvalidCredentialsError,
            ReauthenticationError,
            EmailRejectedError,
            ThrottledError,
            UnavailableError,
        ),
    )
    _add_confirmation(router, auth)


def _add_confirmation(router: APIRouter, auth: MountedKit) -> None:
    async def change_email(request: Request, body: LinkTokenBody) -> None:
        """Take the new address over by the link of the mail."""
        await auth.kit.accounts.change_email(body.token, device=device_of(request))

    router.add_api_route(
        "/email/change/confirm",
        change_email,
        dependencies=BY_OWN_TOKEN,
        methods=["POST"],
        status_code=204,
        responses=_BY_LINK,
    )
