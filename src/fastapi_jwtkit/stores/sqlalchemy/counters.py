"""Counters that end by themselves, each a row that one statement changes."""

from __future__ import annotations

import logging

from sqlalchemy import CursorResult
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql import Executable

from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.stores.sqlalchemy.counter_statements import counter_statements
from fastapi_jwtkit.stores.sqlalchemy.creation import TableCreation
from fastapi_jwtkit.stores.sqlalchemy.database_time import DatabaseTime, StoreTime
from fastapi_jwtkit.stores.sqlalchemy.engines import LoopEngines
from fastapi_jwtkit.stores.sqlalchemy.retry import Database
from fastapi_jwtkit.stores.sqlalchemy.tables import JWTKitTables, plain_tables
from fastapi_jwtkit.throttling import Count

__all__ = ["SQLCounterStore"]

logger = logging.getLogger("fastapi_jwtkit")

SWEEP_BATCH = 20
PRUNE_BATCH = 1_000
_NOTHING = Count(0, 0.0)


class SQLCounterStore:
    """A ``CounterStore`` on PostgreSQL or SQLite.

    Args:
        engine: yours, or one for each event loop.
        tables: on your ``MetaData``; default: the same names without a schema.
        time: decides when a counter is over; tests hand in one with an offset.
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
        dialect = self._database.dialect
        self._statements = counter_statements(
            (tables or plain_tables()).counters, dialect, self._time.expression(dialect)
        )

    async def increment(self, realm: str, key: str, /, *, by: int, window: float) -> Count:
        """Change a counter atomically and return what it is then."""
        if by <= 0:
            return await self._counted(self._statements.take, realm, key, {"by": by}, "increment")
        more = {"by": by, "window": window}
        count = await self._counted(self._statements.add, realm, key, more, "increment")
        if count.value == by:
            # With each counter that begins, a few that are over go.
            try:
                await self._sweep(SWEEP_BATCH)
            except StoreUnavailableError:
                logger.warning("counters that are over could not be swept")
        return count

    async def read(self, realm: str, key: str, /) -> Count:
        """Return a counter; one that is not there stands at 0."""
        return await self._counted(self._statements.find, realm, key, {}, "read")

    async def forget(self, realm: str, key: str, /) -> None:
        """End a counter now."""
        values = {"which_realm": realm, "which": key}

        async def forget(connection: AsyncConnection) -> None:
            await connection.execute(self._statements.forget, values)

        await self._database.run(forget, reason="counter_forget_failed")

    async def prune(self) -> int:
        """Delete every counter that is over, in batches, and say how many there were."""
        pruned = 0
        while (count := await self._sweep(PRUNE_BATCH)) > 0:
            pruned += count
        return pruned

    async def _counted(
        self, statement: Executable, realm: str, key: str, more: dict[str, float], verb: str
    ) -> Count:
        values = {"which_realm": realm, "which": key} | more | self._time.parameters()

        async def ask(connection: AsyncConnection) -> Count:
            row = (await connection.execute(statement, values)).first()
            return _NOTHING if row is None else Count(int(row[0]), float(row[1]))

        return await self._database.run(ask, reason=f"counter_{verb}_failed")

    async def _sweep(self, batch: int) -> int:
        statement = self._statements.sweep
        parameters = {"batch": batch} | self._time.parameters()

        async def sweep(connection: AsyncConnection) -> int:
            result: CursorResult[tuple[()]] = await connection.execute(statement, parameters)
            return result.rowcount

        return await self._database.run(sweep, reason="counter_sweep_failed")
