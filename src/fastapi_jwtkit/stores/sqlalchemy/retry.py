"""One call of the database: retried where that is right, and one error for the rest."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.store_errors import store_call
from fastapi_jwtkit.stores.sqlalchemy.engines import LoopEngines

__all__ = ["Database", "Preparation"]

Answer = TypeVar("Answer")

DIALECTS = ("postgresql", "sqlite")
PAUSES = (0.01, 0.05, 0.2)
"""Seconds before each retry, give or take a half."""
RETRY_WITHIN_SECONDS = 3.0
"""A call that took this long is not retried: whoever waits for it gave up."""

# PostgreSQL, appendix A: serialization_failure, deadlock_detected.
_PASSING_STATES = frozenset({"40001", "40P01"})
# SQLITE_BUSY and SQLITE_LOCKED, with their extended codes.
_PASSING_CODES = frozenset({5, 6})
_PRIMARY_CODE = 0xFF


class Preparation(Protocol):
    """What has to be done once before the first statement."""

    @property
    def is_done(self) -> bool:
        """Whether it is."""
        ...

    async def ensure(self) -> None:
        """Do it, if nobody has."""
        ...


class Database:
    """Runs statements on the engine of the running event loop.

    Args:
        engine: yours, or one for each event loop.
        preparation: of the database.
    """

    def __init__(
        self, engine: AsyncEngine | LoopEngines, *, preparation: Preparation | None = None
    ) -> None:
        self._engine = engine
        self._preparation = preparation
        self.dialect = engine.dialect.name if isinstance(engine, AsyncEngine) else engine.dialect
        if self.dialect not in DIALECTS:
            raise ConfigurationError(
                f"The SQL stores do not stand on {self.dialect}.",
                why="Each write is one UPDATE … RETURNING, tested on PostgreSQL and on SQLite.",
                fix="Use postgresql+asyncpg://… or sqlite+aiosqlite:///….",
                docs="how-to/sql/",
            )

    async def run(
        self,
        work: Callable[[AsyncConnection], Awaitable[Answer]],
        *,
        reason: str,
        transaction: bool = False,
    ) -> Answer:
        """Run ``work`` on a connection, each statement committed by itself.

        A deadlock, a serialization failure and a busy SQLite file are tried again, three
        times and within three seconds.

        Args:
            work: may be run more than once.
            reason: of the ``StoreUnavailableError``.
            transaction: commit all statements at once instead.

        Raises:
            StoreUnavailableError: the database did not answer, or not in a way we know.
        """
        if self._preparation is not None and not self._preparation.is_done:
            await self._preparation.ensure()
        started = time.monotonic()
        with store_call(reason):
            for pause in PAUSES:
                try:
                    return await self._run_once(work, transaction=transaction)
                except DBAPIError as error:
                    if not _is_passing(error) or _elapsed(started) > RETRY_WITHIN_SECONDS:
                        raise
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
            return await self._run_once(work, transaction=transaction)

    async def _run_once(
        self, work: Callable[[AsyncConnection], Awaitable[Answer]], *, transaction: bool
    ) -> Answer:
        engine = self._engine if isinstance(self._engine, AsyncEngine) else self._engine.here()
        try:
            async with engine.connect() as connection:
                # A level of our own: by the engine's a lost race could be an error.
                await connection.execution_options(isolation_level=self._isolation(transaction))
                answer = await work(connection)
                if transaction:
                    await connection.commit()
                return answer
        except StatementError as error:
            # Whoever logs the cause must not log password hashes.
            error.hide_parameters = True
            raise

    def _isolation(self, transaction: bool) -> str:  # noqa: FBT001 - ours alone
        if not transaction:
            return "AUTOCOMMIT"
        return "READ COMMITTED" if self.dialect == "postgresql" else "SERIALIZABLE"


def _is_passing(error: DBAPIError) -> bool:
    """Say whether the same statement may succeed a moment later."""
    original: object = error.orig
    while original is not None:  # the driver's own error is the cause of SQLAlchemy's
        state = getattr(original, "sqlstate", None)
        code = getattr(original, "sqlite_errorcode", None)
        if state in _PASSING_STATES:
            return True
        if isinstance(code, int) and code & _PRIMARY_CODE in _PASSING_CODES:
            return True
        original = getattr(original, "__cause__", None)
    return False


def _elapsed(started: float) -> float:
    return time.monotonic() - started
