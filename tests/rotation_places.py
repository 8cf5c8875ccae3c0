"""Where the rotation machine keeps sessions: each store, its clock, and a backup of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import RowMapping, delete, insert, select

from clocks import FakeClock, MovingClock
from fastapi_jwtkit.protocols import Clock, SessionStore
from fastapi_jwtkit.stores.memory import MemorySessionStore
from fastapi_jwtkit.stores.redis import (
    RedisCounterStore,
    RedisOneTimeStore,
    RedisRevocationStore,
    RedisSessionStore,
    RedisStores,
    ServerTime,
)
from fastapi_jwtkit.stores.redis.keys import KeyNames
from fastapi_jwtkit.stores.redis.server import RedisServer
from fastapi_jwtkit.stores.sqlalchemy import (
    DatabaseTime,
    LoopEngines,
    SQLOneTimeStore,
    SQLRevocationStore,
    SQLSessionStore,
    SQLStores,
    sql_stores,
)
from redis_servers import clients_of, own_prefix


class SteppedClock(Clock, Protocol):
    """A clock of the application that a test can move."""

    def step(self, seconds: float) -> None:
        """Let it jump ahead."""
        ...


@dataclass(frozen=True)
class Named:
    """What a history has made so far."""

    realm: str
    sids: frozenset[str]
    subjects: frozenset[str]


class RotationPlace(Protocol):
    """One store for one history.

    Attributes:
        clock: the application's.
        sessions: the store.
        margin: seconds that an answer may take by the store's clock.
    """

    clock: SteppedClock
    sessions: SessionStore
    margin: float

    def parts(self) -> dict[str, Any]:
        """Return what a kit is given."""
        ...

    def now(self) -> float:
        """Return the time of the store."""
        ...

    def step(self, seconds: float) -> None:
        """Let time pass, for the application and for the store."""
        ...

    def skew(self, seconds: float) -> None:
        """Let the store's clock differ from the application's."""
        ...

    async def back_up(self, named: Named) -> object:
        """Copy all rows."""
        ...

    async def restore(self, named: Named, backup: Any) -> None:
        """Put the copy in the place of all rows."""
        ...


class SkewedClock(FakeClock):
    """The store's clock: the application's, and a few seconds beside it."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock
        self.skew = 0.0

    def now(self) -> float:
        """Return the other clock's time, skewed."""
        return self._clock.now() + self.skew


class InMemory:
    """By a clock that stands still, so that each moment can be hit exactly."""

    margin = 0.0

    def __init__(self, store: type[MemorySessionStore] = MemorySessionStore) -> None:
        self.clock = FakeClock()
        self._store_clock = SkewedClock(self.clock)
        self.sessions = store(clock=self._store_clock)

    def parts(self) -> dict[str, Any]:
        """Return the store; the feed is the kit's own."""
        return {"sessions": self.sessions}

    def now(self) -> float:
        """Return the time of the store."""
        return self._store_clock.now()

    def step(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.step(seconds)

    def skew(self, seconds: float) -> None:
        """Let the store's clock differ."""
        self._store_clock.skew = seconds

    async def back_up(self, named: Named) -> object:
        """Copy the dict."""
        del named
        return dict(self.sessions._rows)

    async def restore(self, named: Named, backup: Any) -> None:
        """Put the copy back."""
        del named
        self.sessions._rows.clear()
        self.sessions._rows.update(backup)


class OnOwnClock:
    """By the server's clock, with an offset."""

    margin = 20.0
    time: DatabaseTime | ServerTime

    def __init__(self) -> None:
        self.clock = MovingClock()
        self._skew = 0.0

    def now(self) -> float:
        """Return the time of the store: its server runs on this machine."""
        return self.clock.now() + self._skew

    def step(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.step(seconds)
        self.time.offset = self.clock.moved + self._skew

    def skew(self, seconds: float) -> None:
        """Let the server's clock differ."""
        self._skew = seconds
        self.step(0)


class OnSQL(OnOwnClock):
    """In a database whose tables are there."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.time = DatabaseTime()
        self._stores = sql_stores(url)
        assert isinstance(self._stores.engine, LoopEngines)
        self._engines = self._stores.engine
        self._table = self._stores.tables.sessions
        made = self._stores.tables
        self.sessions = SQLSessionStore(self._engines, tables=made, time=self.time)
        self._revocations = SQLRevocationStore(self._engines, tables=made, time=self.time)

    def parts(self) -> dict[str, Any]:
        """Return all stores."""
        stores = SQLStores(
            sessions=self.sessions,
            revocations=self._revocations,
            one_time=SQLOneTimeStore(self._engines, tables=self._stores.tables),
            counters=self._stores.counters,
            engine=self._engines,
            tables=self._stores.tables,
        )
        return {"stores": stores}

    async def back_up(self, named: Named) -> list[RowMapping]:
        """Copy the rows of the table."""
        async with self._engines.here().connect() as connection:
            rows = await connection.execute(
                select(self._table).where(self._table.c.realm == named.realm)
            )
            return list(rows.mappings())

    async def restore(self, named: Named, backup: list[RowMapping]) -> None:
        """Write them over what is there."""
        async with self._engines.here().begin() as connection:
            await connection.execute(delete(self._table).where(self._table.c.realm == named.realm))
            if backup:
                await connection.execute(insert(self._table), [dict(row) for row in backup])


class OnRedis(OnOwnClock):
    """On a server or a Cluster, under names of its own."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.time = ServerTime()
        self._clients, self._prefix = clients_of(url), own_prefix()
        self._names = KeyNames(self._prefix)
        self.sessions = RedisSessionStore(self._clients, prefix=self._prefix, time=self.time)

    def parts(self) -> dict[str, Any]:
        """Return all stores."""
        stores = RedisStores(
            sessions=self.sessions,
            revocations=RedisRevocationStore(self._clients, prefix=self._prefix, time=self.time),
            one_time=RedisOneTimeStore(self._clients, prefix=self._prefix, time=self.time),
            counters=RedisCounterStore(self._clients, prefix=self._prefix),
            server=RedisServer(self._clients),
        )
        return {"stores": stores}

    async def back_up(self, named: Named) -> dict[str, tuple[bytes, int]]:
        """Dump rows and indexes, each with the life that is left to it."""
        ask = self._clients.here().command
        dumped: dict[str, tuple[bytes, int]] = {}
        for key in self._keys(named):
            value = await ask(key, "DUMP", key)
            if value is not None:
                dumped[key] = value, await ask(key, "PTTL", key)
        return dumped

    async def restore(self, named: Named, backup: dict[str, tuple[bytes, int]]) -> None:
        """Delete what came since, and restore the rest."""
        ask = self._clients.here().command
        for key in self._keys(named):
            if key in backup:
                value, left = backup[key]
                await ask(key, "RESTORE", key, max(left, 0), value, "REPLACE")
            else:
                await ask(key, "DEL", key)

    def _keys(self, named: Named) -> list[str]:
        """Return the names of all rows and of the indexes over them."""
        rows = [self._names.session(named.realm, sid) for sid in named.sids]
        return rows + [self._names.subject(named.realm, each) for each in named.subjects]
