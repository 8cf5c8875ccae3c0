"""What a transport is."""

from __future__ import annotations

from typing import Protocol

from starlette.requests import HTTPConnection

__all__ = ["Transport"]


class Transport(Protocol):
    """One place in a request where an access token may be."""

    @property
    def name(self) -> str:
        """Name in settings and in session rows, such as ``bearer``."""
        ...

    def read(self, connection: HTTPConnection, /) -> bytes | None:
        """Return the access token of the request as it came, ``None`` if it carries none.

        Raises:
            InvalidTokenError: there is something in the token's place that is no token.
            InvalidRequestError: there is more than one.
        """
        ...
