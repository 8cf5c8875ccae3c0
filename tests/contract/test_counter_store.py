"""Every counter store keeps the promises of the port."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from clocks import FakeClock
from contract.places import OnDatabaseClock, OnPostgreSQL, OnSQLite, Standing
from contract.redis_places import OnCluster, OnSentinel, OnServerClock, OnValkey, StandingServer
from fastapi_jwtkit.stores.memory import MemoryCounterStore
from fastapi_jwtkit.stores.redis import LoopClients, RedisCounterStore
from fastapi_jwtkit.stores.redis.server_time import StoreTime as RedisTime
from fastapi_jwtkit.stores.sqlalchemy import SQLCounterStore
from fastapi_jwtkit.stores.sqlalchemy.database_time import StoreTime
from fastapi_jwtkit.testing.contracts import CounterStoreContract
from sql_databases import Database

REALM = "https://a.example"


class TestMemoryCounterStore(Standing, CounterStoreContract):
    """In one process."""

    @pytest.fixture
    def store(self, clock: FakeClock) -> MemoryCounterStore:
        """Return an empty store."""
        return MemoryCounterStore(clock=clock)

    async def test_counters_that_are_over_are_dropped_as_others_come(
        self, store: MemoryCounterStore
    ) -> None:
        """Short ones do not wait behind long ones."""
        await store.increment(REALM, "long", by=1, window=10_000)
        for number in range(50):
            await store.increment(REALM, f"k{number}", by=1, window=60)
        self.step(61)
        for number in range(4):
            await store.increment(REALM, f"new{number}", by=1, window=60)
        assert len(store._counters) == 1 + 4
        assert (await store.read(REALM, "long")).value == 1


class RedisCounterStoreContract(CounterStoreContract):
    """On Redis."""

    @pytest.fixture
    def store(self, clients: LoopClients, prefix: str, time: RedisTime) -> RedisCounterStore:
        """Return an empty store."""
        return RedisCounterStore(clients, prefix=prefix, time=time)


class TestRedisCounterStore(StandingServer, OnValkey, RedisCounterStoreContract):
    """On one server."""


class TestRedisCounterStoreByItsClock(OnServerClock, OnValkey, RedisCounterStoreContract):
    """On one server, by its clock."""


class TestClusterCounterStore(OnServerClock, OnCluster, RedisCounterStoreContract):
    """On three nodes, by their clock."""


class TestSentinelCounterStore(OnServerClock, OnSentinel, RedisCounterStoreContract):
    """On a master with a replica, by its clock."""


class SQLCounterStoreContract(CounterStoreContract):
    """What holds for SQL beside the port."""

    @pytest.fixture
    def store(self, database: Database, time: StoreTime) -> SQLCounterStore:
        """Return an empty store."""
        return SQLCounterStore(database.engine, tables=database.tables, time=time)

    async def test_counters_that_are_over_are_deleted(
        self, store: SQLCounterStore, database: Database
    ) -> None:
        """A few with each that begins, the rest by ``prune``."""
        for number in range(30):
            await store.increment(REALM, f"k{number}", by=1, window=60)
        self.step(100)
        await store.increment(REALM, "new", by=1, window=60)
        assert await store.prune() == 10
        async with database.engine.connect() as connection:
            statement = select(func.count()).select_from(database.tables.counters)
            assert (await connection.execute(statement)).scalar_one() == 1


class TestSQLiteCounterStore(Standing, OnSQLite, SQLCounterStoreContract):
    """In a file."""


class TestSQLiteCounterStoreByItsClock(OnDatabaseClock, OnSQLite, SQLCounterStoreContract):
    """In a file, by the clock of SQLite."""


class TestPostgreSQLCounterStore(Standing, OnPostgreSQL, SQLCounterStoreContract):
    """On a real server."""


class TestPostgreSQLCounterStoreByItsClock(OnDatabaseClock, OnPostgreSQL, SQLCounterStoreContract):
    """On a real server, by its clock."""
