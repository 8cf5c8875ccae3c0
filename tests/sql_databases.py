"""Empty databases for the tests: a SQLite file, a schema of a real PostgreSQL."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiosqlite
from sqlalchemy import ColumnElement, Double, MetaData, bindparam
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.schema import CreateSchema, DropSchema

from clocks import FakeClock
from fastapi_jwtkit.stores.sqlalchemy import JWTKitTables, tables


@dataclass
class Database:
    """An engine and the tables in it."""

    engine: AsyncEngine
    tables: JWTKitTables


class StandingTime:
    """A time in SQL that moves only when told to, for tests that compare times exactly."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock

    def expression(self, dialect: str, /) -> ColumnElement[float]:
        """Return the clock's time."""
        del dialect
        return bindparam("standing_now", type_=Double)

    def parameters(self) -> dict[str, float]:
        """Return the clock's time."""
        return {"standing_now": self._clock.now()}


async def sqlite_threads_ended() -> None:
    """Wait for the threads of SQLite connections that were closed without waiting.

    They tell the event loop that they end, and the end of a test closes it.
    """
    for thread in threading.enumerate():
        # A subclass in older versions of aiosqlite, and named after its function since.
        if isinstance(thread, aiosqlite.Connection) or "_connection_worker" in thread.name:
            await asyncio.to_thread(thread.join, 10)


@asynccontextmanager
async def sqlite_database(folder: Path) -> AsyncIterator[Database]:
    """Make a SQLite file with the tables in it."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{folder / 'test.db'}")
    metadata = MetaData()
    made = tables(metadata)
    try:
        async with engine.begin() as connection:
            await connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            await connection.run_sync(metadata.create_all)
        yield Database(engine, made)
    finally:
        await engine.dispose()
        await sqlite_threads_ended()


@asynccontextmanager
async def postgres_database(url: str) -> AsyncIterator[Database]:
    """Make a schema of a PostgreSQL with the tables in it."""
    engine = create_async_engine(url)
    metadata = MetaData(schema=f"jwtkit_test_{secrets.token_hex(8)}")
    assert metadata.schema is not None
    made = tables(metadata)
    try:
        async with engine.begin() as connection:
            await connection.execute(CreateSchema(metadata.schema))
            await connection.run_sync(metadata.create_all)
        yield Database(engine, made)
    finally:
        async with engine.begin() as connection:
            await connection.execute(DropSchema(metadata.schema, cascade=True, if_exists=True))
        await engine.dispose()
