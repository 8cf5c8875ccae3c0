"""Where a follower of the feed stands."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FeedPosition"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPosition:
    """What was read, and what is read again.

    Numbers are given before they are committed: an entry can appear below one that was
    read already. So the next read starts at ``again_from``, a number that was the
    highest some seconds ago, and not at the highest.

    Attributes:
        again_from: entries above it are read.
        highest: the highest number at ``marked_at``.
        marked_at: when ``highest`` was noted, by the database's clock (seconds).
        whole_at: when the whole state was read last (seconds).
        born_at: of the state that was read (seconds).
    """

    again_from: int
    highest: int
    marked_at: float
    whole_at: float
    born_at: float

    def to_text(self) -> str:
        """Return the position as the port hands it on."""
        times = (self.marked_at, self.whole_at, self.born_at)
        return ":".join([str(self.again_from), str(self.highest), *map(repr, times)])

    @classmethod
    def from_text(cls, text: str) -> FeedPosition | None:
        """Return the position, or ``None`` for what another store or release wrote."""
        try:
            again_from, highest, marked_at, whole_at, born_at = text.split(":")
            return cls(
                again_from=int(again_from),
                highest=int(highest),
                marked_at=float(marked_at),
                whole_at=float(whole_at),
                born_at=float(born_at),
            )
        except ValueError:
            return None
