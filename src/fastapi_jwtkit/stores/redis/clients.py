"""A link for each event loop: connections of a loop are of no use to another."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from redis.asyncio import Redis, RedisCluster

from fastapi_jwtkit.stores.redis.cluster_link import ClusterLink
from fastapi_jwtkit.stores.redis.line_link import LineLink
from fastapi_jwtkit.stores.redis.links import Link, RedisClient

__all__ = ["LoopClients", "NewClient"]

NewClient: TypeAlias = tuple[RedisClient, Sequence[Redis]]
"""A client that has not connected yet, and those that have to be closed with it."""


@dataclass(frozen=True, slots=True)
class _Opened:
    process: int
    link: Link
    life: AsyncGenerator[None]


class LoopClients:
    """Makes a client at first use in a (process, event loop), and none before.

    Args:
        make: returns a new client; or a client of yours, which is never closed here.
    """

    def __init__(self, make: Callable[[], NewClient] | RedisClient) -> None:
        self._make: Callable[[], NewClient] | None = None
        self._yours: RedisClient | None = None
        if isinstance(make, Redis | RedisCluster):
            self._yours = make
        else:
            self._make = make
        self._lock = threading.Lock()
        self._opened: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Opened] = (
            weakref.WeakKeyDictionary()
        )
        self._inherited: list[_Opened] = []

    def here(self) -> Link:
        """Return the link of the running event loop."""
        loop = asyncio.get_running_loop()
        opened = self._opened.get(loop)
        if opened is None or opened.process != os.getpid():
            with self._lock:
                opened = self._open(loop)
        return opened.link

    async def close(self) -> None:
        """Close the connections of the running event loop; the next call opens new ones."""
        with self._lock:
            opened = self._opened.pop(asyncio.get_running_loop(), None)
        if opened is not None and opened.process == os.getpid():
            await opened.life.aclose()

    def _open(self, loop: asyncio.AbstractEventLoop) -> _Opened:
        inherited = self._opened.get(loop)
        if inherited is not None:
            # Kept, for to close it would end what the parent waits for on these sockets.
            self._inherited.append(inherited)
        client, ours = self._client()
        link = ClusterLink(client) if isinstance(client, RedisCluster) else LineLink(client)
        opened = _Opened(os.getpid(), link, self._live(loop, link, ours))
        # An event loop that ends closes its generators first, and so these connections:
        # nothing has to be closed where a loop lives for one test or one request.
        with suppress(StopIteration):
            opened.life.asend(None).send(None)
        self._opened[loop] = opened
        return opened

    def _client(self) -> tuple[RedisClient, Sequence[RedisClient]]:
        if self._make is None:
            assert self._yours is not None  # noqa: S101 - one of the two is given
            return self._yours, ()
        client, others = self._make()
        return client, (client, *others)

    async def _live(
        self, loop: asyncio.AbstractEventLoop, link: Link, ours: Sequence[RedisClient]
    ) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            opened = self._opened.get(loop)
            if opened is not None and opened.link is link:
                del self._opened[loop]
            await link.close()
            for client in ours:
                await client.aclose()
