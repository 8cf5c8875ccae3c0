"""SQL databases as they are: query plans, failures, races of processes, configuration."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, event, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from fastapi_jwtkit.errors import ConfigurationError, StoreUnavailableError
from fastapi_jwtkit.records import NewUser, RevocationEntry
from fastapi_jwtkit.stores.sqlalchemy import LoopEngines, SQLStores, sql_stores
from fastapi_jwtkit.stores.sqlalchemy.users import SQLUserStore
from fastapi_jwtkit.testing.contracts.session_data import advance, new_session
from postgres_server import running_postgres
from sql_databases import Database, postgres_database, sqlite_threads_ended


@contextlib.contextmanager
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


@pytest.fixture
async def crowded(postgres_url: str) -> AsyncIterator[Database]:
    """Return a PostgreSQL that holds so much that no index is left aside."""
    async with postgres_database(postgres_url) as database:
        schema = database.tables.sessions.schema
        async with database.engine.begin() as connection:
            await connection.exec_driver_sql(FILL.format(schema=schema))
        async with database.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            for table in ("sessions", "revocations", "one_time"):
                await connection.exec_driver_sql(f"ANALYZE {schema}.jwtkit_{table}")
        yield database


FILL = """
DO $$ BEGIN
INSERT INTO {schema}.jwtkit_sessions
  (realm, sid, version, line, subject, client_id, audience, transport, auth_time, amr, epoch,
   created_at, absolute_expiry, idle_expiry, counter, mac_key_id, replays, replay_streak,
   last_seen_at)
SELECT 'https://a.example', 'x' || n, 1, 'line', 'u' || n % 5000, 'c', '[]', 'bearer', 1, '[]', 0,
   n, 2e9 + n, 2e9, 0, 'k', 0, 0, n FROM generate_series(1, 20000) n;
INSERT INTO {schema}.jwtkit_revocations
  (realm, kind, value, version, expires_at, reason, added_at)
SELECT 'https://a.example', 'sid', 'x' || n, 1, 2e9 + n, '', 1 FROM generate_series(1, 20000) n;
INSERT INTO {schema}.jwtkit_one_time
SELECT 'https://a.example', 'x' || n, 2e9 + n FROM generate_series(1, 20000) n;
END $$
"""


async def test_every_query_is_on_an_index(crowded: Database) -> None:
    """PostgreSQL says how it would run each statement of each verb."""
    realm = "https://a.example"
    stores = sql_stores(crowded.engine, metadata=crowded.tables.sessions.metadata, poll=0.01)
    sessions, revocations = stores.sessions, stores.revocations
    page = await revocations.snapshot(realm)
    with statements_of(crowded.engine) as noted:
        await sessions.add(new_session())
        await sessions.find(realm, "s1")
        await sessions.advance(realm, "s1", advance(0))
        await sessions.advance(realm, "s1", advance(0))
        await sessions.count_replay(realm, "s1", counter=1)
        await sessions.bump_epoch(realm, "s1")
        await sessions.list(realm, "u1")
        await sessions.revoke(realm, "s1", reason="logout")
        await revocations.publish(realm, [RevocationEntry(kind="sid", value="s1")])
        await revocations.follow(realm, page.position)
        await stores.one_time.consume(realm, "t1", expires_at=2e9)
        await stores.prune()
    assert len(noted) >= 15
    async with crowded.engine.connect() as connection:
        for statement, parameters in dict(noted).items():
            explained = await connection.exec_driver_sql("EXPLAIN " + statement, parameters)
            plan = "\n".join(explained.scalars())
            assert "Seq Scan" not in plan, f"{statement}\n{plan}"


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


async def test_a_deadlock_is_tried_again(postgres_url: str) -> None:
    """PostgreSQL ends one of two who wait for each other; nobody is told."""
    async with postgres_database(postgres_url) as database:
        stores = sql_stores(database.engine, metadata=database.tables.sessions.metadata)
        many = [RevocationEntry(kind="sid", value=f"s{n:03}", min_epoch=1) for n in range(200)]
        await stores.revocations.publish("r", many)
        table = f"{database.tables.revocations.schema}.jwtkit_revocations"
        touch = text(f"UPDATE {table} SET reason = 'x' WHERE value = :value")  # noqa: S608
        async with database.engine.connect() as other:
            await other.execute(touch, {"value": "s150"})
            grown = [RevocationEntry(kind="sid", value=f"s{n:03}", min_epoch=2) for n in range(200)]
            publishing = asyncio.create_task(stores.revocations.publish("r", grown))
            await asyncio.sleep(0.3)  # it holds the first hundred and waits for s150
            with contextlib.suppress(Exception):  # either may be the one that is ended
                await other.execute(touch, {"value": "s001"})
            await other.rollback()
        await publishing
        page = await stores.revocations.snapshot("r")
        assert {entry.min_epoch for entry in page.entries} == {2}


def test_several_processes_write_one_sqlite_file(tmp_path: Path) -> None:
    """They wait for each other: one of all attempts wins, and nobody gets an error."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'shared.db'}"
    command = [sys.executable, "-W", "error", "-c", RACE, url]
    racers = [
        subprocess.Popen([*command, str(n)], stdout=subprocess.PIPE, text=True)  # noqa: S603
        for n in range(3)
    ]
    try:
        won = [int(racer.communicate(timeout=60)[0]) for racer in racers]
    finally:
        for racer in racers:
            racer.kill()
            racer.communicate()
    assert [racer.returncode for racer in racers] == [0, 0, 0]
    assert sum(won) == 20


RACE = """
import asyncio, contextlib, sys
from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.records import Advance, NewSession
from fastapi_jwtkit.stores.sqlalchemy import sql_stores

async def race(url, name):
    stores = sql_stores(url)
    await stores.create_tables()
    with contextlib.suppress(StoreUnavailableError):  # another was first
        await stores.sessions.add(NewSession(
            realm="r", sid="s", line=b"l", subject="u", client_id="c", scope=None, audience=(),
            transport="bearer", auth_time=1, amr=(), mac_key_id="k", idle_ttl=1e6,
            absolute_ttl=1e6))
    won = 0
    for number in range(20):
        rows = await asyncio.gather(*(
            stores.sessions.advance("r", "s", Advance(presented=number, epoch=0, idle_ttl=1e6,
                mac_key_id="k", attempt=f"{name}-{number}-{n}")) for n in range(5)))
        won += sum(row is not None for row in rows)
        # The others are not to be left behind: a number above the counter wins as well.
        while (await stores.sessions.find("r", "s")).session.counter <= number:
            await asyncio.sleep(0.01)
    await stores.close()
    print(won)

asyncio.run(race(*sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://host/name", "no asynchronous driver"),
        ("sqlite+aiosqlite://", "in memory"),
        ("mysql+aiomysql://host/name", "do not stand on mysql"),
        ("not a url", "cannot be understood"),
        ("unknown+driver://user:hunter2@host/name", "cannot be understood"),
    ],
)
def test_a_url_that_cannot_work_is_refused_at_once(url: str, said: str) -> None:
    """With what to write instead, and without the password in it."""
    with pytest.raises(ConfigurationError, match=said) as caught:
        sql_stores(url)
    assert "hunter2" not in str(caught.value)


def test_making_stores_opens_nothing(tmp_path: Path) -> None:
    """No thread, no file and no socket before the first use."""
    threads = threading.active_count()
    stores: SQLStores = sql_stores(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")
    assert isinstance(stores.engine, LoopEngines)
    assert threading.active_count() == threads
    assert list(tmp_path.iterdir()) == []


def test_alembic_would_see_the_tables_on_ones_own_metadata() -> None:
    """Once, however often they are asked for, and in the schema of the metadata."""
    metadata = MetaData(schema="auth")
    first = sql_stores("sqlite+aiosqlite:///x.db", metadata=metadata)
    again = sql_stores("sqlite+aiosqlite:///x.db", metadata=metadata)
    assert first.tables == again.tables
    assert set(metadata.tables) == {
        "auth.jwtkit_sessions",
        "auth.jwtkit_revocations",
        "auth.jwtkit_one_time",
    }


def test_without_the_extra_the_import_says_what_to_install() -> None:
    """An import error, so that whoever guards the import is not surprised."""
    program = (
        "import sys; sys.modules['sqlalchemy'] = None\n"
        "try:\n    import fastapi_jwtkit.stores.sqlalchemy\n"
        "except ImportError as error:\n    print(type(error).__name__, error)"
    )
    command = [sys.executable, "-c", program]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
    assert said.startswith("MissingExtraError")
    assert "pip install 'fastapi-jwtkit[sqlalchemy]'" in said


async def test_an_error_shows_no_value_that_was_written(tmp_path: Path) -> None:
    """Whoever logs the cause of a failure logs no password hash."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")
    with pytest.raises(StoreUnavailableError) as caught:
        await SQLUserStore(engine).add(NewUser(login="ann", password_hash="hunter2"))
    assert "hunter2" not in str(caught.value.__cause__)
    assert "hunter2" not in repr(caught.value.__cause__)
    await engine.dispose()
    await sqlite_threads_ended()
