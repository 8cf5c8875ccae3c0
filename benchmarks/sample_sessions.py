"""Sessions as an ordinary application has them, for benchmarks of the stores."""

from __future__ import annotations

import secrets
import time

from fastapi_jwtkit.protocols import SessionStore
from fastapi_jwtkit.records import SPENT_KEPT, Advance, Device, NewSession, Session

REALM = "https://auth.example.com"
USER_AGENT = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Safari/537.36"
)
KEY_IDS = ("0011223344556677", "8899aabbccddeeff")
IDLE_SECONDS, ABSOLUTE_SECONDS = 3_600.0, 2 * 3_600.0
"""Short, so that rows in a server of yours end soon."""


def new_session(subject: str | None = None) -> NewSession:
    """Return a login with a browser: ids as the kit makes them, texts of usual length."""
    return NewSession(
        realm=REALM,
        sid=secrets.token_urlsafe(16),
        line=secrets.token_bytes(16),
        subject=subject or secrets.token_hex(16),
        client_id="first-party",
        scope=frozenset({"tasks:read", "tasks:write"}),
        audience=("https://api.example.com",),
        transport="bearer",
        auth_time=int(time.time()),
        amr=("pwd",),
        mac_key_id=KEY_IDS[0],
        idle_ttl=IDLE_SECONDS,
        absolute_ttl=ABSOLUTE_SECONDS,
        device=Device(ip="203.0.113.195", user_agent=USER_AGENT, name="Ann's laptop"),
    )


async def advance_once(store: SessionStore, sid: str, presented: int) -> Session:
    """Spend the refresh token with this number, as a rotation does.

    Raises:
        RuntimeError: the store says that it is not the current one.
    """
    won = await store.advance(
        REALM,
        sid,
        Advance(
            presented=presented,
            epoch=0,
            idle_ttl=IDLE_SECONDS,
            mac_key_id=KEY_IDS[presented % 2],
            attempt=secrets.token_urlsafe(12),
        ),
    )
    if won is None:
        raise RuntimeError("nobody else rotates this session, and yet it was not advanced")
    return won


async def logged_in(store: SessionStore, subject: str) -> Session:
    """Return a session that was refreshed until its row does not grow any more."""
    session = await store.add(new_session(subject))
    for counter in range(SPENT_KEPT):
        session = await advance_once(store, session.sid, counter)
    return session
