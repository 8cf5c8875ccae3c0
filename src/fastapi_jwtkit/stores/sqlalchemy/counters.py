"""Counters that end by themselves, each a row that one statement changes."""

from __future__ import annotations

import logging

from sqlalchemy import (
    BigInteger,
    CursorResult,
    Double,
    Integer,
    bindparam,
    case,
    delete,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql import Executable

from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.stores.sqlalchemy.creation import TableCreation
from fastapi_jwtkit.stores.sqlalchemy.database_time import DatabaseTime, StoreTime
from fastapi_jwtkit.stores.sqlalchemy.engines import LoopEngines
from fastapi_jwtkit.stores.sqlalchemy.inserts import insert_into
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
        table = (tables or plain_tables()).counters
        now = self._time.expression(dialect)
        by = bindparam("by", type_=BigInteger)
        ends = now + bindparam("window", type_=Double)
        which = (table.c.realm == bindparam("which_realm")) & (table.c.name == bindparam("which"))
        told = (table.c.value, table.c.expires_at - now)
        is_over = table.c.expires_at <= now
        self._raise = (
            insert_into(table, dialect)
            .values(realm=bindparam("which_realm"), name=bindparam("which"), value=by)
            .values(expires_at=ends)
            .on_conflict_do_update(
                index_elements=[table.c.realm, table.c.name],
                set_={
                    "value": case((is_over, by), else_=table.c.value + by),
                    "expires_at": case((is_over, ends), else_=table.c.expires_at),
                },
            )
            .returning(*told)
        )
        lowered = table.c.value + by
        self._lower = (
            update(table)
            .where(which, ~is_over)
            .values(value=case((lowered > 0, lowered), else_=0))
            .returning(*told)
        )
        self._find = select(*told).where(which, ~is_over)
        self._forget = delete(table).where(which)
        old = table.alias("old")
        over = (
            select(old.c.realm, old.c.name)
            .where(old.c.expires_at <= now)
            .order_by(old.c.expires_at)
            .limit(bindparam("batch", type_=Integer))
            .with_for_update(skip_locked=True)
        )
        self._sweep_over = delete(table).where(tuple_(table.c.realm, table.c.name).in_(over))

    async def increment(self, realm: str, key: str, /, *, by: int, window: float) -> Count:
        """Change a counter atomically and return what it is then."""
        if by <= 0:
            return await self._counted(self._lower, realm, key, {"by": by}, "increment")
        more = {"by": by, "window": window}
        count = await self._counted(self._raise, realm, key, more, "increment")
        if count.value == by:
            # With each counter that begins, a few that are over go.
            try:
                await self._sweep(SWEEP_BATCH)
            except StoreUnavailableError:
                logger.warning("counters that are over could not be swept")
        return count

    async def read(self, realm: str, key: str, /) -> Count:
        """Return a counter; one that is not there stands at 0."""
        return await self._counted(self._find, realm, key, {}, "read")

    async def forget(self, realm: str, key: str, /) -> None:
        """End a counter now."""
        values = {"which_realm": realm, "which": key}

        async def forget(connection: AsyncConnection) -> None:
            await connection.execute(self._forget, values)

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
        parameters = {"batch": batch} | self._time.parameters()

        async def sweep(connection: AsyncConnection) -> int:
            result: CursorResult[tuple[()]] = await connection.execute(self._sweep_over, parameters)
            return result.rowcount

        return await self._database.run(sweep, reason="counter_sweep_failed")
