"""Creating the tables: by several workers at once, and before the first statement."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sqlalchemy import Connection, Table, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from fastapi_jwtkit.stores.sqlalchemy.engines import LoopEngines
from fastapi_jwtkit.stores.sqlalchemy.retry import Database

__all__ = ["TableCreation", "create_tables"]

_CREATION_LOCK = 0x6A77746B6974  # "jwtkit"


class TableCreation:
    """Creates tables before the first statement of this process, and only then.

    Args:
        engine: yours, or one for each event loop.
        tables: all of one ``MetaData``.
    """

    def __init__(self, engine: AsyncEngine | LoopEngines, tables: Sequence[Table]) -> None:
        self._engine = engine
        self._tables = tables
        self._flights: dict[asyncio.AbstractEventLoop, asyncio.Task[None]] = {}
        self.is_done = False
        """Whether they were there once: they are then, for other event loops and forks too."""

    async def ensure(self) -> None:
        """Create what is missing; callers in one event loop at one time share one attempt.

        Raises:
            StoreUnavailableError: the database does not answer, or forbids it; the next
                call tries again.
        """
        if self.is_done:
            return
        loop = asyncio.get_running_loop()
        flight = self._flights.get(loop)
        if flight is None:
            flight = loop.create_task(self._create(loop), name="jwtkit-create-tables")
            self._flights[loop] = flight
        # A caller that gives up does not take the tables of the others with it.
        await asyncio.shield(flight)

    async def _create(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            await create_tables(self._engine, self._tables)
            self.is_done = True
        finally:
            del self._flights[loop]


async def create_tables(engine: AsyncEngine | LoopEngines, wanted: Sequence[Table]) -> None:
    """Create those of the tables, all of one ``MetaData``, that are missing.

    Raises:
        StoreUnavailableError: the database does not answer, or forbids it.
    """
    database = Database(engine)

    def create(connection: Connection) -> None:
        wanted[0].metadata.create_all(connection, tables=wanted)

    async def work(connection: AsyncConnection) -> None:
        # One after the other: two who look and create at once would both create.
        if database.dialect == "postgresql":
            lock = text("SELECT pg_advisory_xact_lock(:lock)")
            await connection.execute(lock, {"lock": _CREATION_LOCK})
        else:
            await connection.exec_driver_sql("BEGIN IMMEDIATE")
        await connection.run_sync(create)

    await database.run(work, reason="tables_not_created", transaction=True)
