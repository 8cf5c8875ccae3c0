"""What the counter store says to the database: one statement for each verb."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Integer,
    Table,
    bindparam,
    case,
    delete,
    select,
    tuple_,
    update,
)
from sqlalchemy.sql import Executable
from sqlalchemy.sql.dml import Delete

from fastapi_jwtkit.stores.sqlalchemy.inserts import insert_into

__all__ = ["CounterStatements", "counter_statements"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterStatements:
    """The statements; those about one counter take ``which_realm`` and ``which``.

    Attributes:
        add: counts ``by`` up, for ``window`` seconds from the first on.
        take: counts down; ``by`` is negative.
        find: reads.
        forget: ends one.
        sweep: deletes ``batch`` that are over.
    """

    add: Executable
    take: Executable
    find: Executable
    forget: Delete
    sweep: Delete


def counter_statements(table: Table, dialect: str, now: ColumnElement[float]) -> CounterStatements:
    """Return the statements on a table.

    Args:
        table: of counters.
        dialect: of the database.
        now: the time by which a counter is over.
    """
    which = (table.c.realm == bindparam("which_realm")) & (table.c.name == bindparam("which"))
    told = (table.c.value, table.c.expires_at - now)
    is_over = table.c.expires_at <= now
    lowered = table.c.value + bindparam("by", type_=BigInteger)
    return CounterStatements(
        add=_add(table, dialect, now),
        take=update(table)
        .where(which, ~is_over)
        .values(value=case((lowered > 0, lowered), else_=0))
        .returning(*told),
        find=select(*told).where(which, ~is_over),
        forget=delete(table).where(which),
        sweep=_sweep(table, now),
    )


def _add(table: Table, dialect: str, now: ColumnElement[float]) -> Executable:
    by = bindparam("by", type_=BigInteger)
    ends = now + bindparam("window", type_=Double)
    is_over = table.c.expires_at <= now
    return (
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
        .returning(table.c.value, table.c.expires_at - now)
    )


def _sweep(table: Table, now: ColumnElement[float]) -> Delete:
    old = table.alias("old")
    over = (
        select(old.c.realm, old.c.name)
        .where(old.c.expires_at <= now)
        .order_by(old.c.expires_at)
        .limit(bindparam("batch", type_=Integer))
        .with_for_update(skip_locked=True)
    )
    return delete(table).where(tuple_(table.c.realm, table.c.name).in_(over))
