"""Sessions in a SQL database: each write is one UPDATE that the database decides."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from sqlalchemy import Executable, RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.records import Advance, FoundSession, NewSession, Session
from fastapi_jwtkit.stores.sqlalchemy.creation import TableCreation
from fastapi_jwtkit.stores.sqlalchemy.database_time import DatabaseTime, StoreTime
from fastapi_jwtkit.stores.sqlalchemy.engines import LoopEngines
from fastapi_jwtkit.stores.sqlalchemy.retry import Database
from fastapi_jwtkit.stores.sqlalchemy.session_rows import row_of, session_of
from fastapi_jwtkit.stores.sqlalchemy.session_statements import SessionStatements
from fastapi_jwtkit.stores.sqlalchemy.tables import JWTKitTables, plain_tables

__all__ = ["SQLSessionStore"]

logger = logging.getLogger("fastapi_jwtkit")

SWEEP_BATCH = 20
PRUNE_BATCH = 1_000


class SQLSessionStore:
    """A ``SessionStore`` on PostgreSQL or SQLite.

    Args:
        engine: yours, or one for each event loop.
        tables: on your ``MetaData``; default: the same names without a schema.
        time: the store's own clock; tests hand in one with an offset.
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
        now = self._time.expression(self._database.dialect)
        self._statements = SessionStatements((tables or plain_tables()).sessions, now)

    async def add(self, new: NewSession, /) -> Session:
        """Store a login, then sweep a few rows that are over."""
        row = await self._row(self._statements.add, row_of(new), reason="session_add_failed")
        if row is None:  # pragma: no cover - an INSERT returns its row or raises
            raise StoreUnavailableError("session_add_failed")
        try:
            await self._sweep(SWEEP_BATCH)
        except StoreUnavailableError:
            logger.warning("sessions that are over could not be swept")
        return session_of(row)

    async def find(self, realm: str, sid: str, /) -> FoundSession | None:
        """Return the row and the time of reading; expired and revoked rows included."""
        row = await self._row(
            self._statements.find, _named(realm, sid), reason="session_find_failed"
        )
        return None if row is None else FoundSession(session=session_of(row), now=row["now"])

    async def advance(self, realm: str, sid: str, advance: Advance, /) -> Session | None:
        """Spend a refresh token; see the port."""
        parameters = _named(realm, sid) | {
            "presented": advance.presented,
            "this_attempt": advance.attempt,
        }
        changes = {
            "known_epoch": advance.epoch,
            "slide": advance.idle_ttl,
            "next_mac_key_id": advance.mac_key_id,
        }
        row = await self._row(
            self._statements.advance, parameters | changes, reason="session_advance_failed"
        )
        if row is None:
            # Lost; or won by this very attempt, whose answer was lost on the way.
            row = await self._row(
                self._statements.won_before, parameters, reason="session_advance_failed"
            )
        return None if row is None else session_of(row)

    async def count_replay(self, realm: str, sid: str, /, *, counter: int) -> int | None:
        """Count one replay; see the port."""
        row = await self._row(
            self._statements.count_replay,
            _named(realm, sid) | {"known_counter": counter},
            reason="session_replay_failed",
        )
        return None if row is None else int(row["replays"])

    async def revoke(self, realm: str, sid: str, /, *, reason: str) -> bool:
        """End the session for good; an earlier reason stays. Say whether the row exists."""
        row = await self._row(
            self._statements.revoke,
            _named(realm, sid) | {"reason": reason},
            reason="session_revoke_failed",
        )
        return row is not None

    async def bump_epoch(self, realm: str, sid: str, /) -> int | None:
        """Raise the claims version by one and return it; ``None`` without a live row."""
        row = await self._row(
            self._statements.bump_epoch, _named(realm, sid), reason="session_bump_failed"
        )
        return None if row is None else int(row["epoch"])

    async def list(self, realm: str, subject: str, /) -> list[Session]:
        """Return the subject's live sessions, oldest first."""
        parameters = {"in_realm": realm, "of_subject": subject} | self._time.parameters()

        async def read(connection: AsyncConnection) -> list[Session]:
            rows = await connection.execute(self._statements.list, parameters)
            return [session_of(row) for row in rows.mappings()]

        return await self._database.run(read, reason="session_list_failed")

    async def prune(self) -> int:
        """Delete every row that is over, in batches, and say how many there were.

        Logins sweep a few each; call it where many sessions end and few begin.
        """
        pruned = 0
        while (count := await self._sweep(PRUNE_BATCH)) > 0:
            pruned += count
        return pruned

    async def overdue(self) -> int:
        """Count the rows that are over and were not deleted yet."""

        async def count(connection: AsyncConnection) -> int:
            rows = await connection.execute(self._statements.overdue, self._time.parameters())
            return int(rows.scalar_one())

        return await self._database.run(count, reason="session_count_failed")

    async def erase(self, realm: str, subject: str, /) -> int:
        """Delete the subject's rows that are revoked or expired; see the port."""
        return await self._delete(
            self._statements.erase,
            {"in_realm": realm, "of_subject": subject},
            reason="session_erase_failed",
        )

    async def _sweep(self, batch: int) -> int:
        return await self._delete(
            self._statements.sweep, {"batch": batch}, reason="session_sweep_failed"
        )

    async def _delete(
        self, statement: Executable, parameters: Mapping[str, object], *, reason: str
    ) -> int:
        """Run a statement and return how many rows it deleted."""
        parameters = dict(parameters) | self._time.parameters()

        async def delete(connection: AsyncConnection) -> int:
            return (await connection.execute(statement, parameters)).rowcount

        return await self._database.run(delete, reason=reason)

    async def _row(
        self, statement: Executable, parameters: Mapping[str, object], *, reason: str
    ) -> RowMapping | None:
        """Run a statement and return its only row."""
        parameters = dict(parameters) | self._time.parameters()

        async def read(connection: AsyncConnection) -> RowMapping | None:
            return (await connection.execute(statement, parameters)).mappings().one_or_none()

        return await self._database.run(read, reason=reason)


def _named(realm: str, sid: str) -> dict[str, object]:
    return {"in_realm": realm, "with_sid": sid}
