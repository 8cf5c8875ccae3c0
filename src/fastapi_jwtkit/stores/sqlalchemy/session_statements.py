"""The statements of the session store. Each write is one, and none makes a row.

A row is live while it is not revoked and ``idle_expiry``, which never passes
``absolute_expiry``, lies ahead by the database's own clock.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    Executable,
    Integer,
    Table,
    Text,
    Update,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)

from fastapi_jwtkit.records import SESSION_VERSION
from fastapi_jwtkit.stores.sqlalchemy.tables import spent_names

__all__ = ["SessionStatements"]


class SessionStatements:
    """A statement for each verb, built once.

    Args:
        table: ``jwtkit_sessions``.
        now: the store's time, see ``StoreTime``.
    """

    def __init__(self, table: Table, now: ColumnElement[float]) -> None:
        self._table = table
        self._now = now
        self.add = self._add()
        self.find: Executable = select(table, now.label("now")).where(self._named())
        self.advance = self._advance()
        self.won_before = self._won_before()
        self.count_replay = self._count_replay()
        self.revoke = self._revoke()
        self.bump_epoch = self._bump_epoch()
        self.list = self._list()
        self.sweep = self._sweep()
        over = table.c.absolute_expiry <= now
        self.overdue: Executable = select(func.count()).select_from(table).where(over)
        self.erase = self._erase()

    def _named(self) -> ColumnElement[bool]:
        columns = self._table.c
        return and_(
            columns.realm == bindparam("in_realm", type_=Text),
            columns.sid == bindparam("with_sid", type_=Text),
        )

    def _live(self) -> ColumnElement[bool]:
        columns = self._table.c
        return and_(
            columns.revoked_at.is_(None),
            columns.idle_expiry > self._now,
            # What a later format means by its columns is not known here.
            columns.version == literal(SESSION_VERSION, literal_execute=True),
        )

    def _write(self, *conditions: ColumnElement[bool]) -> Update:
        return update(self._table).where(self._named(), *conditions)

    def _add(self) -> Executable:
        return (
            insert(self._table)
            .values(
                created_at=self._now,
                last_seen_at=self._now,
                absolute_expiry=self._now + bindparam("absolute_ttl", type_=Double),
                idle_expiry=self._now + bindparam("idle_ttl", type_=Double),
            )
            .returning(*self._table.c)
        )

    def _advance(self) -> Executable:
        columns = self._table.c
        presented = bindparam("presented", type_=columns.counter.type)
        idle_expiry = self._now + bindparam("slide", type_=Double)
        changes: dict[str, Any] = {
            "counter": presented + 1,
            "replays": 0,
            "replay_streak": case((columns.replays > 0, columns.replay_streak + 1), else_=0),
            "idle_expiry": case(
                (idle_expiry < columns.absolute_expiry, idle_expiry),
                else_=columns.absolute_expiry,
            ),
            "last_seen_at": self._now,
            "mac_key_id": bindparam("next_mac_key_id", type_=Text),
            "attempt": bindparam("this_attempt", type_=Text),
        }
        unchanged = columns.epoch == bindparam("known_epoch", type_=Integer)
        return (
            self._write(self._live(), columns.counter <= presented, unchanged)
            .values(**changes, **self._shifted(presented - columns.counter))
            .returning(*columns)
        )

    def _shifted(self, skipped: ColumnElement[int]) -> dict[str, ColumnElement[Any]]:
        """Return the spend times after one more: a 0.0 for each skipped number, then now."""
        columns = [self._table.c[name] for name in spent_names()]
        last = len(columns) - 1
        shifted: dict[str, ColumnElement[Any]] = {columns[last].name: self._now}
        for place, column in enumerate(columns[:last]):
            # Moved by one place for the rotation and one for each number it skipped.
            moved = [(_number(by), columns[place + by + 1]) for by in range(last - place)]
            shifted[column.name] = case(*moved, value=skipped, else_=_number(0.0))
        return shifted

    def _won_before(self) -> Executable:
        columns = self._table.c
        return select(self._table).where(
            self._named(),
            self._live(),
            columns.counter == bindparam("presented", type_=columns.counter.type) + 1,
            columns.attempt == bindparam("this_attempt", type_=Text),
        )

    def _count_replay(self) -> Executable:
        columns = self._table.c
        unchanged = columns.counter == bindparam("known_counter", type_=columns.counter.type)
        counted = self._write(self._live(), unchanged).values(replays=columns.replays + 1)
        return counted.returning(columns.replays)

    def _revoke(self) -> Executable:
        columns = self._table.c
        is_first = columns.revoked_at.is_(None)
        return (
            self._write()
            .values(
                revoked_at=case((is_first, self._now), else_=columns.revoked_at),
                revoked_reason=case(
                    (is_first, bindparam("reason", type_=Text)), else_=columns.revoked_reason
                ),
            )
            .returning(columns.sid)
        )

    def _bump_epoch(self) -> Executable:
        columns = self._table.c
        bumped = self._write(self._live()).values(epoch=columns.epoch + 1)
        return bumped.returning(columns.epoch)

    def _list(self) -> Executable:
        columns = self._table.c
        return (
            select(self._table)
            .where(
                columns.realm == bindparam("in_realm", type_=Text),
                columns.subject == bindparam("of_subject", type_=Text),
                columns.revoked_at.is_(None),
                columns.idle_expiry > self._now,
            )
            .order_by(columns.created_at, columns.sid)
        )

    def _erase(self) -> Executable:
        columns = self._table.c
        return delete(self._table).where(
            columns.realm == bindparam("in_realm", type_=Text),
            columns.subject == bindparam("of_subject", type_=Text),
            or_(columns.revoked_at.is_not(None), columns.idle_expiry <= self._now),
        )

    def _sweep(self) -> Executable:
        table = self._table
        key = (table.c.realm, table.c.sid)
        old = table.alias("old")
        over = (
            select(old.c.realm, old.c.sid)
            .where(old.c.absolute_expiry <= self._now)
            .order_by(old.c.absolute_expiry)
            .limit(bindparam("batch", type_=Integer))
            # What another worker sweeps is swept: nobody waits for anybody.
            .with_for_update(skip_locked=True)
        )
        return delete(table).where(tuple_(*key).in_(over))


def _number(value: float) -> ColumnElement[Any]:
    """Return a number that is part of the statement: forty parameters would be slow."""
    return literal_column(repr(value))
