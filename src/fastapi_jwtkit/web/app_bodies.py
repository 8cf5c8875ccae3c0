"""One error schema for the whole app, for ``install(app, error_bodies="app")``."""

from __future__ import annotations

import re
from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exception_handlers import (
    http_exception_handler,
    request_validation_exception_handler,
)
from fastapi.exceptions import RequestValidationError
from fastapi.utils import is_body_allowed_for_status_code
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response

from fastapi_jwtkit.errors import JWTKitError
from fastapi_jwtkit.web.errors import (
    JWTKitHTTPError,
    render,
    row_of,
    to_http,
    validation_failed,
)

__all__ = ["install_app_bodies", "speaks_for_app"]

SERVER_ERROR = 500

# RFC 9110 names, which Python took up in 3.13 only: the codes are the same everywhere.
_CODES = {413: "content_too_large", 422: "unprocessable_content", SERVER_ERROR: "server_error"}


def install_app_bodies(app: FastAPI) -> None:
    """Give every error of the app one body; a handler of your own stays in force.

    Raised ``HTTPException`` (404, 405 and 413 included), requests that do not validate,
    errors of the kit, and what nobody caught.
    """
    handlers = app.exception_handlers
    if handlers.get(HTTPException) is http_exception_handler:
        app.add_exception_handler(HTTPException, _render_http)
    if handlers.get(RequestValidationError) is request_validation_exception_handler:
        app.add_exception_handler(RequestValidationError, _render_invalid)
    if JWTKitError not in handlers:
        app.add_exception_handler(JWTKitError, _render_kit)
    if Exception not in handlers and SERVER_ERROR not in handlers:
        app.add_exception_handler(Exception, _render_crash)


def speaks_for_app(app: FastAPI) -> bool:
    """Say whether a request that does not validate is answered in our words."""
    return app.exception_handlers.get(RequestValidationError) is _render_invalid


async def _render_http(request: HTTPConnection, error: Exception) -> Response:
    if not isinstance(error, HTTPException):  # pragma: no cover - registered for this class
        raise error
    # Headers are kept: a 405 names what is allowed (RFC 9110 15.5.6).
    if not is_body_allowed_for_status_code(error.status_code):
        return Response(status_code=error.status_code, headers=error.headers)
    if isinstance(error, JWTKitHTTPError):  # pragma: no cover - our own handler comes first
        return await render(request, error)
    return JSONResponse(
        {"detail": error.detail, "error_code": _code_of(error.status_code)},
        status_code=error.status_code,
        headers=error.headers,
    )


async def _render_invalid(request: HTTPConnection, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):  # pragma: no cover - as above
        raise error
    return await render(request, validation_failed(error))


async def _render_kit(request: HTTPConnection, error: Exception) -> Response:
    if not isinstance(error, JWTKitError) or row_of(type(error)).status == SERVER_ERROR:
        # A developer's mistake: let the server log it with its stack; the answer is a 500.
        raise error
    return await render(request, to_http(error))


async def _render_crash(request: Request, error: Exception) -> Response:
    # Starlette raises the error again after this answer, so that the server logs it.
    del request, error
    return JSONResponse(
        {"detail": "Internal Server Error", "error_code": "server_error"},
        status_code=SERVER_ERROR,
    )


def _code_of(status: int) -> str:
    named = _CODES.get(status)
    if named is not None:
        return named
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        return "error"
    return re.sub(r"[^a-z0-9]+", "_", phrase.lower().replace("'", ""))
