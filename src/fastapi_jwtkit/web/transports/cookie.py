"""Tokens in cookies: names, attributes, and how they are read (RFC 6265bis, ASVS 3.3)."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import HTTPConnection
from starlette.responses import Response

from fastapi_jwtkit.errors import InvalidRequestError
from fastapi_jwtkit.records import TokenPair

__all__ = ["CookieTransport"]


class CookieTransport:
    """Reads, writes and clears the three cookies of a realm.

    ``__Host-<name>-access`` and ``__Secure-<name>-refresh`` are out of a script's reach;
    ``__Host-<name>-csrf`` is for the page to read. A sibling domain can plant none of those
    that begin with ``__Host-``: browsers take them from this very host alone. The refresh
    cookie goes to the routes that need it and nowhere else, so it cannot have that prefix.

    Args:
        name: what tells them from the cookies of other realms of the same host.
        prefix: of the routes; with the app's root path, where the refresh cookie goes.
    """

    __slots__ = ("_access", "_csrf", "_prefix", "_refresh", "cookie_name")

    name = "cookie"

    def __init__(self, name: str, *, prefix: str) -> None:
        self.cookie_name = name
        self._prefix = prefix
        self._access = f"__Host-{name}-access"
        self._refresh = f"__Secure-{name}-refresh"
        self._csrf = f"__Host-{name}-csrf"

    @property
    def access_name(self) -> str:
        """Name of the cookie that holds the access token."""
        return self._access

    @property
    def names(self) -> frozenset[str]:
        """Names of all three cookies."""
        return frozenset((self._access, self._refresh, self._csrf))

    def read(self, connection: HTTPConnection, /) -> bytes | None:
        """Return the access token, ``None`` without one.

        Raises:
            InvalidRequestError: the cookie is there twice.
        """
        return _read(connection, self._access)

    def read_refresh(self, connection: HTTPConnection, /) -> str | None:
        """Return the refresh token, ``None`` without one.

        Raises:
            InvalidRequestError: the cookie is there twice.
        """
        raw = _read(connection, self._refresh)
        return None if raw is None else raw.decode("latin-1")

    def is_in(self, connection: HTTPConnection, /) -> bool:
        """Say whether a request brings one of the two tokens.

        Raises:
            InvalidRequestError: a cookie is there twice.
        """
        return self.read(connection) is not None or self.read_refresh(connection) is not None

    def write(
        self, connection: HTTPConnection, response: Response, pair: TokenPair, *, csrf_token: str
    ) -> None:
        """Put a pair and its CSRF token into cookies.

        The access cookie lives as long as its token. The two others live as long as the
        session can, by the store's own clock: at most ``absolute_ttl``.
        """
        session = pair.session
        ends_at = min(session.idle_expiry, session.absolute_expiry)
        lives = max(0, int(ends_at - session.last_seen_at))
        self._set_access(response, pair.access_token, max_age=pair.expires_in)
        self._set_refresh(connection, response, pair.refresh_token, max_age=lives)
        self._set_csrf(response, csrf_token, max_age=lives)

    def clear(self, connection: HTTPConnection, response: Response) -> None:
        """Delete the three cookies, with the attributes that they were written with.

        A browser refuses to let go of a prefixed cookie otherwise.
        """
        self._set_access(response, "", max_age=0)
        self._set_refresh(connection, response, "", max_age=0)
        self._set_csrf(response, "", max_age=0)

    def _set_access(self, response: Response, value: str, *, max_age: int) -> None:
        # Lax, not Strict: who follows a link to the application is still logged in.
        response.set_cookie(
            self._access, value, max_age=max_age, secure=True, httponly=True, samesite="lax"
        )

    def _set_refresh(
        self, connection: HTTPConnection, response: Response, value: str, *, max_age: int
    ) -> None:
        # As browsers see it; quoted, for a path may hold what a client chose.
        path = quote(connection.scope.get("root_path", "").rstrip("/") + self._prefix)
        response.set_cookie(
            self._refresh,
            value,
            max_age=max_age,
            path=path,
            secure=True,
            httponly=True,
            samesite="strict",
        )

    def _set_csrf(self, response: Response, value: str, *, max_age: int) -> None:
        response.set_cookie(self._csrf, value, max_age=max_age, secure=True, samesite="strict")


def _read(connection: HTTPConnection, name: str) -> bytes | None:
    """Return the one value of a cookie.

    A request with an ``Authorization`` header, whatever is in it, is not one by cookies:
    who sent a bad one must not be let in by another door.
    """
    wanted = name.encode("ascii")
    found: bytes | None = None
    for header, value in connection.scope["headers"]:
        if header == b"authorization":
            return None
        if header == b"cookie":
            for pair in value.split(b";"):
                key, _, content = pair.partition(b"=")
                if key.strip(b" \t") == wanted:
                    if found is not None:
                        # Planted beside ours, and no order says which is which.
                        raise InvalidRequestError("repeated_cookie")
                    found = content.strip(b" \t")
    return found or None
