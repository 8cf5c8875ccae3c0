"""What time it is by the server: the one clock that all workers share."""

from __future__ import annotations

import struct
from typing import Protocol

__all__ = ["ServerTime", "StoreTime"]

_PAIR = struct.Struct("<dd")


class StoreTime(Protocol):
    """A time that each script works out for itself, in seconds since the epoch."""

    def argument(self) -> bytes:
        """Return two doubles: by what the server's clock is multiplied, and what is added."""
        ...


class ServerTime:
    """The server's own clock.

    Args:
        offset: seconds that are added, for tests that move time; else 0.
    """

    def __init__(self, *, offset: float = 0.0) -> None:
        self.offset = offset

    @property
    def offset(self) -> float:
        """Seconds that are added to the server's clock."""
        return self._offset

    @offset.setter
    def offset(self, seconds: float) -> None:
        self._offset = seconds
        # Once and not with each call: it hardly ever changes.
        self._argument = _PAIR.pack(1.0, seconds)

    def argument(self) -> bytes:
        """Return the server's now plus the offset."""
        return self._argument
