"""Where a request came from."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from fastapi_jwtkit.records import MAX_USER_AGENT, Device

__all__ = ["device_of"]


def device_of(connection: HTTPConnection, *, name: str | None = None) -> Device:
    """Return the device behind a request.

    The address is the socket's peer: a forwarded header is whatever the client says,
    unless a proxy of yours wrote it, which only you can know.
    """
    peer = connection.client
    agent = connection.headers.get("user-agent")
    return Device(
        ip=peer.host if peer is not None else None,
        user_agent=agent[:MAX_USER_AGENT] if agent else None,
        name=name or None,
    )
