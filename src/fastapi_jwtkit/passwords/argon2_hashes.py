"""Argon2 hashes as they are stored: read, bounded and compared with."""

from __future__ import annotations

import re
from typing import Final

from fastapi_jwtkit.errors import HashingBusyError
from fastapi_jwtkit.passwords.passlib_loading import passlib_compares
from fastapi_jwtkit.passwords.stored_hash import (
    MAX_HASH_CHARACTERS,
    TOO_DEAR,
    UNKNOWN,
    StoredHash,
)

__all__ = [
    "MAX_MEMORY_MIB",
    "MAX_PARALLELISM",
    "MAX_TIME_COST",
    "argon2_matches",
    "argon2_parts",
    "raise_if_out_of_memory",
    "read_argon2",
]

# What is more was not made by a login service. One row must not take the machine down.
MAX_MEMORY_MIB: Final = 1024
MAX_TIME_COST: Final = 64
MAX_PARALLELISM: Final = 16

_KIB_IN_MIB: Final = 1024

# RFC 9106 gives the parameters, the PHC string format their spelling. A hash without v= is 1.0.
_PHC = re.compile(
    r"\$argon2(?P<variant>id|i|d)\$(?:v=(?P<version>\d{1,3})\$)?"
    r"m=(?P<memory>\d{1,10}),t=(?P<time>\d{1,10}),p=(?P<parallelism>\d{1,10})"
    r"\$(?P<salt>[A-Za-z0-9+/]+)\$(?P<digest>[A-Za-z0-9+/]+)",
    re.ASCII,
)


def argon2_parts(password_hash: str) -> re.Match[str] | None:
    """Return the parts of an argon2 hash that may be compared with."""
    # A store in a language without types may hand over None.
    if not password_hash or len(password_hash) > MAX_HASH_CHARACTERS:
        return None
    parts = _PHC.fullmatch(password_hash)
    return None if parts is None or _too_dear(parts) else parts


def read_argon2(password_hash: str) -> StoredHash:
    """Return what a hash says about itself if it is argon2, else that it is unknown."""
    if not password_hash or len(password_hash) > MAX_HASH_CHARACTERS:
        return UNKNOWN
    parts = _PHC.fullmatch(password_hash)
    if parts is None:
        return UNKNOWN
    if _too_dear(parts):
        return TOO_DEAR
    return StoredHash(
        cost=f"argon2 m={int(parts['memory'])},t={int(parts['time'])},p={int(parts['parallelism'])}"
    )


def argon2_matches(password: str, password_hash: str) -> bool:
    """Say whether these very characters made a hash that ``argon2_parts`` took.

    Raises:
        HashingBusyError: the machine has no memory for it now. That is no answer.
    """
    try:
        return passlib_compares("argon2", password, password_hash)
    except (ValueError, TypeError) as error:
        # passlib: MalformedHashError is a ValueError; broken base64 is a TypeError.
        raise_if_out_of_memory(error)
        return False


def raise_if_out_of_memory(error: Exception) -> None:
    """Tell a want of memory from a malformed hash.

    Raises:
        HashingBusyError: it was that.
    """
    # libargon2 ARGON2_MEMORY_ALLOCATION_ERROR; passlib reports it as a malformed hash, and
    # taken for one it would tell a person that their right password is wrong.
    if "memory allocation error" in str(error).lower():
        raise HashingBusyError("hashing_out_of_memory") from None


def _too_dear(parts: re.Match[str]) -> bool:
    return (
        int(parts["memory"]) > MAX_MEMORY_MIB * _KIB_IN_MIB
        or int(parts["time"]) > MAX_TIME_COST
        or int(parts["parallelism"]) > MAX_PARALLELISM
    )
