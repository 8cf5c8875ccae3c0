"""What time it is by the database: the one clock that all workers share."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import ColumnElement, Double, bindparam, cast, func, literal_column, type_coerce

__all__ = ["DatabaseTime", "StoreTime"]

_OFFSET = "offset_seconds"


class StoreTime(Protocol):
    """A time in SQL, in seconds since the epoch."""

    def expression(self, dialect: str, /) -> ColumnElement[float]:
        """Return the time; the same value wherever it stands in one statement."""
        ...

    def parameters(self) -> dict[str, float]:
        """Return the values of the parameters that ``expression`` has."""
        ...


class DatabaseTime:
    """The database's own clock.

    Args:
        offset: seconds that are added, for tests that move time; else 0.
    """

    def __init__(self, *, offset: float = 0.0) -> None:
        self.offset = offset

    def expression(self, dialect: str, /) -> ColumnElement[float]:
        """Return the database's now plus the offset."""
        return _now(dialect) + bindparam(_OFFSET, type_=Double)

    def parameters(self) -> dict[str, float]:
        """Return the offset."""
        return {_OFFSET: self.offset}


def _now(dialect: str) -> ColumnElement[float]:
    if dialect == "postgresql":
        # The start of the statement, not of the transaction. Unlike clock_timestamp() it
        # is one value per statement, and a stable one, so that an index can be asked.
        epoch: ColumnElement[float] = literal_column("extract(epoch FROM statement_timestamp())")
        return cast(epoch, Double)
    # To the millisecond, and 'now' stands still within a statement. unixepoch('subsec')
    # would say the same, from SQLite 3.42 on.
    return type_coerce((func.julianday("now") - 2440587.5) * 86400.0, Double)
