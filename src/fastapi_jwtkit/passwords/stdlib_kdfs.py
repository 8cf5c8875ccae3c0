"""PBKDF2 and scrypt of the standard library, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from fastapi_jwtkit.passwords.stored_hash import TOO_DEAR, StoredHash

__all__ = ["Pbkdf2", "Scrypt"]

_MOST_ITERATIONS: Final = 10_000_000
_MOST_SCRYPT_BYTES: Final = 256 * 1024 * 1024
_MOST_SCRYPT_WORK: Final = 1 << 24
_DIGESTS: Final = frozenset({"sha1", "sha256", "sha512"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pbkdf2:
    """A PBKDF2 hash in parts (RFC 8018 5.2)."""

    digest: str
    iterations: int
    salt: bytes
    derived: bytes

    def read(self) -> StoredHash | None:
        """Return what it costs; ``None`` for a digest that is not known here."""
        if self.digest not in _DIGESTS or not self.derived or self.iterations < 1:
            return None
        if self.iterations > _MOST_ITERATIONS:
            return TOO_DEAR
        return StoredHash(cost=f"pbkdf2 {self.digest} {self.iterations}", as_typed=True)

    def made_by(self, secret: bytes) -> bool:
        """Say whether the secret made it. Releases the interpreter lock."""
        made = hashlib.pbkdf2_hmac(
            self.digest, secret, self.salt, self.iterations, len(self.derived)
        )
        return hmac.compare_digest(made, self.derived)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrypt:
    """A scrypt hash in parts (RFC 7914)."""

    n: int
    r: int
    p: int
    salt: bytes
    derived: bytes

    def read(self) -> StoredHash | None:
        """Return what it costs; ``None`` for numbers that scrypt does not have."""
        if self.n < 2 or self.n & (self.n - 1) or self.r < 1 or self.p < 1 or not self.derived:  # noqa: PLR2004 - RFC 7914 2
            return None
        if 128 * self.n * self.r > _MOST_SCRYPT_BYTES or self.n * self.r * self.p > (
            _MOST_SCRYPT_WORK
        ):
            return TOO_DEAR
        return StoredHash(cost=f"scrypt {self.n},{self.r},{self.p}", as_typed=True)

    def made_by(self, secret: bytes) -> bool:
        """Say whether the secret made it. Releases the interpreter lock."""
        made = hashlib.scrypt(
            secret,
            salt=self.salt,
            n=self.n,
            r=self.r,
            p=self.p,
            # OpenSSL counts its own needs too.
            maxmem=2 * _MOST_SCRYPT_BYTES,
            dklen=len(self.derived),
        )
        return hmac.compare_digest(made, self.derived)
