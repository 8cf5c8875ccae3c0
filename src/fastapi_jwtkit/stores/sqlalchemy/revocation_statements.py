"""The statements of the revocation feed.

The table is the state. A publish takes a new number, so that followers see an entry that
grew; merging never makes an entry kill less than it did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Executable,
    Integer,
    Table,
    Text,
    and_,
    bindparam,
    case,
    delete,
    or_,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from fastapi_jwtkit.records import REVOCATION_VERSION
from fastapi_jwtkit.stores.sqlalchemy.inserts import insert_into

__all__ = ["ENTRY", "READ", "RevocationStatements"]

ENTRY = ("version", "kind", "value", "min_epoch", "not_before", "expires_at", "reason")
"""Columns that hold the fields of a ``RevocationEntry``, under the same names."""
READ = ("seq", "added_at", *ENTRY)
"""Columns of an entry that are read, in this order; then ``born_at`` and ``now``."""
BIRTH = "born"
"""Kind of the one row per realm that tells when its state was made."""


class RevocationStatements:
    """Args: ``jwtkit_revocations``, the dialect, and the store's time (see ``StoreTime``)."""

    def __init__(self, table: Table, dialect: str, now: ColumnElement[float]) -> None:
        self._table = table
        self._dialect = dialect
        self._now = now
        self.publish_each = self._publish_each()
        self.give_birth = self._give_birth()
        self.read = self._read()
        self.sweep = self._sweep()

    def publish(self, rows: Sequence[Mapping[str, object]]) -> Executable:
        """Return the INSERT of a few entries, no two of one name."""
        insert = insert_into(self._table, self._dialect)
        return self._merging(insert.values([dict(row) | {"added_at": self._now} for row in rows]))

    def _publish_each(self) -> Executable:
        insert = insert_into(self._table, self._dialect)
        return self._merging(insert.values(added_at=self._now))

    def _merging(self, insert: postgresql.Insert | sqlite.Insert) -> Executable:
        columns, new = self._table.c, insert.excluded
        is_over = columns.expires_at <= self._now
        merged = {
            name: case((is_over, new[name]), else_=_stronger(columns[name], new[name]))
            for name in ("min_epoch", "not_before", "expires_at")
        }
        replaced = {name: new[name] for name in ("seq", "version", "reason", "added_at")}
        grows = [_is_stronger(new[name], columns[name]) for name in merged]
        return insert.on_conflict_do_update(
            index_elements=["realm", "kind", "value"],
            set_=replaced | merged,
            where=or_(is_over, *grows),
        )

    def _give_birth(self) -> Executable:
        return (
            insert_into(self._table, self._dialect)
            .values(kind=BIRTH, value="", reason="", version=REVOCATION_VERSION, added_at=self._now)
            .on_conflict_do_nothing(index_elements=["realm", "kind", "value"])
        )

    def _read(self) -> Executable:
        """Return the live entries above a number, each beside the birth and the time.

        One row at least where the state was born, also when there is no entry.
        """
        birth, entry = self._table.alias("birth"), self._table.alias("entry")
        is_live = or_(entry.c.expires_at.is_(None), entry.c.expires_at > self._now)
        above = entry.c.seq > bindparam("above", type_=BigInteger)
        joined = birth.outerjoin(
            entry,
            and_(entry.c.realm == birth.c.realm, above, entry.c.kind != BIRTH, is_live),
        )
        return (
            select(
                *(entry.c[name] for name in READ),
                birth.c.added_at.label("born_at"),
                self._now.label("now"),
            )
            .select_from(joined)
            .where(
                birth.c.realm == bindparam("in_realm", type_=Text),
                birth.c.kind == BIRTH,
                birth.c.value == "",
            )
        )

    def _sweep(self) -> Executable:
        old = self._table.alias("old")
        over = (
            select(old.c.seq)
            .where(old.c.expires_at <= self._now)
            .order_by(old.c.expires_at)
            .limit(bindparam("batch", type_=Integer))
            .with_for_update(skip_locked=True)
        )
        return delete(self._table).where(self._table.c.seq.in_(over))


def _is_stronger(new: ColumnElement[Any], known: ColumnElement[Any]) -> ColumnElement[bool]:
    return and_(known.is_not(None), or_(new.is_(None), new > known))


def _stronger(known: ColumnElement[Any], new: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the one that kills more: no limit, or the higher."""
    without_limit = or_(known.is_(None), new.is_(None))
    return case((without_limit, None), (known < new, new), else_=known)
