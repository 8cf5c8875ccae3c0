"""What PostgreSQL does for each statement: it finds rows by an index."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import DeclarativeBase

from fastapi_jwtkit.records import NewUser, RevocationEntry
from fastapi_jwtkit.stores.sqlalchemy import SQLStores, sql_stores
from fastapi_jwtkit.stores.sqlalchemy.users import SQLUserStore, UserColumns
from fastapi_jwtkit.testing.contracts.session_data import REALM, advance, new_session
from sql_databases import Database, postgres_database, statements_of


def person(schema: str | None) -> type[UserColumns]:
    """Return a model of users in the schema of a test."""

    class Table(DeclarativeBase):
        metadata = MetaData(schema=schema)

    class Person(UserColumns, Table):
        __tablename__ = "jwtkit_users"

    return Person


@pytest.fixture
async def crowded(postgres_url: str) -> AsyncIterator[Database]:
    """Return a PostgreSQL that holds so much that no index is left aside."""
    async with postgres_database(postgres_url) as database:
        schema = database.tables.sessions.schema
        async with database.engine.begin() as connection:
            await connection.run_sync(person(schema).metadata.create_all)
            await connection.exec_driver_sql(FILL.format(schema=schema))
        async with database.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            for table in ("sessions", "revocations", "one_time", "counters", "users"):
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
INSERT INTO {schema}.jwtkit_counters
SELECT 'https://a.example', 'x' || n, 1, 2e9 + n FROM generate_series(1, 20000) n;
INSERT INTO {schema}.jwtkit_users (id, login, is_active, scopes, roles, permissions)
SELECT 'u' || n, 'user' || n, true, '[]', '[]', '[]' FROM generate_series(1, 20000) n;
END $$
"""


async def use_sessions(stores: SQLStores) -> None:
    """Call each verb, a lost race included."""
    sessions = stores.sessions
    await sessions.add(new_session())
    await sessions.find(REALM, "s1")
    await sessions.advance(REALM, "s1", advance(0))
    await sessions.advance(REALM, "s1", advance(0))
    await sessions.count_replay(REALM, "s1", counter=1)
    await sessions.bump_epoch(REALM, "s1")
    await sessions.list(REALM, "u1")
    await sessions.revoke(REALM, "s1", reason="logout")


async def use_revocations(stores: SQLStores) -> None:
    """Publish few and many, and follow: reading the whole state may well read the table."""
    revocations = stores.revocations
    page = await revocations.follow(REALM, (await revocations.snapshot(REALM)).position)
    for count in (1, 7, 200):
        many = [RevocationEntry(kind="sid", value=f"s{n}", expires_at=4e9) for n in range(count)]
        await revocations.publish(REALM, many)
    await revocations.follow(REALM, page.position)


async def use_counters(stores: SQLStores) -> None:
    """Count up, down and anew."""
    counters = stores.counters
    await counters.increment(REALM, "k", by=1, window=60)
    await counters.increment(REALM, "k", by=-1, window=60)
    await counters.read(REALM, "k")
    await counters.forget(REALM, "k")


async def use_users(engine: AsyncEngine, schema: str | None) -> None:
    """Call each verb of a user store."""
    users = SQLUserStore(engine, model=person(schema))
    ann = await users.add(NewUser(login="ann", password_hash="h"))
    await users.find_by_login("ann")
    await users.find_by_id(ann.id)
    await users.set_password_hash(ann.id, "new", expected="h")
    await users.set_password_hash(ann.id, "new", expected=None)
    await users.change(ann.id, roles={"admin"}, is_active=False)
    await users.remove(ann.id)


async def test_every_query_is_on_an_index(crowded: Database) -> None:
    """Each statement of each verb, the sweeps of rows that are over included."""
    stores = sql_stores(crowded.engine, metadata=crowded.tables.sessions.metadata, poll=0.01)
    with statements_of(crowded.engine) as noted:
        await use_sessions(stores)
        await use_revocations(stores)
        await stores.one_time.consume(REALM, "t1", expires_at=2e9)
        await use_counters(stores)
        await stores.prune()
        await use_users(crowded.engine, crowded.tables.sessions.schema)
    asked = {
        (statement, parameters)
        for statement, parameters in noted
        if statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE"))
        and not is_whole_read(statement, parameters)
    }
    tables = ("sessions", "revocations", "one_time", "counters", "users")
    for table in tables:
        verbs = {statement.split()[0] for statement, _ in asked if f"jwtkit_{table}" in statement}
        assert "INSERT" in verbs
        assert "DELETE" in verbs
    async with crowded.engine.connect() as connection:
        for statement, parameters in dict(asked).items():
            explained = await connection.exec_driver_sql("EXPLAIN " + statement, parameters)
            plan = "\n".join(explained.scalars())
            assert "Seq Scan" not in plan, f"{statement}\n{plan}"


def is_whole_read(statement: str, parameters: tuple[object, ...]) -> bool:
    """Say whether a statement reads the feed from its beginning."""
    return statement.startswith("SELECT") and "AS birth" in statement and -1 in parameters
