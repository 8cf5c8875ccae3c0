"""The form of a token request, read to the letter of RFC 6749 3.2."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from fastapi_jwtkit.errors import InvalidRequestError

__all__ = ["read_form"]

FORM = "application/x-www-form-urlencoded"
MAX_FIELDS = 32


async def read_form(request: Request, limits: Mapping[str, int]) -> dict[str, str]:
    """Return the parameters that ``limits`` names, from the body alone.

    A parameter without a value counts as left out and unknown ones are ignored
    (RFC 6749 3.2). The query string is never read: it ends up in logs.

    Args:
        request: whose body to read.
        limits: the parameters to look for, and how many characters each may have.

    Raises:
        InvalidRequestError: not a form, malformed, a parameter twice or too long.
    """
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != FORM:
        raise InvalidRequestError("not_a_form")
    try:
        # Strict UTF-8 (RFC 6749 B): what cannot be decoded must not become something else.
        fields = parse_qsl(
            (await request.body()).decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:
        raise InvalidRequestError("malformed_form") from None
    except ClientDisconnect:
        # Nobody hears the answer; but as an error of the server, anybody could fill its log.
        raise InvalidRequestError("body_cut_off") from None
    values: dict[str, str] = {}
    for name, value in fields:
        if name not in limits:
            continue
        if name in values:
            raise InvalidRequestError("repeated_parameter")
        if len(value) > limits[name]:
            raise InvalidRequestError("parameter_too_long")
        values[name] = value
    return {name: value for name, value in values.items() if value}
