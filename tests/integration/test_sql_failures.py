"""SQL databases that fail: down, starting, restarted, and in each other's way."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest
from sqlalchemy import text

from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.records import NewUser, RevocationEntry
from fastapi_jwtkit.stores.sqlalchemy import sql_stores
from fastapi_jwtkit.stores.sqlalchemy.users import SQLUserStore
from fastapi_jwtkit.testing.contracts.session_data import advance, new_session
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
