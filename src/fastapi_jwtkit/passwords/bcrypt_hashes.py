"""bcrypt hashes, by the package ``bcrypt`` itself: the only file that imports it.

passlib 1.7.4 cannot: it tries passwords of more than 72 bytes when it loads, which bcrypt 5
refuses.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from typing import Final

from fastapi_jwtkit.errors import ConfigurationError, MissingExtraError
from fastapi_jwtkit.passwords.stored_hash import TOO_DEAR, StoredHash

__all__ = ["BcryptHashes"]

MOST_BYTES: Final = 72
"""How much of a password bcrypt looks at."""
_LEAST_ROUNDS, _MOST_ROUNDS = 4, 16  # powers of two; 16 takes four seconds

_BCRYPT = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}", re.ASCII)
# passlib's own way around the 72 bytes, in its two versions.
_PASSLIB_V1 = re.compile(
    r"\$bcrypt-sha256\$(2[ab]),(\d{1,2})\$([./A-Za-z0-9]{22})\$([./A-Za-z0-9]{31})", re.ASCII
)
_PASSLIB_V2 = re.compile(
    r"\$bcrypt-sha256\$v=2,t=(2[ab]),r=(\d{1,2})\$([./A-Za-z0-9]{22})\$([./A-Za-z0-9]{31})",
    re.ASCII,
)


class BcryptHashes:
    """Reads ``$2a$``, ``$2b$`` and ``$2y$``, and passlib's ``$bcrypt-sha256$``.

    bcrypt looks at the first 72 bytes of a password. A longer one matches no plain bcrypt
    hash by default (reason ``password_over_72_bytes``): what comes after the 72nd byte
    would not be checked.

    Args:
        rounds: the cost of most of your hashes, the number after ``$2b$``.
        cut: compare the first 72 bytes of a longer password, as bcrypt before 5.0 and
            passlib did when they made the hash. The login after that counts every byte,
            because the whole password is hashed anew.

    Raises:
        MissingExtraError: the package ``bcrypt`` is not installed.
        ConfigurationError: ``rounds`` is not 4 to 16.
    """

    __slots__ = ("_cut", "_rounds")

    def __init__(self, *, rounds: int = 12, cut: bool = False) -> None:
        _checkpw()
        if not _LEAST_ROUNDS <= rounds <= _MOST_ROUNDS:
            raise ConfigurationError(
                f"BcryptHashes(rounds={rounds}) is refused: it must be 4 to 16.",
                why="It says how long a failed login takes; 16 are four seconds.",
                fix="Take the number after $2b$ in your hashes: BcryptHashes(rounds=12).",
                docs="how-to/passwords-you-already-have/",
            )
        self._rounds = rounds
        self._cut = cut

    @property
    def samples(self) -> Sequence[str]:
        """One hash of the usual cost, of no password."""
        return (f"$2b${self._rounds:02}${'.' * 53}",)

    def read(self, password_hash: str, /) -> StoredHash | None:
        """Return what a bcrypt hash says about itself; ``None`` for another format."""
        plain = _BCRYPT.fullmatch(password_hash)
        wrapped = _PASSLIB_V2.fullmatch(password_hash) or _PASSLIB_V1.fullmatch(password_hash)
        if plain is None and wrapped is None:
            return None
        rounds = int(plain[1] if plain is not None else wrapped[2] if wrapped is not None else 0)
        if not _LEAST_ROUNDS <= rounds <= _MOST_ROUNDS:
            return TOO_DEAR
        return StoredHash(
            cost=f"bcrypt {rounds}",
            as_typed=True,
            most_bytes=MOST_BYTES if plain is not None and not self._cut else None,
        )

    def matches(self, password: str, password_hash: str, /) -> bool:
        """Say whether the password, as typed, made this hash."""
        secret = password.encode()
        if v2 := _PASSLIB_V2.fullmatch(password_hash):
            key = base64.b64encode(hmac.digest(v2[3].encode(), secret, hashlib.sha256))
            return bcrypt_matches(key, f"${v2[1]}${int(v2[2]):02}${v2[3]}{v2[4]}")
        if v1 := _PASSLIB_V1.fullmatch(password_hash):
            key = base64.b64encode(hashlib.sha256(secret).digest())
            return bcrypt_matches(key, f"${v1[1]}${int(v1[2]):02}${v1[3]}{v1[4]}")
        matched = bcrypt_matches(secret[:MOST_BYTES], password_hash)
        return matched and (self._cut or len(secret) <= MOST_BYTES)


def bcrypt_matches(secret: bytes, password_hash: str) -> bool:
    """Compare at most 72 bytes with a hash in bcrypt's own format."""
    try:
        return _checkpw()(secret, password_hash.encode())
    except ValueError:  # bits that bcrypt never writes; a NUL byte, for some releases
        return False


def _checkpw() -> Callable[[bytes, bytes], bool]:
    try:
        from bcrypt import checkpw  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingExtraError("bcrypt", "bcrypt") from None
    return checkpw
