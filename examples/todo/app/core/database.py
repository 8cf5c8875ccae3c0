"""The database: engine, sessions, tables."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from sqlalchemy import event, make_url
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from examples.todo.app.models import Table

__all__ = ["Database", "shown_url"]

# Per connection: SQLite checks foreign keys only when told to, WAL lets readers read
# while somebody writes, and a writer waits for its turn rather than fail.
_SQLITE = ("PRAGMA foreign_keys=ON", "PRAGMA journal_mode=WAL", "PRAGMA busy_timeout=15000")


class Database:
    """One engine and what makes sessions on it. Connects at first use, not before.

    Args:
        url: SQLAlchemy URL with an async driver.
    """

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        # A server that was restarted left dead connections in the pool.
        self.engine = create_async_engine(self._url, pool_pre_ping=not self._is_sqlite)
        self.sessions: async_sessionmaker[AsyncSession] = async_sessionmaker(
            self.engine, expire_on_commit=False
        )
        if self._is_sqlite:
            event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)

    async def create_tables(self) -> None:
        """Make the tables that are missing: enough for a demo, no substitute for migrations."""
        path = self._url.database
        if self._is_sqlite and path and path != ":memory:" and not path.startswith("file:"):
            _make_private(Path(path))
        async with self.engine.begin() as connection:
            await connection.run_sync(Table.metadata.create_all)

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()

    @property
    def is_in_memory(self) -> bool:
        """Whether it ends with this process, and no other process sees it."""
        name = self._url.database or ":memory:"
        is_named_so = ":memory:" in name or self._url.query.get("mode") == "memory"
        return self._is_sqlite and is_named_so

    @property
    def _is_sqlite(self) -> bool:
        return self._url.get_backend_name() == "sqlite"


def shown_url(url: str) -> str:
    """Return a database URL as it may be printed: without its password.

    Nor with its options: some drivers take the password there.
    """
    return make_url(url).set(query={}).render_as_string(hide_password=True)


def _make_private(path: Path) -> None:
    # The file holds password hashes; SQLite itself would let everybody read it. Its
    # -wal and -shm files take over the mode.
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


class _Cursor(Protocol):
    def execute(self, statement: str, /) -> object: ...
    def close(self) -> None: ...


class _Connection(Protocol):
    def cursor(self) -> _Cursor: ...


def _prepare_sqlite(connection: _Connection, record: object) -> None:
    del record
    cursor = connection.cursor()
    for statement in _SQLITE:
        cursor.execute(statement)
    cursor.close()
