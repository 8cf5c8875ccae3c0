"""The revocation feed in a SQL table, followed by polling."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.records import FeedPage, RevocationEntry
from fastapi_jwtkit.revocation_entries import merge_entries
from fastapi_jwtkit.stores.sqlalchemy.creation import TableCreation
from fastapi_jwtkit.stores.sqlalchemy.database_time import DatabaseTime, StoreTime
from fastapi_jwtkit.stores.sqlalchemy.engines import LoopEngines
from fastapi_jwtkit.stores.sqlalchemy.feed_position import FeedPosition
from fastapi_jwtkit.stores.sqlalchemy.feed_rows import NO_MARK, FeedRows, Mark
from fastapi_jwtkit.stores.sqlalchemy.retry import Database
from fastapi_jwtkit.stores.sqlalchemy.revocation_statements import ENTRY, RevocationStatements
from fastapi_jwtkit.stores.sqlalchemy.tables import JWTKitTables, plain_tables

__all__ = ["SQLRevocationStore"]

logger = logging.getLogger("fastapi_jwtkit")

OVERLAP_SECONDS = 5.0
"""A publish that takes longer than this to commit is found by the next whole read."""
WHOLE_EVERY_SECONDS = 60.0
DOUBTED_AGAIN_SECONDS = 2.0
"""Between two whole reads because an entry is gone that may have grown."""
HASTY_POLLS, HASTY_SECONDS = 5, 5.0
"""After it went back all workers put back what they know, and each is to hear of the others' at
once: for some seconds a follower reads so many times as often."""
SWEEP_BATCH = 20
PRUNE_BATCH = 1_000
ONE_STATEMENT = 100
"""Entries that are published by one statement; more need a transaction around many."""
AT_A_TIME = 500
"""Rows that are made into entries in one turn of the event loop: a few milliseconds."""
# A worker that is stopped before its COMMIT must not commit after the overlap.
_COMMIT_SOON = text("SET LOCAL idle_in_transaction_session_timeout = '3s'")


class SQLRevocationStore:
    """A ``RevocationStore`` on PostgreSQL or SQLite.

    Args:
        engine: yours, or one for each event loop.
        tables: on your ``MetaData``; default: the same names without a schema.
        time: the store's own clock; tests hand in one with an offset.
        poll: seconds between two reads of a follower.
        creation: creates the tables before the first statement; default: nobody does.
    """

    def __init__(
        self,
        engine: AsyncEngine | LoopEngines,
        *,
        tables: JWTKitTables | None = None,
        time: StoreTime | None = None,
        poll: float = 1.0,
        creation: TableCreation | None = None,
    ) -> None:
        self._database = Database(engine, preparation=creation)
        self._time = time or DatabaseTime()
        self._poll = poll
        self._hasty_until = float("-inf")
        dialect = self._database.dialect
        self._statements = RevocationStatements(
            (tables or plain_tables()).revocations, dialect, self._time.expression(dialect)
        )

    @property
    def sync_after(self) -> float:
        """Seconds after which a map that heard nothing reads again: 2.5 polls."""
        return 2.5 * self._poll

    async def publish(self, realm: str, entries: Sequence[RevocationEntry], /) -> None:
        """Add entries, all or none; one that is known grows and never shrinks."""
        # In one order everywhere, so that two who publish do not wait for each other.
        rows = [_row_of(realm, entry) for entry in sorted(_merged(entries), key=_name)]
        time = self._time.parameters()

        async def write(connection: AsyncConnection) -> None:
            if len(rows) <= ONE_STATEMENT:
                await connection.execute(self._statements.publish(rows), time)
                return
            if self._database.dialect == "postgresql":
                await connection.execute(_COMMIT_SOON)
            await connection.execute(self._statements.publish_each, [row | time for row in rows])

        if rows:
            await self._database.run(
                write, reason="revocation_publish_failed", transaction=len(rows) > ONE_STATEMENT
            )
        try:
            await self._sweep(SWEEP_BATCH)
        except StoreUnavailableError:
            logger.warning("revocations that are over could not be swept")

    async def snapshot(self, realm: str, /) -> FeedPage:
        """Return the whole state and the position from which to follow it."""
        read = await self._read(realm)
        position = FeedPosition(
            # What was added long ago leaves no gap below it that could still fill.
            again_from=read.settled,
            highest=read.highest,
            latest=read.highest,
            marked_at=read.now,
            whole_at=read.now,
            born_at=read.born_at,
        )
        return _page(read, position, whole=True)

    async def follow(self, realm: str, position: str, /) -> FeedPage:
        """Wait for one poll, then return what came after ``position``.

        Entries of the last seconds come again; so does the whole state once a minute,
        after the table was emptied or set back to a backup, and after the database's
        clock went back.
        """
        loop = asyncio.get_running_loop()
        is_hasty = loop.time() < self._hasty_until
        await asyncio.sleep(self._poll / HASTY_POLLS if is_hasty else self._poll)
        known = FeedPosition.from_text(position)
        if known is None:
            return await self.snapshot(realm)
        read = await self._read(realm, above=known.again_from, latest=known.latest)
        is_fresh = known.marked_at <= read.now < known.whole_at + WHOLE_EVERY_SECONDS
        went_back = read.born_at != known.born_at or _was_set_back(read, known)
        if went_back:
            self._hasty_until = loop.time() + HASTY_SECONDS
        if went_back or not is_fresh:
            return await self.snapshot(realm)
        if known.latest not in read.missing:
            known = replace(known, latest=read.highest)
        if read.now >= known.marked_at + OVERLAP_SECONDS:
            highest = max(known.highest, read.highest)
            known = replace(known, again_from=known.highest, highest=highest, marked_at=read.now)
        return _page(read, known, whole=False)

    async def prune(self) -> int:
        """Delete every entry that is over, in batches, and say how many there were."""
        pruned = 0
        while (count := await self._sweep(PRUNE_BATCH)) > 0:
            pruned += count
        return pruned

    async def _sweep(self, batch: int) -> int:
        parameters = {"batch": batch} | self._time.parameters()

        async def sweep(connection: AsyncConnection) -> int:
            return (await connection.execute(self._statements.sweep, parameters)).rowcount

        return await self._database.run(sweep, reason="revocation_sweep_failed")

    async def _read(self, realm: str, *, above: Mark = NO_MARK, latest: Mark = NO_MARK) -> FeedRows:
        """Read what is above an entry, and that entry; a realm without a birth is born now."""
        time = self._time.parameters()
        below = {"in_realm": realm, "above": max(above[0] - 1, NO_MARK[0])} | time
        birth = {"realm": realm} | time

        async def read(connection: AsyncConnection) -> FeedRows:
            found = FeedRows(settling=2 * OVERLAP_SECONDS, above=above, latest=latest)
            await self._fill(found, connection, below)
            if not found.is_born:
                await connection.execute(self._statements.give_birth, birth)
                await self._fill(found, connection, below)
            return found

        found = await self._database.run(read, reason="revocation_read_failed")
        if not found.is_born:
            raise StoreUnavailableError("revocation_read_failed")
        return found

    async def _fill(
        self, rows: FeedRows, connection: AsyncConnection, parameters: Mapping[str, Any]
    ) -> None:
        result = await connection.execute(self._statements.read, parameters)
        while some := result.fetchmany(AT_A_TIME):
            rows.add(some)
            await asyncio.sleep(0)  # a hundred thousand at once would keep requests waiting


def _row_of(realm: str, entry: RevocationEntry) -> dict[str, Any]:
    return {"realm": realm} | {name: getattr(entry, name) for name in ENTRY}


def _name(entry: RevocationEntry) -> tuple[str, str]:
    return entry.kind, entry.value


def _merged(entries: Iterable[RevocationEntry]) -> Iterable[RevocationEntry]:
    """Return one entry for each name: a statement cannot write a row twice."""
    merged: dict[tuple[str, str], RevocationEntry] = {}
    for entry in entries:
        merged[_name(entry)] = merge_entries(entry, merged.get(_name(entry), entry))
    return merged.values()


def _was_set_back(read: FeedRows, known: FeedPosition) -> bool:
    """Say whether an entry is gone that was there: not by itself, or it is over or grew.

    One that grows again and again, as when somebody logs out again and again, must not
    make every read a whole one.
    """
    if known.again_from in read.missing:
        return True
    return known.latest in read.missing and read.now >= known.whole_at + DOUBTED_AGAIN_SECONDS


def _page(read: FeedRows, position: FeedPosition, *, whole: bool) -> FeedPage:
    return FeedPage(
        entries=tuple(read.entries),
        position=position.to_text(),
        whole=whole,
        born_at=read.born_at,
    )
