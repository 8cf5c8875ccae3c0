"""SQL databases that fail: down, starting, restarted, and in each other's way."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.records import NewUser, RevocationEntry
from fastapi_jwtkit.stores.sqlalchemy import SQLStores, retry, sql_stores
from fastapi_jwtkit.stores.sqlalchemy.users import SQLUserStore
from fastapi_jwtkit.testing.contracts.session_data import REALM, advance, new_session
from postgres_server import running_postgres
from sql_databases import postgres_database, sqlite_threads_ended


async def test_a_database_that_is_down_is_said_to_be(tmp_path: Path) -> None:
    """Every verb of every store raises the one error, and none guesses."""
    with running_postgres() as server:
        url = server.url
    gone = sql_stores(url)
    missing = sql_stores(f"sqlite+aiosqlite:///{tmp_path / 'no' / 'folder' / 'x.db'}")
    for stores in (gone, missing):
        users = SQLUserStore(stores.engine)
        for call in (
            stores.create_tables(),
            stores.sessions.add(new_session()),
            stores.sessions.find("r", "s1"),
            stores.sessions.advance("r", "s1", advance(0)),
            stores.sessions.count_replay("r", "s1", counter=0),
            stores.sessions.revoke("r", "s1", reason="logout"),
            stores.sessions.bump_epoch("r", "s1"),
            stores.sessions.list("r", "u1"),
            stores.revocations.publish("r", [RevocationEntry(kind="sid", value="s1")]),
            stores.revocations.snapshot("r"),
            stores.one_time.consume("r", "t1", expires_at=2e9),
            stores.prune(),
            users.find_by_id("u1"),
            users.find_by_login("ann"),
            users.set_password_hash("u1", "h", expected=None),
            users.add(NewUser(login="ann", password_hash="h")),
        ):
            with pytest.raises(StoreUnavailableError):
                await call
        await stores.close()
    await sqlite_threads_ended()


async def test_a_database_that_comes_back_is_used_again() -> None:
    """Connections that died with it do not stand in the way."""
    with running_postgres() as server:
        stores = sql_stores(server.url)
        await stores.create_tables()
        await asyncio.gather(*(stores.sessions.add(new_session(f"s{n}")) for n in range(8)))
        server.stop()
        with pytest.raises(StoreUnavailableError):
            await stores.sessions.find("https://a.example", "s1")
        server.start()
        found = await asyncio.gather(
            *(stores.sessions.find("https://a.example", f"s{n}") for n in range(8))
        )
        assert all(row is not None for row in found)
        await stores.close()


async def test_a_database_that_is_starting_is_no_broken_one() -> None:
    """It tells that it is starting: 503, and never 500; then it is used as if nothing was."""
    with running_postgres() as server:
        stores = sql_stores(server.url)
        await stores.create_tables()
        await stores.sessions.add(new_session())
        server.stop()
        server.start(accepting=False)
        for call in (
            stores.sessions.find(REALM, "s1"),
            stores.sessions.revoke(REALM, "s1", reason="logout"),
            stores.revocations.snapshot(REALM),
        ):
            with pytest.raises(StoreUnavailableError) as caught:
                await call
            assert state_of(caught.value) == "57P03"  # cannot_connect_now
        server.stop()
        server.start()
        assert await stores.sessions.find(REALM, "s1") is not None
        await stores.close()


def state_of(error: BaseException | None) -> str | None:
    """Return what PostgreSQL said, from whatever it was wrapped in."""
    while error is not None:
        state = getattr(error, "sqlstate", None) or getattr(
            getattr(error, "orig", None), "sqlstate", None
        )
        if state is not None:
            return str(state)
        error = error.__cause__
    return None


class Crowd:
    """Requests that go on while a server is restarted."""

    def __init__(self, stores: SQLStores) -> None:
        self._stores = stores
        self._ended = asyncio.Event()
        self.answered = 0
        self.refused = 0

    async def ask(self) -> None:
        """Ask until the end; whatever is not the one error ends it badly."""
        while not self._ended.is_set():
            try:
                assert await self._stores.sessions.find(REALM, "s1") is not None
                await self._stores.revocations.publish("r", [revoked("s1")])
            except StoreUnavailableError:
                self.refused += 1
                await asyncio.sleep(0.01)
            else:
                self.answered += 1

    async def is_answered(self) -> None:
        """Wait until it is, again and again."""
        enough = self.answered + 20
        async with asyncio.timeout(60):
            while self.answered < enough:  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.01)

    def end(self) -> None:
        """Let everybody go home."""
        self._ended.set()


async def test_requests_during_a_restart_are_answered_or_told_to_come_again() -> None:
    """Whatever a driver raises when its connection is cut, it is the one error."""
    with running_postgres() as server:
        stores = sql_stores(server.url)
        await stores.create_tables()
        await stores.sessions.add(new_session())
        crowd = Crowd(stores)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(8):
                tasks.create_task(crowd.ask())
            for how in (signal.SIGINT, signal.SIGQUIT):  # in order, and as after a crash
                await crowd.is_answered()
                await asyncio.to_thread(server.stop, how)
                await asyncio.to_thread(server.start)
            await crowd.is_answered()
            crowd.end()
        assert crowd.refused > 0
        await stores.close()


def revoked(sid: str, *, min_epoch: int | None = None) -> RevocationEntry:
    """Return an entry."""
    return RevocationEntry(kind="sid", value=sid, min_epoch=min_epoch)


WAITING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    " AND datname = current_database() AND query LIKE :verb || '%jwtkit_revocations%'"
)
LOOK_ANEW = text("SELECT pg_stat_clear_snapshot()")


class Opponents:
    """Sessions of PostgreSQL that want two rows of a publish in the other order, in turn.

    Of two who wait for each other PostgreSQL ends the one that looks first: never these.
    """

    def __init__(self, url: str, table: str) -> None:
        self._engine = create_async_engine(
            url, connect_args={"server_settings": {"deadlock_timeout": "1h"}}
        )
        self._touch = text(f"UPDATE {table} SET reason = 'x' WHERE value = :value")  # noqa: S608
        self._tasks: list[asyncio.Task[None]] = []

    async def line_up(self, count: int) -> None:
        """Let one take the last row and the others wait for it."""
        first = asyncio.Event()
        self._tasks = [asyncio.create_task(self._stand_in_the_way(first)) for _ in range(count)]
        async with asyncio.timeout(60), self._engine.connect() as connection:
            await first.wait()
            await self._until_waiting(connection, "UPDATE", count - 1)

    async def _stand_in_the_way(self, has_it: asyncio.Event) -> None:
        """Take the last row, wait until a publish waits for it, then ask for the first."""
        async with asyncio.timeout(60), self._engine.connect() as connection:
            await connection.execute(self._touch, {"value": "s150"})
            has_it.set()
            await self._until_waiting(connection, "INSERT", 1)
            await connection.execute(self._touch, {"value": "s001"})
            await connection.rollback()

    @staticmethod
    async def _until_waiting(connection: AsyncConnection, verb: str, count: int) -> None:
        while await connection.scalar(WAITING, {"verb": verb}) != count:
            await connection.execute(LOOK_ANEW)
            await asyncio.sleep(0.005)

    async def gone(self) -> None:
        """Wait until all have had their turn."""
        await asyncio.gather(*self._tasks)

    async def close(self) -> None:
        """End the connections."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._engine.dispose()


@asynccontextmanager
async def contested(postgres_url: str) -> AsyncIterator[tuple[SQLStores, Opponents]]:
    """Make a feed of two hundred entries, and somebody who wants them in another order."""
    async with postgres_database(postgres_url) as database:
        await database.engine.dispose()
        quick = create_async_engine(
            postgres_url, connect_args={"server_settings": {"deadlock_timeout": "20ms"}}
        )
        stores = sql_stores(quick, metadata=database.tables.sessions.metadata)
        await stores.revocations.publish("r", many(min_epoch=1))
        table = f"{database.tables.revocations.schema}.jwtkit_revocations"
        opponents = Opponents(postgres_url, table)
        try:
            yield stores, opponents
        finally:
            await opponents.close()
            await quick.dispose()


def many(*, min_epoch: int) -> list[RevocationEntry]:
    """Return so many entries that publishing them takes a transaction."""
    return [revoked(f"s{number:03}", min_epoch=min_epoch) for number in range(200)]


@pytest.fixture
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again however slow the machine is: here the number of attempts is at stake."""
    monkeypatch.setattr(retry, "RETRY_WITHIN_SECONDS", 60.0)


@pytest.mark.usefixtures("_patient")
@pytest.mark.parametrize("deadlocks", [1, 3])
async def test_a_deadlock_is_tried_again(postgres_url: str, deadlocks: int) -> None:
    """PostgreSQL ends one of two who wait for each other; up to three times nobody is told."""
    async with contested(postgres_url) as (stores, opponents):
        await opponents.line_up(deadlocks)
        await stores.revocations.publish("r", many(min_epoch=2))
        await opponents.gone()
        page = await stores.revocations.snapshot("r")
        assert {entry.min_epoch for entry in page.entries} == {2}


@pytest.mark.usefixtures("_patient")
async def test_four_deadlocks_are_a_store_that_does_not_answer(postgres_url: str) -> None:
    """Then the client is told to come again, and nothing is half done."""
    async with contested(postgres_url) as (stores, opponents):
        await opponents.line_up(4)
        with pytest.raises(StoreUnavailableError, match="revocation_publish_failed") as caught:
            await stores.revocations.publish("r", many(min_epoch=2))
        assert state_of(caught.value) == "40P01"  # deadlock_detected
        await opponents.gone()
        page = await stores.revocations.snapshot("r")
        assert {entry.min_epoch for entry in page.entries} == {1}
        await stores.revocations.publish("r", many(min_epoch=2))
