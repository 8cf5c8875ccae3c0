"""Entries of the feed: members of the state, and fields of the log.

::

    JSON array: version, kind, value, min_epoch, not_before, reason

When an entry is over is no part of it: that is its score, which can only rise. So the
same revocation published twice is one member.
"""

from __future__ import annotations

import json
import math
from typing import Any, cast

from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.records import REVOCATION_VERSION, RevocationEntry
from fastapi_jwtkit.revocation_entries import merge_entries

__all__ = ["LiveEntries", "entry_of", "member_of", "score_of"]


def member_of(entry: RevocationEntry) -> bytes:
    """Return an entry as the state keeps it."""
    fields = (
        REVOCATION_VERSION,
        entry.kind,
        entry.value,
        entry.min_epoch,
        entry.not_before,
        entry.reason,
    )
    return json.dumps(fields, separators=(",", ":")).encode("ascii")


def score_of(entry: RevocationEntry) -> str:
    """Return when an entry is over, as a score."""
    return "+inf" if entry.expires_at is None else repr(float(entry.expires_at))


def entry_of(member: bytes, score: bytes) -> RevocationEntry:
    """Return the record of an entry.

    Raises:
        StoreUnavailableError: a later release wrote it, or something else did. Nobody may
            be let in past an entry that cannot be read.
    """
    fields = _fields_of(member)
    if fields[0] != REVOCATION_VERSION:
        raise StoreUnavailableError("revocation_version_unknown")
    _, kind, value, min_epoch, not_before, reason = fields
    expires_at = float(score)
    return RevocationEntry(
        kind=kind,
        value=value,
        min_epoch=min_epoch,
        not_before=not_before,
        expires_at=None if math.isinf(expires_at) else expires_at,
        reason=reason,
    )


def _fields_of(member: bytes) -> list[Any]:
    try:
        fields: Any = json.loads(member)
    except ValueError as error:
        raise StoreUnavailableError("revocation_malformed") from error
    if not isinstance(fields, list):
        raise StoreUnavailableError("revocation_malformed")
    return cast("list[Any]", fields) or [None]


class LiveEntries:
    """Gathers entries that are not over, one for each name.

    The reason is that of the one which kills most.

    Args:
        now: what time it is, by the server's clock (seconds).
    """

    def __init__(self, now: float) -> None:
        self._now = now
        self._by_name: dict[tuple[str, str], RevocationEntry] = {}

    def add(self, member: bytes, score: bytes) -> None:
        """Take an entry as the server keeps it.

        Raises:
            StoreUnavailableError: it cannot be read.
        """
        entry = entry_of(member, score)
        if entry.expires_at is not None and entry.expires_at <= self._now:
            return
        name = (entry.kind, entry.value)
        known = self._by_name.get(name)
        if known is None:
            self._by_name[name] = entry
        elif _strength(entry) > _strength(known):
            self._by_name[name] = merge_entries(entry, known)
        else:
            self._by_name[name] = merge_entries(known, entry)

    def all(self) -> tuple[RevocationEntry, ...]:
        """Return what was gathered."""
        return tuple(self._by_name.values())


def _strength(entry: RevocationEntry) -> tuple[float, float, str]:
    bounds = (entry.min_epoch, entry.not_before)
    epoch, moment = (math.inf if bound is None else bound for bound in bounds)
    return epoch, moment, entry.reason
