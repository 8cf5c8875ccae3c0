"""The passwords that are guessed first, as a table of digests.

``common_passwords.bin`` is written by ``.ci/make_common_passwords.py``, which names the
source. It holds the first 8 bytes of a BLAKE2b digest of each password, sorted, instead of
the passwords: that is compact, and hands nobody's password on.
"""

from __future__ import annotations

import bisect
import functools
import hashlib
from importlib import resources
from typing import Final

__all__ = ["CommonPasswords", "digest_of"]

DIGEST_BYTES: Final = 8


class CommonPasswords:
    """Says whether a password is among the most common ones: ``password in common``.

    Some 25,000 digests in 200 KB, read at the first question in a process and kept once for
    all. What is asked for is the folded form that ``PasswordRules`` makes. Two passwords
    share a digest once in 10**14 questions: then one is refused that need not be.
    """

    __slots__ = ()

    def __contains__(self, password: object) -> bool:
        if not isinstance(password, str):
            return False
        table, wanted = _table(), digest_of(password)
        places = range(len(table) // DIGEST_BYTES)
        place = bisect.bisect_left(places, wanted, key=lambda at: _entry(table, at))
        return place < len(places) and _entry(table, place) == wanted

    def __len__(self) -> int:
        return len(_table()) // DIGEST_BYTES


def digest_of(password: str) -> bytes:
    """Return what stands for a password in the table."""
    return hashlib.blake2b(password.encode(), digest_size=DIGEST_BYTES).digest()


@functools.cache
def _table() -> bytes:
    return resources.files("fastapi_jwtkit.passwords").joinpath("common_passwords.bin").read_bytes()


def _entry(table: bytes, place: int) -> bytes:
    return table[place * DIGEST_BYTES : (place + 1) * DIGEST_BYTES]
