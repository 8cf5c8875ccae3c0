"""How two revocation entries of one name become one: the one rule for map and stores."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from fastapi_jwtkit.records import RevocationEntry

Number = TypeVar("Number", int, float)

__all__ = ["merge_entries"]


def merge_entries(known: RevocationEntry, new: RevocationEntry) -> RevocationEntry:
    """Return the entry that kills what either kills, for as long as either lives.

    The order does not matter and doing it twice changes nothing, so feeds may deliver
    entries late, twice or out of order: what is dead never comes back to life by it.
    """
    return replace(
        known,
        min_epoch=_higher(known.min_epoch, new.min_epoch),
        not_before=_higher(known.not_before, new.not_before),
        expires_at=_higher(known.expires_at, new.expires_at),
    )


def _higher(one: Number | None, other: Number | None) -> Number | None:
    """Return the higher of two bounds, where ``None`` is no bound at all."""
    return None if one is None or other is None else max(one, other)
