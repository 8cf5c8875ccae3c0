"""Settings about cookies: their names, whose pages may use them, and what goes with them."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, field_validator
from pydantic_settings import NoDecode

__all__ = ["CookieSettings"]

_SITE_DATA = r"^$|^(cache|cookies|storage)(, ?(cache|cookies|storage))*$"


class CookieSettings(BaseModel):
    """The part of ``Settings`` that is about cookies."""

    cookie_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._~-]{0,64}$")] = ""
    """Part of the names of cookies; default: ``jwtkit``, and the prefix of the routes
    where that is not ``/auth``."""
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Origins whose pages may use cookies, beside the one that serves the request and that of
    ``public_url``: where a proxy changes ``Host``, the one people see. Comma-separated in the
    environment."""
    clear_site_data: Annotated[str, Field(pattern=_SITE_DATA)] = ""
    """What browsers are told to throw away with a logout by cookie, beside the cookies of the
    kit: ``cache``, ``cookies``, ``storage``, comma-separated. It is everything that your origin
    keeps there, and the cookies of its sibling domains too, so nothing unless you say so."""

    @field_validator("allowed_origins")
    @classmethod
    def _check_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            parts = urlsplit(origin)
            # RFC 6454 6.2: no path, not even "/", and no wildcard; browsers write it lower-case.
            written = f"{parts.scheme}://{parts.netloc}".lower()
            if parts.scheme not in {"https", "http"} or origin != written or "*" in origin:
                message = f"{origin!r} is not an origin such as https://app.example.com"
                raise ValueError(message)
        return value
