"""Hashes as Django stores them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence

from fastapi_jwtkit.passwords.argon2_hashes import argon2_matches, read_argon2
from fastapi_jwtkit.passwords.bcrypt_hashes import BcryptHashes, bcrypt_matches
from fastapi_jwtkit.passwords.stdlib_kdfs import Pbkdf2, Scrypt
from fastapi_jwtkit.passwords.stored_hash import StoredHash

__all__ = ["DjangoHashes"]

_PBKDF2 = re.compile(r"pbkdf2_(sha1|sha256)\$(\d{1,10})\$([^$]+)\$([A-Za-z0-9+/]+={0,2})", re.ASCII)
_SCRYPT = re.compile(
    r"scrypt\$(\d{1,10})\$([^$]+)\$(\d{1,10})\$(\d{1,10})\$([A-Za-z0-9+/]+={0,2})", re.ASCII
)
_BCRYPT = re.compile(r"(bcrypt|bcrypt_sha256)\$(\$2[aby]\$.{56})", re.ASCII)
_ARGON2 = "argon2"


class DjangoHashes:
    """Reads ``pbkdf2_sha256$``, ``pbkdf2_sha1$``, ``scrypt$`` and ``argon2$`` of Django.

    Args:
        iterations: of most of your hashes, the number after ``pbkdf2_sha256$``.
        bcrypt: reads ``bcrypt_sha256$`` and ``bcrypt$`` too, by these rules.
    """

    __slots__ = ("_bcrypt", "_iterations")

    def __init__(self, *, iterations: int = 1_000_000, bcrypt: BcryptHashes | None = None) -> None:
        self._iterations = iterations
        self._bcrypt = bcrypt

    @property
    def samples(self) -> Sequence[str]:
        """One hash of the usual cost, of no password."""
        nothing = base64.b64encode(bytes(32)).decode()
        own = f"pbkdf2_sha256${self._iterations}${'0' * 22}${nothing}"
        more = () if self._bcrypt is None else self._bcrypt.samples
        return (own, *(f"bcrypt${sample}" for sample in more))

    def read(self, password_hash: str, /) -> StoredHash | None:
        """Return what a hash of Django says about itself; ``None`` for another format."""
        if password_hash.startswith(f"{_ARGON2}$"):
            found = read_argon2(password_hash.removeprefix(_ARGON2))
            return StoredHash(cost=found.cost, as_typed=True, refused=found.refused)
        wrapped = _BCRYPT.fullmatch(password_hash)
        if wrapped is not None:
            inner = None if self._bcrypt is None else self._bcrypt.read(wrapped[2])
            if inner is None or wrapped[1] == "bcrypt":
                return inner
            return StoredHash(cost=inner.cost, as_typed=True, refused=inner.refused)
        parts = _parts(password_hash)
        return None if parts is None else parts.read()

    def matches(self, password: str, password_hash: str, /) -> bool:
        """Say whether the password, as typed, made this hash."""
        if password_hash.startswith(f"{_ARGON2}$"):
            return argon2_matches(password, password_hash.removeprefix(_ARGON2))
        wrapped = _BCRYPT.fullmatch(password_hash)
        if wrapped is not None and self._bcrypt is not None:
            if wrapped[1] == "bcrypt":
                return self._bcrypt.matches(password, wrapped[2])
            digest = hashlib.sha256(password.encode()).hexdigest()
            return bcrypt_matches(digest.encode(), wrapped[2])
        parts = _parts(password_hash)
        return parts is not None and parts.made_by(password.encode())


def _parts(password_hash: str) -> Pbkdf2 | Scrypt | None:
    try:
        if found := _PBKDF2.fullmatch(password_hash):
            return Pbkdf2(
                digest=found[1],
                iterations=int(found[2]),
                salt=found[3].encode(),
                derived=base64.b64decode(found[4], validate=True),
            )
        if found := _SCRYPT.fullmatch(password_hash):
            return Scrypt(
                n=int(found[1]),
                r=int(found[3]),
                p=int(found[4]),
                salt=found[2].encode(),
                derived=base64.b64decode(found[5], validate=True),
            )
    except (binascii.Error, UnicodeEncodeError):
        return None
    return None
