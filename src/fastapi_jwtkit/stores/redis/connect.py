"""All Redis stores of an application at once, from a URL or a client."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from fastapi_jwtkit.stores.redis.clients import LoopClients
from fastapi_jwtkit.stores.redis.counters import RedisCounterStore
from fastapi_jwtkit.stores.redis.links import RedisClient
from fastapi_jwtkit.stores.redis.one_time import RedisOneTimeStore
from fastapi_jwtkit.stores.redis.revocations import RedisRevocationStore
from fastapi_jwtkit.stores.redis.server import RedisServer
from fastapi_jwtkit.stores.redis.server_settings import warnings_about
from fastapi_jwtkit.stores.redis.sessions import RedisSessionStore
from fastapi_jwtkit.stores.redis.urls import client_maker

__all__ = ["RedisStores", "redis_stores"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisStores:
    """The stores of a kit, on one server or one Cluster."""

    sessions: RedisSessionStore
    revocations: RedisRevocationStore
    one_time: RedisOneTimeStore
    counters: RedisCounterStore
    server: RedisServer = field(repr=False)

    async def prepare(self) -> Sequence[str]:
        """Return what an operator should know of the server's settings.

        Raises:
            StoreUnavailableError: the server does not answer.
        """
        return await warnings_about(self.server)

    async def prune(self) -> int:
        """Delete revocations that are over, and say how many; all else expires by itself."""
        return await self.revocations.prune()

    async def close(self) -> None:
        """Close the connections of this event loop; a client of yours stays open."""
        await self.server.close()


def redis_stores(url_or_client: str | RedisClient, *, prefix: str = "jwtkit") -> RedisStores:
    """Return the stores on a Redis or Valkey server. Opens nothing: that is done at first use.

    Args:
        url_or_client: ``redis://…``, ``redis+cluster://…`` with some of its nodes, or
            ``redis+sentinel://…/name-of-the-master`` (``rediss`` for TLS); or a
            ``redis.asyncio.Redis`` or ``RedisCluster`` of yours, whose settings are used
            and which then serves the one event loop that you use it in.
        prefix: what the names of all keys begin with.

    Raises:
        ConfigurationError: the URL cannot work, or the prefix cannot be one.
    """
    maker = client_maker(url_or_client) if isinstance(url_or_client, str) else url_or_client
    clients = LoopClients(maker)
    return RedisStores(
        sessions=RedisSessionStore(clients, prefix=prefix),
        revocations=RedisRevocationStore(clients, prefix=prefix),
        one_time=RedisOneTimeStore(clients, prefix=prefix),
        counters=RedisCounterStore(clients, prefix=prefix),
        server=RedisServer(clients),
    )
