"""Making the feed of a new store an old one."""

from __future__ import annotations

from fastapi_jwtkit.stores.redis.clients import LoopClients
from fastapi_jwtkit.stores.redis.revocations import RedisRevocationStore
from fastapi_jwtkit.stores.redis.server_time import ServerTime
from fastapi_jwtkit.stores.redis.urls import client_maker
from fastapi_jwtkit.stores.sqlalchemy import DatabaseTime, SQLRevocationStore, sql_stores
from faults.people import ISSUER

AGE_SECONDS = 3600.0


async def age_feed(url: str) -> None:
    """Let the feed be born an hour ago.

    Of a young one workers do not trust that it knows everything: they ask for the row of
    each token, and would find a session ended that they have not heard of.
    """
    if url.startswith("redis"):
        clients = LoopClients(client_maker(url))
        old = RedisRevocationStore(clients, time=ServerTime(offset=-AGE_SECONDS))
        await old.snapshot(ISSUER)
        await clients.close()
        return
    stores = sql_stores(url)
    await stores.create_tables()
    time = DatabaseTime(offset=-AGE_SECONDS)
    await SQLRevocationStore(stores.engine, tables=stores.tables, time=time).snapshot(ISSUER)
    await stores.close()
