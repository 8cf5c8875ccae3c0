"""Every one-time store keeps the promises of the port."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from clocks import FakeClock
from contract.places import OnDatabaseClock, OnPostgreSQL, OnSQLite, Standing
from fastapi_jwtkit.stores.memory import MemoryOneTimeStore
from fastapi_jwtkit.stores.sqlalchemy import SQLOneTimeStore
from fastapi_jwtkit.stores.sqlalchemy.database_time import StoreTime
from fastapi_jwtkit.testing.contracts import OneTimeStoreContract
from sql_databases import Database

REALM = "https://a.example"


class TestMemoryOneTimeStore(Standing, OneTimeStoreContract):
    """In one process."""

    @pytest.fixture
    def store(self, clock: FakeClock) -> MemoryOneTimeStore:
        """Return an empty store."""
        return MemoryOneTimeStore(clock=clock)


class SQLOneTimeStoreContract(OneTimeStoreContract):
    """What holds for SQL beside the port."""

    @pytest.fixture
    def store(self, database: Database, time: StoreTime) -> SQLOneTimeStore:
        """Return an empty store."""
        return SQLOneTimeStore(database.engine, tables=database.tables, time=time)

    async def test_ids_that_are_over_are_deleted_and_not_too_early(
        self, store: SQLOneTimeStore, database: Database
    ) -> None:
        """The clock that set the limit may be behind the database's by two minutes."""
        for number in range(50):
            await store.consume(REALM, f"t{number}", expires_at=self.now() + 60)
        self.step(60 + 100)
        assert await store.prune() == 0
        self.step(20)
        await store.consume(REALM, "new", expires_at=self.now() + 60)
        assert await store.prune() == 30
        async with database.engine.connect() as connection:
            statement = select(func.count()).select_from(database.tables.one_time)
            assert (await connection.execute(statement)).scalar_one() == 1


class TestSQLiteOneTimeStore(Standing, OnSQLite, SQLOneTimeStoreContract):
    """In a file."""


class TestSQLiteOneTimeStoreByItsClock(OnDatabaseClock, OnSQLite, SQLOneTimeStoreContract):
    """In a file, by the clock of SQLite."""


class TestPostgreSQLOneTimeStore(Standing, OnPostgreSQL, SQLOneTimeStoreContract):
    """On a real server."""


class TestPostgreSQLOneTimeStoreByItsClock(OnDatabaseClock, OnPostgreSQL, SQLOneTimeStoreContract):
    """On a real server, by its clock."""
