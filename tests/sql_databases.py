"""Empty databases for the tests: a SQLite file, a schema of a real PostgreSQL."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import ColumnElement, Double, MetaData, bindparam, event, inspect, make_url
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


def sqlite_threads() -> Iterator[threading.Thread]:
    """Find the threads in which SQLite connections live."""
    for thread in threading.enumerate():
        # A subclass in older versions of aiosqlite, and named after its function since.
        if isinstance(thread, aiosqlite.Connection) or "_connection_worker" in thread.name:
            yield thread


async def sqlite_threads_ended() -> None:
    """Wait for the threads of SQLite connections that were closed without waiting.

    They tell the event loop that they end, and the end of a test closes it.
    """
    for thread in sqlite_threads():
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


@asynccontextmanager
async def empty_postgres(postgres_url: str) -> AsyncIterator[str]:
    """Make a database of its own on a PostgreSQL, with nothing in it, and name it."""
    name = f"jwtkit_test_{secrets.token_hex(8)}"
    engine = create_async_engine(postgres_url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.exec_driver_sql(f"CREATE DATABASE {name}")
    try:
        yield make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    finally:
        async with engine.connect() as connection:
            await connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        await engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
async def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """Name a database of each kind, with nothing in it."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"
        await sqlite_threads_ended()
        return
    async with empty_postgres(request.getfixturevalue("postgres_url")) as url:
        yield url


async def tables_at(url: str) -> set[str]:
    """Return the names of the tables in a database."""
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    await engine.dispose()
    return set(names)


@contextmanager
def statements_of(engine: AsyncEngine) -> Iterator[list[tuple[str, Any]]]:
    """Note each statement that an engine runs, with its parameters."""
    noted: list[tuple[str, Any]] = []

    def note(*arguments: Any) -> None:
        _, _, statement, parameters, _, executed_many = arguments
        noted.append((statement, parameters[0] if executed_many else parameters))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield noted
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)
