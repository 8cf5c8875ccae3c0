"""The SQL feed keeps the promises of the revocation port, on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, func, select, update

from clocks import FakeClock
from contract.places import OnDatabaseClock, OnPostgreSQL, OnSQLite, Standing
from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.stores.sqlalchemy import SQLRevocationStore
from fastapi_jwtkit.stores.sqlalchemy.database_time import StoreTime
from fastapi_jwtkit.testing.contracts import RevocationStoreContract
from fastapi_jwtkit.testing.contracts.following import REALM, entry
from sql_databases import Database

POLL = 0.01


class SQLRevocationStoreContract(RevocationStoreContract):
    """What holds for SQL beside the port."""

    @pytest.fixture
    def store(self, database: Database, time: StoreTime) -> SQLRevocationStore:
        """Return an empty store that polls quickly."""
        return SQLRevocationStore(database.engine, tables=database.tables, time=time, poll=POLL)

    def test_a_map_is_stale_after_two_polls_and_a_half(self, database: Database) -> None:
        """A followed map is never stale."""
        assert SQLRevocationStore(database.engine).sync_after == 2.5

    async def test_a_follower_of_a_table_that_was_emptied_hears_of_its_new_birth(
        self, store: SQLRevocationStore, database: Database
    ) -> None:
        """What the state forgot is then looked up in the rows of the sessions."""
        page = await store.snapshot(REALM)
        self.step(1)
        async with database.engine.begin() as connection:
            await connection.execute(delete(database.tables.revocations))
        again = await store.follow(REALM, page.position)
        assert self.is_at(again.born_at, page.born_at + 1)

    async def test_entries_that_are_over_are_deleted(
        self, store: SQLRevocationStore, database: Database
    ) -> None:
        """A few with each publish, and the rest by ``prune``; the birth stays."""
        old = [entry("sid", f"s{n}", expires_at=self.now() + 1) for n in range(50)]
        await store.publish(REALM, old)
        born_at = (await store.snapshot(REALM)).born_at
        self.step(2)
        await store.publish(REALM, [entry("sid", "new")])
        assert await store.prune() == 30
        async with database.engine.connect() as connection:
            statement = select(func.count()).select_from(database.tables.revocations)
            assert (await connection.execute(statement)).scalar_one() == 2
        assert (await store.snapshot(REALM)).born_at == born_at

    async def test_an_entry_of_a_later_format_lets_nobody_in(
        self, store: SQLRevocationStore, database: Database
    ) -> None:
        """What it kills is not known, so the map must grow stale."""
        await store.publish(REALM, [entry("sid", "s1")])
        async with database.engine.begin() as connection:
            await connection.execute(update(database.tables.revocations).values(version=2))
        with pytest.raises(StoreUnavailableError, match="revocation_version_unknown"):
            await store.snapshot(REALM)


class TestSQLiteRevocationStore(Standing, OnSQLite, SQLRevocationStoreContract):
    """In a file."""


class TestSQLiteRevocationStoreByItsClock(OnDatabaseClock, OnSQLite, SQLRevocationStoreContract):
    """In a file, by the clock of SQLite."""


class TestPostgreSQLRevocationStoreByItsClock(
    OnDatabaseClock, OnPostgreSQL, SQLRevocationStoreContract
):
    """On a real server, by its clock."""


class TestPostgreSQLRevocationStore(Standing, OnPostgreSQL, SQLRevocationStoreContract):
    """On a real server."""

    async def test_an_entry_that_commits_late_is_heard(
        self, store: SQLRevocationStore, clock: FakeClock, database: Database
    ) -> None:
        """Numbers are given before they are committed: the later one shows first."""
        table = database.tables.revocations
        page = await store.snapshot(REALM)
        row = {"realm": REALM, "kind": "sid", "value": "slow", "version": 1, "reason": ""}
        async with database.engine.connect() as slow:
            await slow.execute(table.insert().values(**row, added_at=clock.now()))
            await store.publish(REALM, [entry("sid", "quick")])
            for _ in range(4):
                page = await store.follow(REALM, page.position)
                assert [entry.value for entry in page.entries] == ["quick"]
                clock.step(1)
            await slow.commit()
        page = await store.follow(REALM, page.position)
        assert {entry.value for entry in page.entries} == {"quick", "slow"}
