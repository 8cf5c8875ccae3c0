"""What a client asks for with a refresh token, and how far an answer to it has come."""

from __future__ import annotations

import secrets as random
from dataclasses import dataclass, field

from fastapi_jwtkit.records import Device
from fastapi_jwtkit.sessions.refresh_token import RefreshToken

__all__ = ["RefreshAttempt", "RefreshRequest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshRequest:
    """What a client asks for.

    Attributes:
        token: the refresh token as it came.
        scopes: narrower scopes for the access token (RFC 6749 6); ``None``: all granted.
        client_id: the client that asks.
        transport: the transport it came by.
        device: where it came from.
    """

    token: str = field(repr=False)
    scopes: frozenset[str] | None
    client_id: str
    transport: str
    device: Device


@dataclass(slots=True, kw_only=True)
class RefreshAttempt:
    """One request on its way through the rounds."""

    request: RefreshRequest
    token: RefreshToken
    issued_at: float
    id: str = field(default_factory=lambda: random.token_urlsafe(12))
    lost: bool = False
