"""What every table shares: names for constraints, ids, and times in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import DateTime, Dialect, MetaData
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

__all__ = ["ID_CHARACTERS", "Table", "UtcDateTime", "new_id", "utc_now"]

ID_CHARACTERS = 36


class Table(DeclarativeBase):
    """The registry of the application's tables."""

    # Constraints get predictable names, so that a migration can find them.
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time: zone-aware in Python, UTC in the database.

    SQLite has no zones: without this, what is stored aware comes back naive.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store in UTC and refuse a time without a zone."""
        del dialect
        if value is not None and value.tzinfo is None:
            message = "a time without a zone names no point in time"
            raise ValueError(message)
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return what was stored, with its zone."""
        del dialect
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


def new_id() -> str:
    """Return an id that is never given twice.

    A random UUID rather than a counter: an id stays unique when a deleted row was the
    newest, when a backup is restored and when two databases are merged, and it tells
    nobody how many accounts or tasks there are.
    """
    return str(uuid4())


def utc_now() -> datetime:
    """Return the current time."""
    return datetime.now(UTC)
