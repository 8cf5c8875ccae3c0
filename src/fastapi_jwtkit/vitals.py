"""Figures of one worker, for a monitor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["Vitals", "Watched"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """What a monitor watches: of this worker, since it began, from memory alone.

    Attributes:
        revocation_age: seconds since the last completed read of the feed began; ``None`` if
            there was none, as before the first request and where no feed is followed.
        live_revocations: entries in the map.
        put_back: entries that were given back to a store which had forgotten them.
        sink_failures: how often an event sink raised.
        slow_sink_calls: how often one held the event loop for more than 0.1 s.
        events_lost: events that sinks with a line of their own dropped or could not write.
        mail_failures: mails that could not be sent.
        hashes: passwords that were hashed or compared.
        hashing_seconds: seconds that took, waiting not included.
    """

    revocation_age: float | None
    live_revocations: int
    put_back: int
    sink_failures: int
    slow_sink_calls: int
    events_lost: int
    mail_failures: int
    hashes: int
    hashing_seconds: float


class Watched(Protocol):
    """What has vitals: a kit."""

    @property
    def realm(self) -> str:
        """Under which name."""
        ...

    def vitals(self) -> Vitals:
        """Return them, from memory alone."""
        ...
