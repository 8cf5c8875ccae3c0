"""What may happen once, by the primary key of a table."""

from __future__ import annotations

import logging

from sqlalchemy import Double, Integer, bindparam, delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.stores.sqlalchemy.creation import TableCreation
from fastapi_jwtkit.stores.sqlalchemy.database_time import DatabaseTime, StoreTime
from fastapi_jwtkit.stores.sqlalchemy.engines import LoopEngines
from fastapi_jwtkit.stores.sqlalchemy.inserts import insert_into
from fastapi_jwtkit.stores.sqlalchemy.retry import Database
from fastapi_jwtkit.stores.sqlalchemy.tables import JWTKitTables, plain_tables

__all__ = ["SQLOneTimeStore"]

logger = logging.getLogger("fastapi_jwtkit")

SWEEP_BATCH = 20
PRUNE_BATCH = 1_000
CLOCK_SLACK_SECONDS = 120.0
"""An id is kept longer than it is valid: ``expires_at`` is by another machine's clock."""


class SQLOneTimeStore:
    """A ``OneTimeStore`` on PostgreSQL or SQLite.

    Args:
        engine: yours, or one for each event loop.
        tables: on your ``MetaData``; default: the same names without a schema.
        time: decides when an id may be forgotten; tests hand in one with an offset.
        creation: creates the tables before the first statement; default: nobody does.
    """

    def __init__(
        self,
        engine: AsyncEngine | LoopEngines,
        *,
        tables: JWTKitTables | None = None,
        time: StoreTime | None = None,
        creation: TableCreation | None = None,
    ) -> None:
        self._database = Database(engine, preparation=creation)
        self._time = time or DatabaseTime()
        table = (tables or plain_tables()).one_time
        dialect = self._database.dialect
        self._consume = (
            insert_into(table, dialect).on_conflict_do_nothing().returning(table.c.token_id)
        )
        old = table.alias("old")
        forgettable = bindparam("slack", CLOCK_SLACK_SECONDS, type_=Double)
        over = (
            select(old.c.realm, old.c.token_id)
            .where(old.c.expires_at <= self._time.expression(dialect) - forgettable)
            .order_by(old.c.expires_at)
            .limit(bindparam("batch", type_=Integer))
            .with_for_update(skip_locked=True)
        )
        self._forget = delete(table).where(tuple_(table.c.realm, table.c.token_id).in_(over))

    async def consume(self, realm: str, token_id: str, /, *, expires_at: float) -> bool:
        """Say ``True`` to the first caller with this id and ``False`` to all others."""
        values = {"realm": realm, "token_id": token_id, "expires_at": expires_at}

        async def insert(connection: AsyncConnection) -> bool:
            return (await connection.execute(self._consume, values)).first() is not None

        is_first = await self._database.run(insert, reason="one_time_consume_failed")
        try:
            await self._sweep(SWEEP_BATCH)
        except StoreUnavailableError:
            logger.warning("one-time ids that are over could not be swept")
        return is_first

    async def prune(self) -> int:
        """Delete every id that is over, in batches, and say how many there were."""
        pruned = 0
        while (count := await self._sweep(PRUNE_BATCH)) > 0:
            pruned += count
        return pruned

    async def _sweep(self, batch: int) -> int:
        parameters = {"batch": batch} | self._time.parameters()

        async def sweep(connection: AsyncConnection) -> int:
            return (await connection.execute(self._forget, parameters)).rowcount

        return await self._database.run(sweep, reason="one_time_sweep_failed")
