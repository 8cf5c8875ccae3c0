"""Formats that passlib knows and nobody should make any more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, get_args

from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.passwords.passlib_loading import passlib_compares, passlib_parts
from fastapi_jwtkit.passwords.stored_hash import TOO_DEAR, StoredHash

__all__ = ["PasslibFormat", "PasslibHashes"]

PasslibFormat = Literal[
    "pbkdf2_sha1", "pbkdf2_sha256", "pbkdf2_sha512", "scrypt", "sha256_crypt", "sha512_crypt"
]
"""passlib's names of its formats."""

_SALT = "." * 22
_SAMPLES: Final[dict[str, str]] = {
    # passlib 1.7.4's own defaults.
    "pbkdf2_sha1": f"$pbkdf2$131000${_SALT}${'.' * 27}",
    "pbkdf2_sha256": f"$pbkdf2-sha256$29000${_SALT}${'.' * 43}",
    "pbkdf2_sha512": f"$pbkdf2-sha512$25000${_SALT}${'.' * 86}",
    "scrypt": f"$scrypt$ln=16,r=8,p=1${'A' * 22}${'A' * 43}",
    "sha256_crypt": f"$5$rounds=535000${'.' * 16}${'.' * 43}",
    "sha512_crypt": f"$6$rounds=656000${'.' * 16}${'.' * 86}",
}
_MOST_ROUNDS: Final[dict[str, int]] = {
    "pbkdf2_sha1": 10_000_000,
    "pbkdf2_sha256": 10_000_000,
    "pbkdf2_sha512": 10_000_000,
    "scrypt": 18,  # a power of two
    "sha256_crypt": 1_000_000,
    "sha512_crypt": 1_000_000,
}
_MOST_SCRYPT_BYTES: Final = 256 * 1024 * 1024
_MOST_SCRYPT_LANES: Final = 16


class PasslibHashes:
    """Reads hashes in formats of passlib.

    Name those that are in your table: a failed login takes as long as the slowest of them.
    Since Python 3.13 the two ``crypt`` formats are computed in Python, which takes seconds
    and slows other requests of the process; nothing helps but that those users log in once.

    Args:
        formats: passlib's names.

    Raises:
        ConfigurationError: none was named, or one that is not read here.
    """

    __slots__ = ("_formats",)

    def __init__(self, *formats: PasslibFormat) -> None:
        unknown = [name for name in formats if name not in get_args(PasslibFormat)]
        if unknown or not formats:
            raise ConfigurationError(
                f"PasslibHashes({', '.join(map(repr, unknown))}) is refused.",
                why="Only formats that are slow on purpose are read; each has to be named.",
                fix=f"Name some of: {', '.join(get_args(PasslibFormat))}. bcrypt has"
                " BcryptHashes(), argon2 is read anyway.",
                docs="how-to/passwords-you-already-have/",
            )
        self._formats = formats

    @property
    def samples(self) -> Sequence[str]:
        """One hash of each format with passlib's own cost, of no password."""
        return [_SAMPLES[name] for name in self._formats]

    def read(self, password_hash: str, /) -> StoredHash | None:
        """Return what a hash says about itself; ``None`` for a format that was not named."""
        for name in self._formats:
            parts = _parts(name, password_hash)
            if parts is not None:
                return _cost(name, parts)
        return None

    def matches(self, password: str, password_hash: str, /) -> bool:
        """Say whether the password, as typed, made this hash."""
        for name in self._formats:
            if _parts(name, password_hash) is not None:
                try:
                    return passlib_compares(name, password, password_hash)
                except (ValueError, TypeError):  # a NUL, where crypt takes none
                    return False
        return False


def _parts(name: str, password_hash: str) -> object | None:
    """Return what passlib makes of a hash; ``None`` if it is none of this format, or no whole one.

    What has no digest passlib reads as a template, whose oddities it warns of and mends.
    """
    sample = _SAMPLES[name]
    digest, whole = password_hash.rpartition("$")[2], sample.rpartition("$")[2]
    fields = sample.count("$")
    if "$rounds=" in sample and "$rounds=" not in password_hash:
        fields -= 1  # sha-crypt leaves out the rounds where there are 5000
    if password_hash.count("$") != fields or len(digest) != len(whole):
        return None
    return passlib_parts(name, password_hash)


def _cost(name: str, parts: object) -> StoredHash:
    rounds = int(getattr(parts, "rounds", 0))
    if rounds > _MOST_ROUNDS[name]:
        return TOO_DEAR
    if name == "scrypt":
        size, lanes = int(getattr(parts, "block_size", 0)), int(getattr(parts, "parallelism", 0))
        if 128 * 2**rounds * size > _MOST_SCRYPT_BYTES or lanes > _MOST_SCRYPT_LANES:
            return TOO_DEAR
        return StoredHash(cost=f"scrypt {2**rounds},{size},{lanes}", as_typed=True)
    return StoredHash(cost=f"{name} {rounds}", as_typed=True)
