"""What ``advance`` is compared with: the plainest write through the same client.

Redis: ``SET`` of a value as long as a row of a session. SQL: ``UPDATE`` of one row by its
key, committed, through the same engine. Each caller has a key or row of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.servers import engine_of
from fastapi_jwtkit.protocols import Stores
from fastapi_jwtkit.stores.sqlalchemy import SQLStores

Work = Callable[[int], Awaitable[Any]]
"""One call by the caller with this number."""
SQL_VALUE = "v" * 200


async def plain_write(stores: Stores | None, callers: int) -> Work | None:
    """Return the plain write of a store; ``None`` in memory, where there is none."""
    if stores is None:
        return None
    if isinstance(stores, SQLStores):
        return await _plain_update(engine_of(stores), callers)
    raise NotImplementedError


async def _plain_update(engine: AsyncEngine, callers: int) -> Work:
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
