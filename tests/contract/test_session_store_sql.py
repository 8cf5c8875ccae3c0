"""The SQL session store keeps the promises of the port, on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, update

from contract.places import OnDatabaseClock, OnPostgreSQL, OnSQLite, Standing
from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.records import Device
from fastapi_jwtkit.stores.sqlalchemy import SQLSessionStore
from fastapi_jwtkit.stores.sqlalchemy.database_time import StoreTime
from fastapi_jwtkit.testing.contracts import ErasingSessionStoreContract
from fastapi_jwtkit.testing.contracts.session_data import REALM, advance, new_session
from sql_databases import Database


class SQLSessionStoreContract(ErasingSessionStoreContract):
    """What holds for SQL beside the port."""

    @pytest.fixture
    def store(self, database: Database, time: StoreTime) -> SQLSessionStore:
        """Return an empty store."""
        return SQLSessionStore(database.engine, tables=database.tables, time=time)

    async def test_rows_that_are_over_are_swept_as_new_ones_come(
        self, store: SQLSessionStore, database: Database
    ) -> None:
        """A few with each login, and the rest by ``prune``."""
        for number in range(50):
            await store.add(new_session(f"old{number}"))
        self.step(2_000)
        await store.add(new_session("new1"))
        assert await self.count(database) == 31
        assert await store.prune() == 30
        assert await self.count(database) == 1
        assert await store.prune() == 0

    async def count(self, database: Database) -> int:
        """Return how many rows there are."""
        async with database.engine.connect() as connection:
            statement = select(func.count()).select_from(database.tables.sessions)
            return (await connection.execute(statement)).scalar_one()

    async def test_a_row_of_a_later_format_is_refused_clearly(
        self, store: SQLSessionStore, database: Database
    ) -> None:
        """It is neither guessed at nor rotated, and it can be ended."""
        await store.add(new_session())
        async with database.engine.begin() as connection:
            await connection.execute(update(database.tables.sessions).values(version=2))
        with pytest.raises(StoreUnavailableError, match="session_version_unknown"):
            await store.find(REALM, "s1")
        with pytest.raises(StoreUnavailableError, match="session_version_unknown"):
            await store.list(REALM, "u1")
        assert await store.advance(REALM, "s1", advance(0)) is None
        assert await store.bump_epoch(REALM, "s1") is None
        assert await store.revoke(REALM, "s1", reason="logout")

    async def test_what_a_client_says_of_itself_never_fails_a_login(
        self, store: SQLSessionStore
    ) -> None:
        """No database stores every character that a header can hold."""
        device = Device(ip="::1", user_agent="a\0b\ud800", name="\0")
        added = await store.add(new_session(device=device))
        assert added.device == Device(ip="::1", user_agent="ab?", name="")

    async def test_of_two_sessions_with_one_id_the_first_stays(
        self, store: SQLSessionStore
    ) -> None:
        """A row is never written over."""
        await store.add(new_session())
        before = await self.row(store)
        with pytest.raises(StoreUnavailableError):
            await store.add(new_session(subject="u2"))
        assert await self.row(store) == before


class TestSQLiteSessionStore(Standing, OnSQLite, SQLSessionStoreContract):
    """In a file."""


class TestSQLiteSessionStoreByItsClock(OnDatabaseClock, OnSQLite, SQLSessionStoreContract):
    """In a file, by the clock of SQLite."""


class TestPostgreSQLSessionStore(Standing, OnPostgreSQL, SQLSessionStoreContract):
    """On a real server."""


class TestPostgreSQLSessionStoreByItsClock(OnDatabaseClock, OnPostgreSQL, SQLSessionStoreContract):
    """On a real server, by its clock."""
