"""Where a follower of the feed stands."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

__all__ = ["FeedEnd", "FeedPosition"]

WHOLE_EVERY_SECONDS = 60.0
"""After which the whole state is read in any case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEnd:
    """What a server says of its feed.

    Attributes:
        born_at: when its state was made (seconds).
        now: what time it is there (seconds).
        run_id: of the server's process.
        last: number of the latest entry of the log.
        added: how many entries the log ever had.
    """

    born_at: float
    now: float
    run_id: str
    last: str
    added: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPosition:
    """What was read.

    Attributes:
        last: number of the latest entry of the log that was read.
        seen: how many entries the log had up to it.
        whole_at: when the whole state was read last, by the server's clock (seconds).
        born_at: of the state that was read (seconds).
        run_id: of the server that was read.
    """

    last: str
    seen: int
    whole_at: float
    born_at: float
    run_id: str

    @classmethod
    def at_end(cls, end: FeedEnd) -> FeedPosition:
        """Return the position of who read the whole state, with that end of the log."""
        return cls(
            last=end.last,
            seen=end.added,
            whole_at=end.now,
            born_at=end.born_at,
            run_id=end.run_id,
        )

    def after(self, last: str, count: int) -> FeedPosition:
        """Return the position after so many more entries."""
        return replace(self, last=last, seen=self.seen + count)

    def is_followed_by(self, end: FeedEnd, *, gone: int, count: int, is_all: bool) -> bool:
        """Say whether what the log has after this position is everything that came after it.

        Not after a restart or a fail-over, which may have lost the end of the log; not
        on another state or another log; not after entries were cut that were never read.

        Args:
            end: what the server says now.
            gone: how many entries were cut from the log.
            count: how many entries were read after this position.
            is_all: whether there are no more.
        """
        read = self.seen + count
        return (
            (end.run_id, end.born_at) == (self.run_id, self.born_at)
            and self.whole_at <= end.now < self.whole_at + WHOLE_EVERY_SECONDS
            and gone <= self.seen
            and (read == end.added if is_all else read <= end.added)
            and _number(self.last) <= _number(end.last)
        )

    def to_text(self) -> str:
        """Return the position as the port hands it on."""
        numbers = (self.seen, self.whole_at, self.born_at)
        return ":".join([self.last, *map(repr, numbers), self.run_id])

    @classmethod
    def from_text(cls, text: str) -> FeedPosition | None:
        """Return the position, or ``None`` for what another store or release wrote."""
        try:
            last, seen, whole_at, born_at, run_id = text.split(":")
            _number(last)
            position = cls(
                last=last,
                seen=int(seen),
                whole_at=float(whole_at),
                born_at=float(born_at),
                run_id=run_id,
            )
        except ValueError:
            return None
        return position if math.isfinite(position.whole_at + position.born_at) else None


def _number(text: str) -> tuple[int, int]:
    milliseconds, sequence = text.split("-")
    return int(milliseconds), int(sequence)
