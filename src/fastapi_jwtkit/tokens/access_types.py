"""The type of an access token, one for each transport: RFC 8725 3.11, 3.12.

A session answers by its own transport only. Since the type is signed and a verifier takes
one type, the token of a cookie passes nowhere as a Bearer token, nor the other way round,
and no request pays for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fastapi_jwtkit.errors import ConfigurationError

__all__ = ["ACCESS_TYP", "COOKIE_ACCESS_TYP", "MAX_COOKIE_TOKEN", "typ_of"]

ACCESS_TYP = "at+jwt"
"""RFC 9068 2.1."""
COOKIE_ACCESS_TYP = "cookie-at+jwt"
"""An access token that lives in a cookie; no access token of RFC 9068 and RFC 6750."""
MAX_COOKIE_TOKEN = 4096 - 96
"""Characters: browsers drop a cookie whose name and value are longer than 4096 together
(RFC 6265bis 5.6), and no name of ours is longer than 96."""

_TYP_OF: Mapping[str, str] = MappingProxyType({"bearer": ACCESS_TYP, "cookie": COOKIE_ACCESS_TYP})


def typ_of(transport: str) -> str:
    """Return the type of the access tokens of sessions that this transport answers.

    Raises:
        ConfigurationError: there is no such transport.
    """
    typ = _TYP_OF.get(transport)
    if typ is None:
        raise ConfigurationError(
            f"There is no transport {transport!r}.",
            why="A session answers by its own transport only, so this one would answer by none.",
            fix=f"Choose from {sorted(_TYP_OF)}.",
            docs="how-to/cookies/",
        )
    return typ
