"""Servers that answer and refuse: a primary that became a replica, one that takes no writes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.records import RevocationEntry
from fastapi_jwtkit.stores.redis import RedisRevocationStore, ServerTime, redis_stores
from fastapi_jwtkit.testing.contracts.session_data import REALM, new_session
from valkey_server import ValkeyServer
from valkey_wire import ask


@pytest.fixture
def successor(tmp_path: Path) -> Iterator[ValkeyServer]:
    """Return the server that will be the primary."""
    server = ValkeyServer(tmp_path)
    try:
        server.start()
        yield server
    finally:
        server.stop()


class Name:
    """A name that leads to one server, and to another for whoever connects later."""

    def __init__(self, server: ValkeyServer) -> None:
        self.target = server.port

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection, in both directions, until either side ends it."""
        there, back = await asyncio.open_connection("127.0.0.1", self.target)
        ways = [asyncio.create_task(_pour(reader, back)), asyncio.create_task(_pour(there, writer))]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        writer.close()
        back.close()


async def _pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65_536):
        sink.write(data)
        await sink.drain()


async def test_a_primary_that_became_a_replica_is_left_for_its_successor(
    valkey: ValkeyServer, successor: ValkeyServer
) -> None:
    """Its connections stay open: only what it refuses tells that the name leads elsewhere."""
    name = Name(valkey)
    server = await asyncio.start_server(name.carry, "127.0.0.1", 0)
    stores = redis_stores(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    try:
        await stores.sessions.add(new_session("s1"))
        name.target = successor.port
        ask(valkey.port, "REPLICAOF", "127.0.0.1", str(successor.port))
        await stores.revocations.publish(REALM, [RevocationEntry(kind="sid", value="s9")])
        assert ask(successor.port, "DBSIZE") > 0
    finally:
        await stores.close()
        server.close()


async def test_a_feed_that_takes_no_writes_is_read_all_the_same(valkey: ValkeyServer) -> None:
    """Requests must not be refused because old entries cannot be swept."""
    stores = redis_stores(valkey.url)
    time = ServerTime()
    feed = RedisRevocationStore(stores.sessions._server._clients, time=time)
    old = RevocationEntry(kind="sid", value="old", expires_at=1.0)
    lasting = RevocationEntry(kind="kid", value="k1")
    try:
        await feed.publish(REALM, [lasting])
        await feed.publish(REALM, [old])
        await feed.snapshot(REALM)
        ask(valkey.port, "CONFIG", "SET", "min-replicas-to-write", "1")
        with pytest.raises(StoreUnavailableError):
            await feed.publish(REALM, [RevocationEntry(kind="sid", value="s2")])
        time.offset = 3_600
        assert lasting in (await feed.snapshot(REALM)).entries
        newcomer = RedisRevocationStore(stores.sessions._server._clients, time=time)
        assert lasting in (await newcomer.snapshot(REALM)).entries
    finally:
        await stores.close()
