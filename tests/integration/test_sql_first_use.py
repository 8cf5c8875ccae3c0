"""The tables of a store that has a URL alone are there when they are needed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import inspect
from sqlalchemy.ext.asyncio import create_async_engine

from contract.session_store import new_session
from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.stores.from_url import stores_from_url
from fastapi_jwtkit.stores.sqlalchemy import sql_stores
from sql_databases import sqlite_threads_ended


async def tables_of(url: str) -> set[str]:
    """Return the names of the tables of a database."""
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))
    finally:
        await engine.dispose()


async def test_tables_are_made_at_first_use_by_all_callers_at_once(tmp_path: Path) -> None:
    """Where nobody called ``prepare``: a mounted app has no lifespan."""
    stores = stores_from_url(f"sqlite+aiosqlite:///{tmp_path / 'store.db'}")
    await asyncio.gather(
        *(stores.sessions.add(new_session(f"s{number}")) for number in range(8)),
        stores.revocations.snapshot("r"),
        stores.one_time.consume("r", "t1", expires_at=2e9),
    )
    await stores.close()
    await sqlite_threads_ended()


async def test_tables_are_made_once_the_database_is_there(tmp_path: Path) -> None:
    """A worker may start before its database does."""
    folder = tmp_path / "later"
    stores = stores_from_url(f"sqlite+aiosqlite:///{folder / 'store.db'}")
    with pytest.raises(StoreUnavailableError, match="tables_not_created"):
        await stores.prepare()
    with pytest.raises(StoreUnavailableError, match="tables_not_created"):
        await stores.sessions.find("r", "s1")
    folder.mkdir()
    assert await stores.sessions.find("r", "s1") is None
    await stores.close()
    await sqlite_threads_ended()


async def test_no_table_is_made_by_stores_that_were_not_told_to(tmp_path: Path) -> None:
    """Alembic may be the one that does it."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'store.db'}"
    stores = sql_stores(url)
    await stores.prepare()
    with pytest.raises(StoreUnavailableError, match="session_find_failed"):
        await stores.sessions.find("r", "s1")
    await stores.close()
    assert await tables_of(url) == set()
    await sqlite_threads_ended()
