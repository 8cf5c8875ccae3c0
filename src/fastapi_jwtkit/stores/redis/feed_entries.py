"""Entries of the feed as the server keeps them: a name, when it is over, what is known.

::

    name:   kind:value
    over:   when the entry may be forgotten, "inf" for never; a score
    known:  version|min_epoch|not_before|reason

A bound that is not there is ``-``. Text and no JSON, because a script has to merge two:
it compares the numbers and keeps them as they were written.
"""

from __future__ import annotations

import json
import math
from typing import Any, cast

from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.records import REVOCATION_VERSION, RevocationEntry, RevocationKind

__all__ = ["entry_of", "page_of", "words_of"]

_NONE = "-"
_VERSION = str(REVOCATION_VERSION)


def words_of(entry: RevocationEntry) -> tuple[bytes, str, bytes]:
    """Return an entry as the server takes it: its name, when it is over, what is known."""
    name = f"{entry.kind}:{entry.value}"
    over = "inf" if entry.expires_at is None else repr(float(entry.expires_at))
    epoch = _NONE if entry.min_epoch is None else str(int(entry.min_epoch))
    moment = _NONE if entry.not_before is None else repr(float(entry.not_before))
    known = f"{_VERSION}|{epoch}|{moment}|{entry.reason}"
    return _bytes(name), over, _bytes(known)


def entry_of(name: str, over: str, known: object) -> RevocationEntry:
    """Return the record of an entry.

    Raises:
        StoreUnavailableError: a later release wrote it, or something else did. Nobody may
            be let in past an entry that cannot be read.
    """
    version, _, rest = known.partition("|") if isinstance(known, str) else ("", "", "")
    if version != _VERSION:
        is_later = version.isdigit()
        raise StoreUnavailableError(
            "revocation_version_unknown" if is_later else "revocation_malformed"
        )
    try:
        epoch, moment, reason = rest.split("|", 2)
        kind, value = name.split(":", 1)
        expires_at = float(over)
        return RevocationEntry(
            kind=cast("RevocationKind", kind),
            value=value,
            min_epoch=None if epoch == _NONE else int(epoch),
            not_before=None if moment == _NONE else float(moment),
            expires_at=None if math.isinf(expires_at) else expires_at,
            reason=reason,
        )
    except ValueError as error:
        raise StoreUnavailableError("revocation_malformed") from error


def page_of(text: bytes) -> Any:
    """Return what a script put into one text: one answer is read faster than thousands.

    Raises:
        StoreUnavailableError: it is no such text.
    """
    try:
        return json.loads(text.decode(errors="surrogatepass")) or []
    except ValueError as error:
        raise StoreUnavailableError("revocation_malformed") from error


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")
