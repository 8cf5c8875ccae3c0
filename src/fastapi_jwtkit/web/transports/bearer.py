"""``Authorization: Bearer`` (RFC 6750 2.1)."""

from __future__ import annotations

import re

from starlette.requests import HTTPConnection

from fastapi_jwtkit.errors import InvalidRequestError, InvalidTokenError

__all__ = ["BearerTransport"]

# The scheme in any case (RFC 9110 11.1), whatever follows: not a longer token such as
# "Bearer-X" (RFC 9110 5.6.2).
_SCHEME = re.compile(rb"bearer(?![!#$%&'*+\-.^_`|~0-9A-Za-z])", re.IGNORECASE)


class BearerTransport:
    """Reads the token from the one ``Authorization`` header.

    Never from the query string, which ends up in logs (RFC 9700 4.3.2), and never by
    ``request.url``, which a malformed ``Host`` can poison (CVE-2026-48710).
    """

    __slots__ = ()

    name = "bearer"

    def read(self, connection: HTTPConnection, /) -> bytes | None:
        """Return the token, ``None`` without one or with another scheme.

        Raises:
            InvalidTokenError: the scheme is Bearer and what follows is no token.
            InvalidRequestError: there are two ``Authorization`` headers: one proxy may
                look at the first and this app at the second (RFC 6750 3.1).
        """
        found: bytes | None = None
        for name, value in connection.scope["headers"]:
            if name == b"authorization":
                if found is not None:
                    raise InvalidRequestError("several_authorization_headers")
                found = value
        if found is None:
            return None
        scheme, _, token = found.partition(b" ")
        if scheme != b"Bearer" and scheme.lower() != b"bearer":
            if _SCHEME.match(found):
                raise InvalidTokenError("malformed_authorization")
            return None
        # What characters it has is for the parser to say, of a token it does not know yet.
        token = token.strip(b" ")
        if not token:
            raise InvalidTokenError("malformed_authorization")
        return token
