"""What tests of the Redis stores share: a time that stands still, and keys of one's own."""

from __future__ import annotations

import secrets
import struct

from clocks import FakeClock
from fastapi_jwtkit.stores.redis import LoopClients
from fastapi_jwtkit.stores.redis.urls import client_maker


class StandingTime:
    """A time of scripts that moves only when told to, for tests that compare times exactly."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock

    def argument(self) -> bytes:
        """Return the clock's time, and nothing of the server's."""
        return struct.pack("<dd", 0.0, self._clock.now())


def clients_of(url: str) -> LoopClients:
    """Return a client for each event loop, closed as the loop ends."""
    return LoopClients(client_maker(url))


def own_prefix() -> str:
    """Return a prefix of keys that no other test has."""
    return f"test{secrets.token_hex(6)}"
