"""All SQL stores of an application at once, from a URL or an engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import URL, Connection, MetaData, Table, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from fastapi_jwtkit.stores.sqlalchemy.engines import LoopEngines
from fastapi_jwtkit.stores.sqlalchemy.one_time import SQLOneTimeStore
from fastapi_jwtkit.stores.sqlalchemy.retry import Database
from fastapi_jwtkit.stores.sqlalchemy.revocations import SQLRevocationStore
from fastapi_jwtkit.stores.sqlalchemy.sessions import SQLSessionStore
from fastapi_jwtkit.stores.sqlalchemy.tables import JWTKitTables, tables

__all__ = ["SQLStores", "create_tables", "sql_stores"]

_CREATION_LOCK = 0x6A77746B6974  # "jwtkit"


@dataclass(frozen=True, slots=True, kw_only=True)
class SQLStores:
    """The stores of a kit, in one database.

    Attributes:
        engine: yours, or one for each event loop.
        tables: where they write.
    """

    sessions: SQLSessionStore
    revocations: SQLRevocationStore
    one_time: SQLOneTimeStore
    engine: AsyncEngine | LoopEngines
    tables: JWTKitTables
    creates_tables: bool = False

    async def prepare(self) -> Sequence[str]:
        """Create the tables where the stores were told to.

        Raises:
            StoreUnavailableError: the database does not answer, or forbids it.
        """
        if self.creates_tables:
            await self.create_tables()
        return ()

    async def create_tables(self) -> None:
        """Create the tables that are missing. Several workers may do it at once.

        Where Alembic migrates the database, leave it to Alembic.

        Raises:
            StoreUnavailableError: the database does not answer, or forbids it.
        """
        ours = self.tables
        await create_tables(self.engine, [ours.sessions, ours.revocations, ours.one_time])

    async def prune(self) -> int:
        """Delete everything that is over, and say how many rows that were."""
        return (
            await self.sessions.prune()
            + await self.revocations.prune()
            + await self.one_time.prune()
        )

    async def close(self) -> None:
        """Close the connections of this event loop, where the engine is not yours."""
        if isinstance(self.engine, LoopEngines):
            await self.engine.close()


def sql_stores(
    url_or_engine: str | URL | AsyncEngine,
    *,
    metadata: MetaData | None = None,
    create_tables: bool = False,
    poll: float = 1.0,
) -> SQLStores:
    """Return the stores on a database. Opens nothing: that is done at first use.

    Args:
        url_or_engine: a URL with an asynchronous driver (``postgresql+asyncpg://…``,
            ``sqlite+aiosqlite:///…``), or an engine of yours, which then serves the one
            event loop that you use it in.
        metadata: yours, with the tables on it or not; default: one without a schema.
        create_tables: whether ``prepare``, which a kit calls as it starts, creates those
            that are missing; leave it off where Alembic migrates the database.
        poll: seconds between two reads of the revocation feed.

    Raises:
        ConfigurationError: the URL cannot work, or names another kind of database.
    """
    engine = url_or_engine if isinstance(url_or_engine, AsyncEngine) else LoopEngines(url_or_engine)
    made = tables(MetaData() if metadata is None else metadata)
    return SQLStores(
        sessions=SQLSessionStore(engine, tables=made),
        revocations=SQLRevocationStore(engine, tables=made, poll=poll),
        one_time=SQLOneTimeStore(engine, tables=made),
        engine=engine,
        tables=made,
        creates_tables=create_tables,
    )


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
