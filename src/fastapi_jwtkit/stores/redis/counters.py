"""Counters that end by themselves, each a key with a time to live."""

from __future__ import annotations

import struct

from fastapi_jwtkit.stores.redis.clients import LoopClients
from fastapi_jwtkit.stores.redis.keys import KeyNames
from fastapi_jwtkit.stores.redis.links import RedisClient
from fastapi_jwtkit.stores.redis.scripts import load_script
from fastapi_jwtkit.stores.redis.server import RedisServer
from fastapi_jwtkit.stores.redis.server_time import ServerTime, StoreTime
from fastapi_jwtkit.throttling import Count

__all__ = ["RedisCounterStore"]

_CHANGE = struct.Struct("<dd")


class RedisCounterStore:
    """A ``CounterStore`` on Redis or Valkey.

    Args:
        client: yours, or one for each event loop.
        prefix: what the names of keys begin with.
        time: decides when a counter is over; tests hand in one with an offset.
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
        self._change = load_script("clock", "counter")

    async def increment(self, realm: str, key: str, /, *, by: int, window: float) -> Count:
        """Change a counter atomically and return what it is then."""
        # Not again after a broken connection: twice would count twice.
        return await self._run(realm, key, by, window, "counter_increment_failed", again=False)

    async def read(self, realm: str, key: str, /) -> Count:
        """Return a counter; one that is not there stands at 0."""
        return await self._run(realm, key, 0, 0.0, "counter_read_failed", again=True)

    async def forget(self, realm: str, key: str, /) -> None:
        """End a counter now."""
        name = self._keys.counter(realm, key)
        await self._server.ask(
            lambda link: link.command(name, "DEL", name), reason="counter_forget_failed"
        )

    async def _run(
        self, realm: str, key: str, by: int, window: float, reason: str, *, again: bool
    ) -> Count:
        value, milliseconds = await self._server.run(
            self._change,
            (self._keys.counter(realm, key),),
            self._time.argument() + _CHANGE.pack(by, window),
            reason=reason,
            again=again,
        )
        return Count(int(value), milliseconds / 1000)
