"""The revocation feed in a SQL table, followed by polling."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.records import REVOCATION_VERSION, FeedPage, RevocationEntry
from fastapi_jwtkit.revocation_entries import merge_entries
from fastapi_jwtkit.stores.sqlalchemy.database_time import DatabaseTime, StoreTime
from fastapi_jwtkit.stores.sqlalchemy.engines import LoopEngines
from fastapi_jwtkit.stores.sqlalchemy.feed_position import FeedPosition
from fastapi_jwtkit.stores.sqlalchemy.retry import Database
from fastapi_jwtkit.stores.sqlalchemy.revocation_statements import ENTRY, RevocationStatements
from fastapi_jwtkit.stores.sqlalchemy.tables import JWTKitTables, plain_tables

__all__ = ["SQLRevocationStore"]

logger = logging.getLogger("fastapi_jwtkit")

OVERLAP_SECONDS = 5.0
"""A publish that takes longer than this to commit is found by the next whole read."""
WHOLE_EVERY_SECONDS = 60.0
SWEEP_BATCH = 20
PRUNE_BATCH = 1_000
ONE_STATEMENT = 100
"""Entries that are published by one statement; more need a transaction around many."""
# A worker that is stopped before its COMMIT must not commit after the overlap.
_COMMIT_SOON = text("SET LOCAL idle_in_transaction_session_timeout = '3s'")
_EVERYTHING = (-1, 0.0)
_Row = Sequence[Any]
"""The columns of ``READ``, ``born_at`` and ``now``; an entry is all ``None`` if there is none."""


class SQLRevocationStore:
    """A ``RevocationStore`` on PostgreSQL or SQLite.

    Args:
        engine: yours, or one for each event loop.
        tables: on your ``MetaData``; default: the same names without a schema.
        time: the store's own clock; tests hand in one with an offset.
        poll: seconds between two reads of a follower.
    """

    def __init__(
        self,
        engine: AsyncEngine | LoopEngines,
        *,
        tables: JWTKitTables | None = None,
        time: StoreTime | None = None,
        poll: float = 1.0,
    ) -> None:
        self._database = Database(engine)
        self._time = time or DatabaseTime()
        self._poll = poll
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
        rows = await self._read(realm, above=_EVERYTHING[0])
        born_at, now = rows[0][-2:]
        # What was added long ago leaves no gap below it that could still fill.
        again_from, again_added_at = _highest(rows, added_before=now - 2 * OVERLAP_SECONDS)
        highest, highest_added_at = _highest(rows)
        position = FeedPosition(
            again_from=again_from,
            again_added_at=again_added_at,
            highest=highest,
            highest_added_at=highest_added_at,
            marked_at=now,
            whole_at=now,
            born_at=born_at,
        )
        return FeedPage(
            entries=_entries(rows), position=position.to_text(), whole=True, born_at=born_at
        )

    async def follow(self, realm: str, position: str, /) -> FeedPage:
        """Wait for one poll, then return what came after ``position``.

        Entries of the last seconds come again; so does the whole state once a minute,
        after the table was emptied or set back to a backup, and after the database's
        clock went back.
        """
        await asyncio.sleep(self._poll)
        known = FeedPosition.from_text(position)
        if known is None:
            return await self.snapshot(realm)
        rows = await self._read(realm, above=known.again_from - 1)
        born_at, now = rows[0][-2:]
        is_fresh = known.marked_at <= now < known.whole_at + WHOLE_EVERY_SECONDS
        if not is_fresh or born_at != known.born_at or not _stands_on(known, rows):
            return await self.snapshot(realm)
        again_from = known.again_from
        if now >= known.marked_at + OVERLAP_SECONDS:
            known = _moved_on(known, rows, now=now)
        new = [row for row in rows if row[0] != again_from]
        return FeedPage(
            entries=_entries(new), position=known.to_text(), whole=False, born_at=born_at
        )

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

    async def _read(self, realm: str, *, above: int) -> Sequence[_Row]:
        """Return one row at least: a realm without a birth is born now."""
        parameters: dict[str, Any] = {"in_realm": realm, "above": above}
        parameters |= self._time.parameters()
        birth: dict[str, Any] = {"realm": realm} | self._time.parameters()

        async def read(connection: AsyncConnection) -> Sequence[_Row]:
            rows = (await connection.execute(self._statements.read, parameters)).all()
            if rows:
                return rows
            await connection.execute(self._statements.give_birth, birth)
            return (await connection.execute(self._statements.read, parameters)).all()

        rows = await self._database.run(read, reason="revocation_read_failed")
        if not rows:
            raise StoreUnavailableError("revocation_read_failed")
        return rows


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


def _entries(rows: Sequence[_Row]) -> tuple[RevocationEntry, ...]:
    return tuple(_entry_of(row) for row in rows if row[0] is not None)


def _entry_of(row: _Row) -> RevocationEntry:
    _, _, version, kind, value, min_epoch, not_before, expires_at, reason, _, _ = row
    if version != REVOCATION_VERSION:
        # Nobody may be let in past an entry that cannot be read.
        raise StoreUnavailableError("revocation_version_unknown")
    return RevocationEntry(
        kind=kind,
        value=value,
        min_epoch=min_epoch,
        not_before=not_before,
        expires_at=expires_at,
        reason=reason,
    )


def _highest(rows: Sequence[_Row], *, added_before: float = math.inf) -> tuple[int, float]:
    """Return the number and the time of the entry that was added last."""
    marks = (row[:2] for row in rows if row[0] is not None and row[1] <= added_before)
    number, added_at = max(marks, key=lambda mark: int(mark[0]), default=_EVERYTHING)
    return int(number), float(added_at)


def _stands_on(known: FeedPosition, rows: Sequence[_Row]) -> bool:
    """Say whether the entry that a position stands on is still there.

    If not, it is over, or it grew, or the database was set back to before it was added.
    """
    mark = (known.again_from, known.again_added_at)
    return mark == _EVERYTHING or mark in {tuple(row[:2]) for row in rows}


def _moved_on(known: FeedPosition, rows: Sequence[_Row], *, now: float) -> FeedPosition:
    highest, highest_added_at = max(
        (known.highest, known.highest_added_at), _highest(rows), key=lambda mark: mark[0]
    )
    return replace(
        known,
        again_from=known.highest,
        again_added_at=known.highest_added_at,
        highest=highest,
        highest_added_at=highest_added_at,
        marked_at=now,
    )
