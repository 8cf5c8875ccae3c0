"""How two revocation entries of one name become one: the one rule for map and stores."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from fastapi_jwtkit.records import RevocationEntry

Number = TypeVar("Number", int, float)

__all__ = ["kills_as_much", "merge_entries"]


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


def kills_as_much(known: RevocationEntry, new: RevocationEntry) -> bool:
    """Say whether ``new`` adds nothing: it kills no more than ``known``, and no longer."""
    return (
        _reaches(known.min_epoch, new.min_epoch)
        and _reaches(known.not_before, new.not_before)
        and _reaches(known.expires_at, new.expires_at)
    )


def _higher(one: Number | None, other: Number | None) -> Number | None:
    """Return the higher of two bounds, where ``None`` is no bound at all."""
    return None if one is None or other is None else max(one, other)


def _reaches(one: float | None, other: float | None) -> bool:
    return one is None or (other is not None and one >= other)
