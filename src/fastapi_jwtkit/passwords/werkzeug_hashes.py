"""Hashes as Werkzeug and Flask applications store them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fastapi_jwtkit.passwords.stdlib_kdfs import Pbkdf2, Scrypt
from fastapi_jwtkit.passwords.stored_hash import StoredHash

__all__ = ["WerkzeugHashes"]

_PBKDF2 = re.compile(r"pbkdf2:(sha1|sha256|sha512):(\d{1,10})\$([^$]+)\$((?:[0-9a-f]{2})+)")
_SCRYPT = re.compile(r"scrypt:(\d{1,10}):(\d{1,10}):(\d{1,10})\$([^$]+)\$((?:[0-9a-f]{2})+)")


class WerkzeugHashes:
    """Reads ``scrypt:…`` and ``pbkdf2:…`` of ``werkzeug.security``."""

    __slots__ = ()

    @property
    def samples(self) -> Sequence[str]:
        """The two defaults of Werkzeug 3.1, of no password."""
        salt = "0" * 16
        return (f"scrypt:32768:8:1${salt}${'00' * 64}", f"pbkdf2:sha256:1000000${salt}${'00' * 32}")

    def read(self, password_hash: str, /) -> StoredHash | None:
        """Return what a hash of Werkzeug says about itself; ``None`` for another format."""
        parts = _parts(password_hash)
        return None if parts is None else parts.read()

    def matches(self, password: str, password_hash: str, /) -> bool:
        """Say whether the password, as typed, made this hash."""
        parts = _parts(password_hash)
        return parts is not None and parts.made_by(password.encode())


def _parts(password_hash: str) -> Pbkdf2 | Scrypt | None:
    try:
        if found := _PBKDF2.fullmatch(password_hash):
            return Pbkdf2(
                digest=found[1],
                iterations=int(found[2]),
                salt=found[3].encode(),
                derived=bytes.fromhex(found[4]),
            )
        if found := _SCRYPT.fullmatch(password_hash):
            return Scrypt(
                n=int(found[1]),
                r=int(found[2]),
                p=int(found[3]),
                salt=found[4].encode(),
                derived=bytes.fromhex(found[5]),
            )
    except UnicodeEncodeError:
        return None
    return None
