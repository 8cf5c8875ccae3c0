"""What ``advance`` is compared with: the plainest write through the same client.

Redis: ``SET`` of a value as long as the row of a session, as an application calls it on
the client that the store was handed; and once more over the store's own connections,
which is what the script costs beside a ``SET`` when nothing else differs. SQL: ``UPDATE``
of one row by its key, committed, through the same engine. Each caller has a key or row
of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.sample_sessions import REALM, logged_in
from benchmarks.servers import Server, engine_of, prepared
from fastapi_jwtkit.protocols import SessionStore
from fastapi_jwtkit.stores.redis import RedisStores, redis_stores
from fastapi_jwtkit.stores.redis.keys import KeyNames
from fastapi_jwtkit.stores.redis.links import Link
from fastapi_jwtkit.stores.sqlalchemy import SQLStores

Work = Callable[[int], Awaitable[Any]]
"""One call by the caller with this number."""
UPDATE = "UPDATE"
SET = "SET by redis-py"
BARE_SET = "SET by the store"
SQL_VALUE = "v" * 200


@dataclass(frozen=True, kw_only=True)
class Beside:
    """A store, and the plain writes that it is compared with, by name."""

    store: SessionStore
    plain: dict[str, Work]


@asynccontextmanager
async def opened(server: Server, callers: int) -> AsyncIterator[Beside]:
    """Return a store of a server and plain writes for so many callers; close them after."""
    if server.name in {"SQLite", "PostgreSQL"}:
        async with prepared(server) as stores:
            if not isinstance(stores, SQLStores):
                raise TypeError(f"{server.name} is no SQL database")
            update = await _update(engine_of(stores), callers)
            yield Beside(store=stores.sessions, plain={UPDATE: update})
        return
    async with Redis.from_url(server.url, max_connections=2 * callers) as client:
        ours = redis_stores(client)
        yield Beside(store=ours.sessions, plain=await _sets(client, ours))
        await ours.close()


async def _update(engine: AsyncEngine, callers: int) -> Work:
    async with engine.begin() as connection:
        await connection.execute(text("DROP TABLE IF EXISTS bench_plain"))
        await connection.execute(
            text("CREATE TABLE bench_plain (id INTEGER PRIMARY KEY, value TEXT NOT NULL)")
        )
        rows = [{"id": caller, "value": ""} for caller in range(callers)]
        await connection.execute(text("INSERT INTO bench_plain VALUES (:id, :value)"), rows)
    update = text("UPDATE bench_plain SET value = :value WHERE id = :id")

    async def write(caller: int) -> None:
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(update, {"id": caller, "value": SQL_VALUE})

    return write


async def _sets(client: Redis, stores: RedisStores) -> dict[str, Work]:
    session = await logged_in(stores.sessions, "somebody")
    row = await client.get(KeyNames().session(REALM, session.sid))
    if row is None:
        raise RuntimeError("the row is not where KeyNames says")

    async def plain(caller: int) -> None:
        await client.set(f"bench-plain:{caller}", row)

    async def bare(caller: int) -> None:
        key = f"bench-plain:{caller}"

        async def work(link: Link) -> None:
            await link.command(key, "SET", key, row)

        await stores.server.ask(work, reason="bench_plain_failed")

    return {SET: plain, BARE_SET: bare}
