"""SQL databases by their URLs: what is refused, what is opened, what is shown."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from fastapi_jwtkit.errors import ConfigurationError, StoreUnavailableError
from fastapi_jwtkit.records import NewUser
from fastapi_jwtkit.stores.sqlalchemy import LoopEngines, SQLStores, sql_stores
from fastapi_jwtkit.stores.sqlalchemy.users import SQLUserStore
from fastapi_jwtkit.testing.contracts.session_data import REALM
from sql_databases import sqlite_threads, sqlite_threads_ended


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


def test_connections_end_with_their_event_loop(empty_url: str) -> None:
    """Under a test client each request has a loop to itself, and nobody closes anything."""
    stores = sql_stores(empty_url, create_tables=True)

    async def use() -> None:
        await asyncio.gather(*(stores.sessions.find(REALM, f"s{n}") for n in range(4)))

    for _ in range(3):
        asyncio.run(use())
    assert asyncio.run(connections_to(empty_url)) == 0


async def connections_to(url: str) -> int:
    """Return how many connections there are to a database, beside the one that asks."""
    if url.startswith("sqlite"):
        await sqlite_threads_ended()
        return len(list(sqlite_threads()))
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        count = await connection.scalar(
            text("SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()")
        )
    await engine.dispose()
    return int(count or 0)


async def test_an_engine_closed_early_is_made_anew(empty_url: str) -> None:
    """Closing twice is fine, and so is using the stores afterwards."""
    stores = sql_stores(empty_url, create_tables=True)
    for _ in range(2):
        assert await stores.sessions.find(REALM, "s1") is None
        await stores.close()
        await stores.close()


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
