"""Where a follower of the feed stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["FeedPosition"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPosition:
    """What was read, and what is read again.

    Numbers are given before they are committed: an entry can appear below one that was
    read already. So the next read starts at ``again_from``, a number that was the
    highest some seconds ago, and not at the highest. It reads that entry as well: a
    database that was set back to a backup gives the same numbers again, below those of
    a follower that stands on one it has forgotten.

    Attributes:
        again_from: entries above it are read.
        again_added_at: when that entry was added (seconds).
        highest: the highest number at ``marked_at``.
        highest_added_at: when that entry was added (seconds).
        marked_at: when ``highest`` was noted, by the database's clock (seconds).
        whole_at: when the whole state was read last (seconds).
        born_at: of the state that was read (seconds).
    """

    again_from: int
    again_added_at: float
    highest: int
    highest_added_at: float
    marked_at: float
    whole_at: float
    born_at: float

    def to_text(self) -> str:
        """Return the position as the port hands it on."""
        return ":".join(repr(getattr(self, name)) for name in _PARSED)

    @classmethod
    def from_text(cls, text: str) -> FeedPosition | None:
        """Return the position, or ``None`` for what another store or release wrote."""
        try:
            parts = zip(_PARSED.items(), text.split(":"), strict=True)
            values: dict[str, Any] = {name: parse(part) for (name, parse), part in parts}
        except ValueError:
            return None
        return cls(**values)


_PARSED: dict[str, Callable[[str], int | float]] = {
    "again_from": int,
    "again_added_at": float,
    "highest": int,
    "highest_added_at": float,
    "marked_at": float,
    "whole_at": float,
    "born_at": float,
}
