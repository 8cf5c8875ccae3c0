"""All SQL stores of an application at once, from a URL or an engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import URL, MetaData
from sqlalchemy.ext.asyncio import AsyncEngine

from fastapi_jwtkit.stores.sqlalchemy.counters import SQLCounterStore
from fastapi_jwtkit.stores.sqlalchemy.creation import TableCreation, create_tables
from fastapi_jwtkit.stores.sqlalchemy.engines import LoopEngines
from fastapi_jwtkit.stores.sqlalchemy.one_time import SQLOneTimeStore
from fastapi_jwtkit.stores.sqlalchemy.revocations import SQLRevocationStore
from fastapi_jwtkit.stores.sqlalchemy.sessions import SQLSessionStore
from fastapi_jwtkit.stores.sqlalchemy.tables import JWTKitTables, tables

__all__ = ["SQLStores", "sql_stores"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SQLStores:
    """The stores of a kit, in one database.

    Attributes:
        engine: yours, or one for each event loop.
        tables: where they write.
        creation: creates those that are missing before the first use; ``None``: nobody does.
    """

    sessions: SQLSessionStore
    revocations: SQLRevocationStore
    one_time: SQLOneTimeStore
    counters: SQLCounterStore
    engine: AsyncEngine | LoopEngines
    tables: JWTKitTables
    creation: TableCreation | None = None

    async def prepare(self) -> Sequence[str]:
        """Create the tables where the stores were told to; the first statement would too.

        Raises:
            StoreUnavailableError: the database does not answer, or forbids it.
        """
        if self.creation is not None:
            await self.creation.ensure()
        return ()

    async def create_tables(self) -> None:
        """Create the tables that are missing. Several workers may do it at once.

        Where Alembic migrates the database, leave it to Alembic.

        Raises:
            StoreUnavailableError: the database does not answer, or forbids it.
        """
        await create_tables(self.engine, self.tables.all())

    async def prune(self) -> int:
        """Delete everything that is over, and say how many rows that were."""
        return (
            await self.sessions.prune()
            + await self.revocations.prune()
            + await self.one_time.prune()
            + await self.counters.prune()
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
        create_tables: whether those that are missing are created: as a kit starts, or
            before the first statement; leave it off where Alembic migrates the database.
        poll: seconds between two reads of the revocation feed.

    Raises:
        ConfigurationError: the URL cannot work, or names another kind of database.
    """
    engine = url_or_engine if isinstance(url_or_engine, AsyncEngine) else LoopEngines(url_or_engine)
    made = tables(MetaData() if metadata is None else metadata)
    creation = TableCreation(engine, made.all()) if create_tables else None
    return SQLStores(
        sessions=SQLSessionStore(engine, tables=made, creation=creation),
        revocations=SQLRevocationStore(engine, tables=made, poll=poll, creation=creation),
        one_time=SQLOneTimeStore(engine, tables=made, creation=creation),
        counters=SQLCounterStore(engine, tables=made, creation=creation),
        engine=engine,
        tables=made,
        creation=creation,
    )
