"""Error answers as OpenAPI shows them, written from the one table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi_jwtkit.errors import (
    CsrfError,
    InsufficientScopeError,
    InvalidTokenError,
    JWTKitError,
    ThrottledError,
    UnavailableError,
)
from fastapi_jwtkit.web.errors import row_of
from fastapi_jwtkit.web.schemas import (
    JWTKitErrorBody,
    JWTKitOAuthErrorBody,
    JWTKitValidationErrorBody,
)

__all__ = [
    "CSRF_FAILED",
    "FORBIDDEN",
    "UNAUTHORIZED",
    "Responses",
    "error_responses",
    "use_error_schemas",
    "without_422",
    "written_operations",
]

Responses = dict[int | str, dict[str, Any]]

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_PREFIX = "#/components/schemas/"
_CHALLENGE = {
    "WWW-Authenticate": {
        "description": "The challenge of RFC 6750 3.",
        "schema": {"type": "string"},
    }
}
_RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds until another attempt is worth making.",
        "schema": {"type": "integer"},
    }
}


def error_responses(*classes: type[JWTKitError], oauth: bool = False) -> Responses:
    """Return the ``responses`` of a route of ours, and 422 or 400 for a malformed request.

    Args:
        classes: what it may raise; those with one status are described together.
        oauth: whether the route speaks RFC 6749.
    """
    model = JWTKitOAuthErrorBody if oauth else JWTKitErrorBody
    described: Responses = {}
    if not oauth:
        described[422] = {"model": JWTKitValidationErrorBody, "description": "validation_error"}
    for each in classes:
        row = row_of(each)
        entry = described.setdefault(row.status, {"model": model, "description": ""})
        known = [text for text in entry["description"].split(", ") if text]
        entry["description"] = ", ".join(dict.fromkeys([*known, row.error_code]))
        headers = _headers_of(each, oauth=oauth)
        if headers:
            entry["headers"] = headers
    return described


def without_422(responses: Responses) -> Responses:
    """Return the responses of a route that takes nothing that could fail to validate."""
    return {status: entry for status, entry in responses.items() if status != 422}  # noqa: PLR2004


def use_error_schemas(schema: dict[str, Any], *, everywhere: bool) -> None:
    """Put the schemas that ``UNAUTHORIZED`` and ``FORBIDDEN`` refer to in their place.

    Args:
        schema: changed in place.
        everywhere: whether the app's own 422 answers are in our words too.
    """
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    schemas.setdefault(JWTKitErrorBody.__name__, JWTKitErrorBody.model_json_schema())
    if not everywhere:
        return
    ours = JWTKitValidationErrorBody.model_json_schema(ref_template=_PREFIX + "{model}")
    for name, definition in ours.pop("$defs", {}).items():
        schemas.setdefault(name, definition)
    schemas.setdefault(JWTKitValidationErrorBody.__name__, ours)
    for operation in written_operations(schema):
        _refer_to_ours(operation)
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)


def written_operations(schema: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every operation of a schema, to read or to change."""
    paths: Mapping[str, Mapping[str, dict[str, Any]]] = schema.get("paths", {})
    for path in paths.values():
        # A path item also holds a summary, servers and parameters of its own.
        yield from (path[method] for method in _METHODS if method in path)


def _refer_to_ours(operation: dict[str, Any]) -> None:
    content = operation.get("responses", {}).get("422", {}).get("content", {})
    body = content.get("application/json", {})
    if body.get("schema", {}).get("$ref") == _PREFIX + "HTTPValidationError":
        body["schema"] = {"$ref": _PREFIX + JWTKitValidationErrorBody.__name__}


def _headers_of(error: type[JWTKitError], *, oauth: bool) -> dict[str, Any]:
    row = row_of(error)
    if issubclass(error, ThrottledError | UnavailableError):
        return _RETRY_AFTER
    if row.challenge is not None and not (oauth and row.status == 400):  # noqa: PLR2004
        return _CHALLENGE
    return {}


def _response(error: type[JWTKitError], description: str) -> dict[str, Any]:
    schema = {"$ref": _PREFIX + JWTKitErrorBody.__name__}
    headers = _headers_of(error, oauth=False)
    return {
        "description": description,
        **({"headers": headers} if headers else {}),
        "content": {"application/json": {"schema": schema}},
    }


UNAUTHORIZED = _response(InvalidTokenError, "No token, or one that is no good")
FORBIDDEN = _response(InsufficientScopeError, "The token does not allow this")
CSRF_FAILED = _response(CsrfError, "By cookies, and from no page of the application")
