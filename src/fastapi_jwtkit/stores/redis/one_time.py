"""What may happen once, by a key that is set only where there is none."""

from __future__ import annotations

import secrets
import struct

from fastapi_jwtkit.stores.redis.clients import LoopClients
from fastapi_jwtkit.stores.redis.keys import KeyNames
from fastapi_jwtkit.stores.redis.links import RedisClient
from fastapi_jwtkit.stores.redis.scripts import load_script
from fastapi_jwtkit.stores.redis.server import RedisServer
from fastapi_jwtkit.stores.redis.server_time import ServerTime, StoreTime

__all__ = ["RedisOneTimeStore"]

CLOCK_SLACK_SECONDS = 120.0
"""An id is kept longer than it is valid: ``expires_at`` is by another machine's clock."""
MOST_SECONDS = 10 * 365 * 86_400.0
_LIMITS = struct.Struct("<ddd")
_ATTEMPT_BYTES = 9


class RedisOneTimeStore:
    """A ``OneTimeStore`` on Redis or Valkey.

    Args:
        client: yours, or one for each event loop.
        prefix: what the names of keys begin with.
        time: decides when an id may be forgotten; tests hand in one with an offset.
    """

    def __init__(
        self,
        client: RedisClient | LoopClients,
        *,
        prefix: str = "jwtkit",
        time: StoreTime | None = None,
    ) -> None:
        self._server = RedisServer(client)
        self._keys = KeyNames(prefix)
        self._time = time or ServerTime()
        self._consume = load_script("clock", "one_time")

    async def consume(self, realm: str, token_id: str, /, *, expires_at: float) -> bool:
        """Say ``True`` to the first caller with this id and ``False`` to all others."""
        limits = _LIMITS.pack(expires_at, CLOCK_SLACK_SECONDS, MOST_SECONDS)
        is_first = await self._server.run(
            self._consume,
            (self._keys.one_time(realm, token_id),),
            self._time.argument() + limits,
            # Whoever asks again because the answer was lost is still the first.
            secrets.token_bytes(_ATTEMPT_BYTES),
            reason="one_time_consume_failed",
        )
        return bool(is_first == 1)
