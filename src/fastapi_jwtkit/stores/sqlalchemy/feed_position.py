"""Where a follower of the feed stands."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi_jwtkit.stores.sqlalchemy.feed_rows import Mark

__all__ = ["FeedPosition"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPosition:
    """What was read, and what is read again.

    Numbers are given before they are committed: an entry can appear below one that was
    read already. So the next read starts at ``again_from``, a number that was the
    highest some seconds ago, and not at the highest. It reads that entry as well: a
    database that was set back to a backup gives the same numbers again, below those of
    a follower that stands on one it has forgotten. A young backup still has that one; so
    the latest that was read is looked for, too.

    Attributes:
        again_from: entries above it are read.
        highest: the entry with the highest number at ``marked_at``.
        latest: the entry with the highest number at the last read.
        marked_at: when ``highest`` was noted, by the database's clock (seconds).
        whole_at: when the whole state was read last (seconds).
        born_at: of the state that was read (seconds).
    """

    again_from: Mark
    highest: Mark
    latest: Mark
    marked_at: float
    whole_at: float
    born_at: float

    def to_text(self) -> str:
        """Return the position as the port hands it on."""
        times = (self.marked_at, self.whole_at, self.born_at)
        return ":".join(map(repr, (*self.again_from, *self.highest, *self.latest, *times)))

    @classmethod
    def from_text(cls, text: str) -> FeedPosition | None:
        """Return the position, or ``None`` for what another store or release wrote."""
        try:
            again_from, again_at, highest, highest_at, latest, latest_at, *times = text.split(":")
            marked_at, whole_at, born_at = map(float, times)
            return cls(
                again_from=(int(again_from), float(again_at)),
                highest=(int(highest), float(highest_at)),
                latest=(int(latest), float(latest_at)),
                marked_at=marked_at,
                whole_at=whole_at,
                born_at=born_at,
            )
        except ValueError:
            return None
