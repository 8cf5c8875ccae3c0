"""``POST /token``: the token endpoint of RFC 6749 3.2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from pydantic import SecretStr

from fastapi_jwtkit.credentials import Credentials
from fastapi_jwtkit.errors import (
    InvalidCredentialsError,
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    ThrottledError,
    UnavailableError,
    UnsupportedGrantTypeError,
)
from fastapi_jwtkit.records import TokenPair
from fastapi_jwtkit.scopes import MAX_SCOPE_CHARACTERS, parse_scope
from fastapi_jwtkit.web.client import device_of
from fastapi_jwtkit.web.form import FORM, read_form
from fastapi_jwtkit.web.mounted_kit import MountedKit
from fastapi_jwtkit.web.responses import error_responses
from fastapi_jwtkit.web.routers.openings import FOR_STRANGERS
from fastapi_jwtkit.web.routes import OAuthRoute
from fastapi_jwtkit.web.schemas import (
    MAX_CLIENT_ID,
    MAX_PASSWORD,
    MAX_REFRESH_TOKEN,
    MAX_USERNAME,
    TokenBody,
)

__all__ = ["add_token"]

LIMITS: Mapping[str, int] = {
    "grant_type": 64,
    "username": MAX_USERNAME,
    "password": MAX_PASSWORD,
    "refresh_token": MAX_REFRESH_TOKEN,
    "scope": MAX_SCOPE_CHARACTERS,
    "client_id": MAX_CLIENT_ID,
}


def add_token(router: APIRouter, auth: MountedKit) -> None:
    """Add the token endpoint: refresh tokens, and passwords if ``swagger_login`` is on."""

    async def token(request: Request) -> TokenBody:
        """Trade a grant for tokens (RFC 6749)."""
        form = await read_form(request, LIMITS)
        grant = form.get("grant_type")
        if grant is None and "username" in form and "password" in form:
            # FastAPI's OAuth2PasswordRequestForm allows it, so clients written for it do it.
            grant = "password"
        if grant is None:
            raise InvalidRequestError("grant_type_missing")
        if grant == "refresh_token":
            return TokenBody.of(await _refresh(auth, request, form))
        # RFC 9700 2.4 forbids the grant to third parties: for Swagger and first-party
        # clients only, switchable, and advertised nowhere.
        if grant == "password" and auth.kit.settings.swagger_login:
            return TokenBody.of(await _login(auth, request, form))
        raise UnsupportedGrantTypeError("grant_type_unsupported")

    router.add_api_route(
        "/token",
        token,
        dependencies=FOR_STRANGERS,
        methods=["POST"],
        response_model_exclude_none=True,
        route_class_override=OAuthRoute,
        openapi_extra={"requestBody": _request_body(password=auth.kit.settings.swagger_login)},
        responses=error_responses(
            InvalidRequestError,
            InvalidGrantError,
            InvalidScopeError,
            UnsupportedGrantTypeError,
            ThrottledError,
            UnavailableError,
            oauth=True,
        ),
    )


async def _refresh(auth: MountedKit, request: Request, form: Mapping[str, str]) -> TokenPair:
    if "refresh_token" not in form:
        raise InvalidRequestError("refresh_token_missing")
    return await auth.kit.rotate(
        form["refresh_token"],
        scopes=_scope(form),
        client_id=form.get("client_id"),
        transport="bearer",
        device=device_of(request),
    )


async def _login(auth: MountedKit, request: Request, form: Mapping[str, str]) -> TokenPair:
    if "username" not in form or "password" not in form:
        raise InvalidRequestError("credentials_missing")
    try:
        return await auth.kit.login(
            Credentials(login=form["username"], password=SecretStr(form["password"])),
            scopes=_scope(form),
            client_id=form.get("client_id"),
            transport="bearer",
            device=device_of(request),
        )
    except InvalidCredentialsError as error:
        # RFC 6749 5.2: bad credentials of the resource owner are an invalid grant.
        raise InvalidGrantError(error.reason) from None


def _scope(form: Mapping[str, str]) -> frozenset[str] | None:
    # Only spaces: as good as left out.
    return parse_scope(form["scope"]) or None if "scope" in form else None


def _request_body(*, password: bool) -> dict[str, Any]:
    names = [name for name in LIMITS if password or name not in {"username", "password"}]
    properties: dict[str, Any] = {
        name: {"type": "string", "maxLength": LIMITS[name]} for name in names
    }
    if password:
        properties["password"]["format"] = "password"
    schema = {"type": "object", "title": "TokenRequest", "properties": properties}
    return {"required": True, "content": {FORM: {"schema": schema}}}
