"""Logins and rotations for the contract of session stores."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fastapi_jwtkit.records import Advance, Device, NewSession

__all__ = ["OTHER_REALM", "REALM", "advance", "new_session"]

REALM = "https://a.example"
OTHER_REALM = "https://b.example"

_SESSION = NewSession(
    realm=REALM,
    sid="s1",
    line=bytes([0, 255, 128, 10, 13, 39, 34, 92]) * 2,
    subject="u1",
    client_id="c",
    scope=frozenset({"a"}),
    audience=("x", "y"),
    transport="bearer",
    auth_time=1,
    amr=("pwd",),
    mac_key_id="0011223344556677",
    idle_ttl=100,
    absolute_ttl=1_000,
    device=Device(ip="127.0.0.1", user_agent="u" * 1000, name="n" * 1000),
)


def new_session(sid: str = "s1", subject: str = "u1", **changes: Any) -> NewSession:
    """Return a login about to be stored: idle for 100 s, over after 1,000 s."""
    return replace(_SESSION, sid=sid, subject=subject, **changes)


def advance(presented: int, attempt: str = "t", epoch: int = 0) -> Advance:
    """Return one attempt to rotate."""
    return Advance(
        presented=presented,
        epoch=epoch,
        idle_ttl=100,
        mac_key_id="8899aabbccddeeff",
        attempt=attempt,
    )
