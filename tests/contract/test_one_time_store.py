"""Every one-time store keeps the promises of the port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from clocks import FakeClock
from fastapi_jwtkit.protocols import OneTimeStore
from fastapi_jwtkit.stores.memory import MemoryOneTimeStore
from fastapi_jwtkit.stores.sqlalchemy import SQLOneTimeStore
from sql_databases import Database, StandingTime, postgres_database, sqlite_database

REALM = "https://a.example"


class OneTimeStoreContract:
    """Subclass it, give ``store``, and run."""

    @pytest.fixture
    def clock(self) -> FakeClock:
        """Return the store's own clock."""
        return FakeClock()

    async def test_the_first_of_fifty_callers_is_told_so(
        self, store: OneTimeStore, clock: FakeClock
    ) -> None:
        """And all others, then and later, that they are not."""
        expires_at = clock.now() + 60
        firsts = await asyncio.gather(
            *(store.consume(REALM, "t1", expires_at=expires_at) for _ in range(50))
        )
        assert sum(firsts) == 1
        assert not await store.consume(REALM, "t1", expires_at=expires_at)

    async def test_ids_and_realms_are_apart(self, store: OneTimeStore, clock: FakeClock) -> None:
        """What happened once here may happen once there."""
        expires_at = clock.now() + 60
        assert await store.consume(REALM, "t1", expires_at=expires_at)
        assert await store.consume(REALM, "t2", expires_at=expires_at)
        assert await store.consume("https://b.example", "t1", expires_at=expires_at)

    async def test_an_id_is_kept_as_long_as_it_is_valid(
        self, store: OneTimeStore, clock: FakeClock
    ) -> None:
        """However many come after it."""
        expires_at = clock.now() + 60
        assert await store.consume(REALM, "t1", expires_at=expires_at)
        clock.step(59)
        for number in range(30):
            await store.consume(REALM, f"other{number}", expires_at=expires_at)
        assert not await store.consume(REALM, "t1", expires_at=expires_at)


class TestMemoryOneTimeStore(OneTimeStoreContract):
    """In one process."""

    @pytest.fixture
    def store(self, clock: FakeClock) -> MemoryOneTimeStore:
        """Return an empty store."""
        return MemoryOneTimeStore(clock=clock)


class SQLOneTimeStoreContract(OneTimeStoreContract):
    """What holds for SQL beside the port; a subclass gives the database."""

    @pytest.fixture
    def database(self) -> Database:
        """Return an empty database."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, database: Database, clock: FakeClock) -> SQLOneTimeStore:
        """Return an empty store whose time stands still."""
        return SQLOneTimeStore(database.engine, tables=database.tables, time=StandingTime(clock))

    async def test_ids_that_are_over_are_deleted_and_not_too_early(
        self, store: SQLOneTimeStore, clock: FakeClock, database: Database
    ) -> None:
        """The clock that set the limit may be behind the database's by two minutes."""
        for number in range(50):
            await store.consume(REALM, f"t{number}", expires_at=clock.now() + 60)
        clock.step(60 + 119)
        assert await store.prune() == 0
        clock.step(1)
        await store.consume(REALM, "new", expires_at=clock.now() + 60)
        assert await store.prune() == 30
        async with database.engine.connect() as connection:
            statement = select(func.count()).select_from(database.tables.one_time)
            assert (await connection.execute(statement)).scalar_one() == 1


class TestSQLiteOneTimeStore(SQLOneTimeStoreContract):
    """In a file."""

    @pytest.fixture
    async def database(self, tmp_path: Path) -> AsyncIterator[Database]:  # type: ignore[override]
        """Return an empty database."""
        async with sqlite_database(tmp_path) as database:
            yield database


class TestPostgreSQLOneTimeStore(SQLOneTimeStoreContract):
    """On a real server."""

    @pytest.fixture
    async def database(self, postgres_url: str) -> AsyncIterator[Database]:  # type: ignore[override]
        """Return an empty database."""
        async with postgres_database(postgres_url) as database:
            yield database
