"""The SQL session store keeps the promises of the port, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from clocks import FakeClock
from contract.session_store import REALM, SessionStoreContract, advance, new_session
from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.records import Device
from fastapi_jwtkit.stores.sqlalchemy import DatabaseTime, SQLSessionStore
from sql_databases import Database, StandingTime, postgres_database, sqlite_database


class SQLSessionStoreContract(SessionStoreContract):
    """What holds for SQL beside the port; a subclass gives the database."""

    @pytest.fixture
    def database(self) -> Database:
        """Return an empty database."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, database: Database) -> SQLSessionStore:
        """Return an empty store whose time stands still."""
        self.clock = FakeClock()
        return SQLSessionStore(
            database.engine, tables=database.tables, time=StandingTime(self.clock)
        )

    @pytest.fixture
    def time(self) -> DatabaseTime:
        """Return the database's own clock."""
        return DatabaseTime()

    @pytest.fixture
    def real(self, database: Database, time: DatabaseTime) -> SQLSessionStore:
        """Return an empty store on the database's own clock."""
        return SQLSessionStore(database.engine, tables=database.tables, time=time)

    def step(self, seconds: float) -> None:
        """Move the clock."""
        self.clock.step(seconds)

    async def test_one_write_has_one_time_and_the_next_a_later_one(
        self, real: SQLSessionStore, time: DatabaseTime
    ) -> None:
        """The database's own clock decides, and reads the same all over a statement."""
        added = await real.add(new_session())
        assert added.created_at == added.last_seen_at
        assert added.absolute_expiry == added.created_at + 1_000
        time.offset = 60
        row = await real.advance(REALM, "s1", advance(0))
        assert row is not None
        assert 60 <= row.spent[0] - row.created_at < 120
        assert row.last_seen_at == row.spent[0] == row.idle_expiry - 100
        found = await real.find(REALM, "s1")
        assert found is not None
        assert found.now >= row.spent[0]
        time.offset = 200
        assert await real.advance(REALM, "s1", advance(1)) is None

    async def test_fifty_callers_race_on_the_clock_of_the_database(
        self, real: SQLSessionStore
    ) -> None:
        """One wins each round, and every replay meanwhile is counted once."""
        await real.add(new_session())
        for number in range(3):
            counted = [real.count_replay(REALM, "s1", counter=number) for _ in range(25)]
            tries = [real.advance(REALM, "s1", advance(number, f"{number}-{n}")) for n in range(25)]
            counts, won = await asyncio.gather(asyncio.gather(*counted), asyncio.gather(*tries))
            assert sum(row is not None for row in won) == 1
            counted_ones = sorted(count for count in counts if count is not None)
            assert counted_ones == list(range(1, len(counted_ones) + 1))
            row = await self.row(real)
            assert (row.counter, row.replays) == (number + 1, 0)

    async def test_fifty_replays_are_counted_exactly(self, real: SQLSessionStore) -> None:
        """No count is lost to another that runs at the same time."""
        await real.add(new_session())
        counts = await asyncio.gather(
            *(real.count_replay(REALM, "s1", counter=0) for _ in range(50))
        )
        assert sorted(count or 0 for count in counts) == list(range(1, 51))

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

    async def test_a_grant_of_nothing_is_no_grant_of_everything(
        self, store: SQLSessionStore
    ) -> None:
        """No scope at all and no limit of scopes are two things."""
        await store.add(new_session("s1", scope=frozenset()))
        await store.add(new_session("s2", scope=None))
        assert (await self.row(store, "s1")).scope == frozenset()
        assert (await self.row(store, "s2")).scope is None

    async def test_of_two_sessions_with_one_id_the_first_stays(
        self, store: SQLSessionStore
    ) -> None:
        """A row is never written over."""
        await store.add(new_session())
        before = await self.row(store)
        with pytest.raises(StoreUnavailableError):
            await store.add(new_session(subject="u2"))
        assert await self.row(store) == replace(before)


class TestSQLiteSessionStore(SQLSessionStoreContract):
    """In a file."""

    @pytest.fixture
    async def database(self, tmp_path: Path) -> AsyncIterator[Database]:  # type: ignore[override]
        """Return an empty database."""
        async with sqlite_database(tmp_path) as database:
            yield database


class TestPostgreSQLSessionStore(SQLSessionStoreContract):
    """On a real server."""

    @pytest.fixture
    async def database(self, postgres_url: str) -> AsyncIterator[Database]:  # type: ignore[override]
        """Return an empty database."""
        async with postgres_database(postgres_url) as database:
            yield database
