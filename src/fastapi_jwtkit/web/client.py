"""Where a request came from, and whether it came by TLS: by the socket, or by a trusted proxy."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from starlette.requests import HTTPConnection

from fastapi_jwtkit.addresses import TrustedProxies
from fastapi_jwtkit.records import MAX_USER_AGENT, Device

__all__ = ["ClientReader", "device_of"]

logger = logging.getLogger("fastapi_jwtkit")

_ADDRESS = "fastapi_jwtkit.client_address"
_SECURE = frozenset({"https", "wss"})


class ClientReader:
    """Reads what the socket and trusted proxies say of a client.

    ``Forwarded``, ``X-Real-IP`` and the rest are never read: one header, one meaning.

    Args:
        proxies: whose word is taken.
    """

    def __init__(self, proxies: TrustedProxies) -> None:
        self._proxies = proxies
        self._has_warned = False

    def address(self, connection: HTTPConnection) -> str | None:
        """Return the address of the client; ``None`` if nobody can tell."""
        peer = _peer(connection)
        forwarded = list(_values(connection, b"x-forwarded-for"))
        # Where uvicorn believed the header it has put a port of 0 in the peer's place.
        was_read = connection.scope.get("client") and connection.scope["client"][1] == 0
        if forwarded and not self._proxies and not self._has_warned and not was_read:
            # Once: whoever sends the header could fill a log with it.
            self._has_warned = True
            logger.warning(
                "a request came with X-Forwarded-For, and JWTKIT_TRUSTED_PROXIES names no proxy: "
                "if one of yours wrote it, all clients count as one, so name it; docs: "
                "how-to/behind-a-proxy/"
            )
        return self._proxies.client(peer, forwarded)

    def is_secure(self, connection: HTTPConnection) -> bool:
        """Say whether the client spoke TLS, to this server or to a trusted proxy.

        A proxy in between may append instead of replacing, so each value has to say https.
        """
        if connection.scope.get("scheme") in _SECURE:
            return True
        if not self._proxies or not self._proxies.trusts(_peer(connection)):
            return False
        said = [value.strip().lower() for value in _values(connection, b"x-forwarded-proto")]
        return bool(said) and _SECURE.issuperset(said)

    def remember_address(self, connection: HTTPConnection) -> None:
        """Keep the address for ``device_of``, which knows no settings."""
        connection.scope[_ADDRESS] = self.address(connection)


def device_of(connection: HTTPConnection, *, name: str | None = None) -> Device:
    """Return the device behind a request.

    On the routes of a plugin its address is what ``ClientReader`` found; elsewhere it is the
    socket's peer, for a forwarded header is whatever the client says.
    """
    agent = connection.headers.get("user-agent")
    scope = connection.scope
    return Device(
        ip=scope[_ADDRESS] if _ADDRESS in scope else _peer(connection),
        user_agent=agent[:MAX_USER_AGENT] if agent else None,
        name=name or None,
    )


def _peer(connection: HTTPConnection) -> str | None:
    peer = connection.scope.get("client")
    return peer[0] if peer and peer[0] else None


def _values(connection: HTTPConnection, name: bytes) -> Iterator[str]:
    """Return the values of a header, those of several lines in their order (RFC 9110 5.3)."""
    for key, value in connection.scope["headers"]:
        if key == name:
            yield from value.decode("latin-1").split(",")
