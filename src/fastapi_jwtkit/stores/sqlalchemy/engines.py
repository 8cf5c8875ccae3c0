"""An engine for each event loop: connections of a loop are of no use to another."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import URL, AsyncAdaptedQueuePool, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from fastapi_jwtkit.errors import ConfigurationError

__all__ = ["LoopEngines"]

CONNECT_SECONDS = 2.0
COMMAND_SECONDS = 5.0
POOL_WAIT_SECONDS = 5.0
BUSY_MILLISECONDS = 2_000
_EXAMPLES = "postgresql+asyncpg://user:password@host/name or sqlite+aiosqlite:///./app.db"


@dataclass(frozen=True, slots=True)
class _Opened:
    process: int
    engine: AsyncEngine
    life: AsyncGenerator[None]


class LoopEngines:
    """Makes an engine at first use in a (process, event loop), and none before.

    Args:
        url: of the database, with an asynchronous driver.

    Raises:
        ConfigurationError: the URL cannot work.
    """

    def __init__(self, url: str | URL) -> None:
        self._url = _checked(url)
        self.dialect = self._url.get_backend_name()
        self._lock = threading.Lock()
        self._opened: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Opened] = (
            weakref.WeakKeyDictionary()
        )
        self._inherited: list[_Opened] = []

    def here(self) -> AsyncEngine:
        """Return the engine of the running event loop."""
        loop = asyncio.get_running_loop()
        with self._lock:
            opened = self._opened.get(loop)
            if opened is None or opened.process != os.getpid():
                opened = self._open(loop, inherited=opened)
        return opened.engine

    async def close(self) -> None:
        """Close the connections of the running event loop; the next call opens new ones."""
        with self._lock:
            opened = self._opened.pop(asyncio.get_running_loop(), None)
        if opened is not None and opened.process == os.getpid():
            await opened.life.aclose()

    def _open(self, loop: asyncio.AbstractEventLoop, *, inherited: _Opened | None) -> _Opened:
        if inherited is not None:
            # Kept, for a child must not talk on the sockets of its parent.
            self._inherited.append(inherited)
        engine = _engine(self._url)
        opened = _Opened(os.getpid(), engine, self._live(loop, engine))
        # An event loop that ends closes its generators first, and so these connections:
        # nothing has to be closed where a loop lives for one test or one request.
        with suppress(StopIteration):
            opened.life.asend(None).send(None)
        self._opened[loop] = opened
        return opened

    async def _live(
        self, loop: asyncio.AbstractEventLoop, engine: AsyncEngine
    ) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            with self._lock:
                opened = self._opened.get(loop)
                if opened is not None and opened.engine is engine:
                    del self._opened[loop]
            await engine.dispose()


def _checked(url: str | URL) -> URL:
    try:
        parsed = make_url(url)
        dialect = parsed.get_dialect()
    except (ArgumentError, NoSuchModuleError, ValueError):
        # Without the cause: it shows the URL, and the password in it.
        raise ConfigurationError(
            "The URL of the database cannot be understood.",
            fix=f"Write it as {_EXAMPLES}.",
            docs="how-to/sql/",
        ) from None
    if not dialect.is_async:
        raise ConfigurationError(
            f"{parsed.drivername} is no asynchronous driver.",
            why="A synchronous one would stop the event loop for each query.",
            fix=f"Write the URL as {_EXAMPLES}.",
            docs="how-to/sql/",
        )
    names_memory = ":memory:" in (parsed.database or ":memory:")
    in_memory = names_memory or parsed.query.get("mode") == "memory"
    if parsed.get_backend_name() == "sqlite" and in_memory:
        raise ConfigurationError(
            "A SQLite database in memory is no place for sessions.",
            why="Each connection would have a database of its own.",
            fix="Name a file, as in sqlite+aiosqlite:///./app.db, or leave the stores out.",
            docs="how-to/sql/",
        )
    return parsed


def _engine(url: URL) -> AsyncEngine:
    options: dict[str, Any] = {
        # Errors of the driver show statements; the values in them are nobody's business.
        "hide_parameters": True,
        "poolclass": AsyncAdaptedQueuePool,  # SQLAlchemy 2.0 has another for SQLite
        "pool_timeout": POOL_WAIT_SECONDS,
    }
    if url.get_backend_name() == "postgresql":
        # A server that was restarted left dead connections in the pool.
        options["pool_pre_ping"] = True
    if url.drivername == "postgresql+asyncpg":
        options["connect_args"] = {"timeout": CONNECT_SECONDS, "command_timeout": COMMAND_SECONDS}
    try:
        engine = create_async_engine(url, **options)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"The driver {error.name} is not installed.",
            fix=f"pip install {error.name}",
            docs="how-to/sql/",
        ) from None
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    return engine


class _Cursor(Protocol):
    def execute(self, statement: str, /) -> object: ...
    def fetchone(self) -> Any: ...
    def close(self) -> None: ...


class _Connection(Protocol):
    def cursor(self) -> _Cursor: ...


def _prepare_sqlite(connection: _Connection, record: object) -> None:
    """Let readers read beside the writer, and writers wait for each other."""
    del record
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA journal_mode")
    # The mode stays with the file: only the first of all processes has to switch it.
    if cursor.fetchone()[0] != "wal":
        cursor.execute("PRAGMA journal_mode=WAL")
    cursor.close()
