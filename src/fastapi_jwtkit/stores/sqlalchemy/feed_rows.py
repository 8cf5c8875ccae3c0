"""Rows of ``jwtkit_revocations`` to entries, a few at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.records import REVOCATION_VERSION, RevocationEntry

__all__ = ["NO_MARK", "FeedRows", "Mark"]

Mark = tuple[int, float]
"""The number of an entry and when it was added, by the database's clock (seconds)."""
NO_MARK: Mark = (-1, 0.0)
"""Below every number that the database gives."""
_Row = Sequence[Any]
"""The columns of ``READ``, ``born_at`` and ``now``; an entry is all ``None`` if there is none."""


class FeedRows:
    """What one read of the feed has brought so far.

    Args:
        settling: seconds after which nothing can appear below a number that was given.
        above: the entry from which the rows were read; it is known long since.
        latest: one that has to be among the rows, too.

    Attributes:
        entries: in no order, without ``above``.
        highest: the entry with the highest number.
        settled: the highest of those that are older than ``settling``.
        missing: which of the two was not there so far. At the end it is over, or it grew,
            or the database was set back to before it was added.
        born_at: when the state was made, by the database's clock (seconds).
        now: the time of the read, likewise.
        is_born: whether there was a row: a realm that was never read has none.
    """

    def __init__(self, *, settling: float, above: Mark = NO_MARK, latest: Mark = NO_MARK) -> None:
        self._settling = settling
        self._above = above
        self.missing = {above, latest} - {NO_MARK}
        self.entries: list[RevocationEntry] = []
        self.highest = self.settled = NO_MARK
        self.born_at = self.now = 0.0
        self.is_born = False

    def add(self, rows: Iterable[_Row]) -> None:
        """Take rows in.

        Raises:
            StoreUnavailableError: a later release wrote one of them.
        """
        for row in rows:
            number, added_at, *entry, self.born_at, self.now = row
            self.is_born = True
            if number is None:
                continue
            mark = (int(number), float(added_at))
            self.missing.discard(mark)
            if mark != self._above:
                self.entries.append(_entry_of(entry))
            self.highest = max(self.highest, mark)
            if added_at <= self.now - self._settling:
                self.settled = max(self.settled, mark)


def _entry_of(row: _Row) -> RevocationEntry:
    version, kind, value, min_epoch, not_before, expires_at, reason = row
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
