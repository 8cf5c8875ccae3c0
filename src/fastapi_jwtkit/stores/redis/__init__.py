"""Stores on Redis and Valkey, alone, under Sentinel and as a Cluster. Needs the extra ``redis``."""

from __future__ import annotations

from fastapi_jwtkit.errors import MissingExtraError

try:
    import redis.asyncio as _redis
except ImportError:
    raise MissingExtraError("redis", "redis") from None
del _redis

from fastapi_jwtkit.stores.redis.clients import LoopClients  # noqa: E402
from fastapi_jwtkit.stores.redis.connect import RedisStores, redis_stores  # noqa: E402
from fastapi_jwtkit.stores.redis.counters import RedisCounterStore  # noqa: E402
from fastapi_jwtkit.stores.redis.one_time import RedisOneTimeStore  # noqa: E402
from fastapi_jwtkit.stores.redis.revocations import RedisRevocationStore  # noqa: E402
from fastapi_jwtkit.stores.redis.server_time import ServerTime  # noqa: E402
from fastapi_jwtkit.stores.redis.sessions import RedisSessionStore  # noqa: E402

__all__ = [
    "LoopClients",
    "RedisCounterStore",
    "RedisOneTimeStore",
    "RedisRevocationStore",
    "RedisSessionStore",
    "RedisStores",
    "ServerTime",
    "redis_stores",
]
