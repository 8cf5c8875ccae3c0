"""Argon2id by way of passlib: the only file that knows passlib."""

from __future__ import annotations

import functools
import importlib
import re
import threading
import warnings
from dataclasses import dataclass
from typing import Final, Protocol, Self

from fastapi_jwtkit.errors import ConfigurationError, HashingBusyError, PasswordRejectedError
from fastapi_jwtkit.passwords.rules import normalize_password

__all__ = ["PasslibHasher"]

KIB: Final = 1024
MIB: Final = 1024 * KIB

# OWASP Password Storage Cheat Sheet: argon2id with m = 19 MiB, t = 2, p = 1 at the least.
_MIN_MEMORY_MIB: Final = 19
_MIN_TIME_COST: Final = 2
# What is more was not made by a login service. One row must not take the machine down.
_MAX_MEMORY_MIB: Final = 1024
_MAX_TIME_COST: Final = 64
_MAX_PARALLELISM: Final = 16
_MAX_HASH_CHARACTERS: Final = 512

_SALT_BYTES: Final = 16
_DIGEST_BYTES: Final = 32
_VERSION: Final = 0x13

# RFC 9106 gives the parameters, the PHC string format their spelling. A hash without v= is 1.0.
_PHC = re.compile(
    r"\$argon2(?P<variant>id|i|d)\$(?:v=(?P<version>\d{1,3})\$)?"
    r"m=(?P<memory>\d{1,8}),t=(?P<time>\d{1,4}),p=(?P<parallelism>\d{1,3})"
    r"\$(?P<salt>[A-Za-z0-9+/]+)\$(?P<digest>[A-Za-z0-9+/]+)",
    re.ASCII,
)

# Guards the warning filters, which belong to the whole process: two threads that save
# and restore them in turn could leave ours in force for good.
_LOADING = threading.Lock()


class _Argon2(Protocol):
    """As much of passlib's interface as is used here; passlib itself carries no types."""

    def using(
        self,
        *,
        type: str,  # noqa: A002 - passlib's name for it
        time_cost: int,
        memory_cost: int,
        parallelism: int,
        salt_size: int,
    ) -> _Argon2: ...

    def hash(self, secret: str, /) -> str: ...

    def verify(self, secret: str, password_hash: str, /) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cost:
    time: int
    memory_kib: int
    parallelism: int


class PasslibHasher:
    """Hash passwords with argon2id (RFC 9106), through passlib.

    Meets the ``PasswordHasher`` port. Passwords are normalised here, so that a script
    that seeds users and a login agree. Safe to share between threads; argon2 releases the
    interpreter lock while it works. passlib is loaded at the first use.

    Args:
        time_cost: passes over the memory.
        memory_mib: mebibytes that one hash takes.
        parallelism: lanes, each a thread of its own while a hash runs. More than 1 only
            helps a process that hashes one password at a time.

    Raises:
        ConfigurationError: cheaper than OWASP's floor, or beyond what can be checked again.
    """

    __slots__ = ("_cost", "_for_tests", "_scheme")

    def __init__(self, *, time_cost: int = 3, memory_mib: int = 64, parallelism: int = 1) -> None:
        _refuse_outside("time_cost", time_cost, _MIN_TIME_COST, _MAX_TIME_COST)
        _refuse_outside("memory_mib", memory_mib, _MIN_MEMORY_MIB, _MAX_MEMORY_MIB)
        _refuse_outside("parallelism", parallelism, 1, _MAX_PARALLELISM)
        self._cost = _Cost(
            time=time_cost, memory_kib=memory_mib * MIB // KIB, parallelism=parallelism
        )
        self._for_tests = False
        self._scheme: _Argon2 | None = None

    @classmethod
    def cheap_for_tests(cls) -> Self:
        """Return a hasher that costs next to nothing and protects as little.

        For test suites only: a kit in production refuses it, see ``for_tests``.
        """
        hasher = cls()
        hasher._cost = _Cost(time=1, memory_kib=8, parallelism=1)
        hasher._for_tests = True
        return hasher

    @property
    def for_tests(self) -> bool:
        """Whether this came from ``cheap_for_tests``, so that production must refuse it."""
        return self._for_tests

    @property
    def memory_bytes(self) -> int:
        """Memory that one hash takes."""
        return self._cost.memory_kib * KIB

    def hash(self, password: str, /) -> str:
        """Return a new salted hash in the PHC string format, its parameters written in it.

        Raises:
            PasswordRejectedError: the password is longer than 256 characters, or no text.
            HashingBusyError: the machine has no memory for it now.
        """
        normal = normalize_password(password)
        try:
            return self._argon2().hash(normal)
        except ValueError as error:
            _raise_if_out_of_memory(error)
            raise

    def matches(self, password: str, password_hash: str, /) -> bool:
        """Say whether the password made this hash.

        ``False`` for what is no argon2 hash, and for what can be no password: neither is
        reason to fail a login in another way than the next one.

        Raises:
            HashingBusyError: the machine has no memory for it now. That is no answer.
        """
        if _read(password_hash) is None:
            return False
        try:
            return self._argon2().verify(normalize_password(password), password_hash)
        except PasswordRejectedError:
            return False
        except (ValueError, TypeError) as error:
            # passlib: MalformedHashError is a ValueError; broken base64 is a TypeError.
            _raise_if_out_of_memory(error)
            return False

    def needs_upgrade(self, password_hash: str, /) -> bool:
        """Say whether the hash is weaker than what ``hash`` makes today.

        Weaker, not different: while two releases with different costs run side by side,
        the cheaper one does not take back what the dearer one did.
        """
        parts = _read(password_hash)
        return parts is None or (
            parts["variant"] != "id"
            or int(parts["version"] or 0) < _VERSION
            or int(parts["memory"]) < self._cost.memory_kib
            or int(parts["time"]) < self._cost.time
            or len(parts["salt"]) * 6 < _SALT_BYTES * 8
            or len(parts["digest"]) * 6 < _DIGEST_BYTES * 8
        )

    def _argon2(self) -> _Argon2:
        if self._scheme is None:
            self._scheme = _load().using(
                type="ID",
                time_cost=self._cost.time,
                memory_cost=self._cost.memory_kib,
                parallelism=self._cost.parallelism,
                salt_size=_SALT_BYTES,
            )
        return self._scheme


def _read(password_hash: str) -> re.Match[str] | None:
    # A store in a language without types may hand over None.
    if not password_hash or len(password_hash) > _MAX_HASH_CHARACTERS:
        return None
    parts = _PHC.fullmatch(password_hash)
    if (
        parts is None
        or int(parts["memory"]) > _MAX_MEMORY_MIB * MIB // KIB
        or int(parts["time"]) > _MAX_TIME_COST
        or int(parts["parallelism"]) > _MAX_PARALLELISM
    ):
        return None
    return parts


def _refuse_outside(name: str, value: int, low: int, high: int) -> None:
    if low <= value <= high:
        return
    raise ConfigurationError(
        f"PasslibHasher({name}={value}) is refused: it must be {low} to {high}.",
        why="Below OWASP's floor for argon2id (19 MiB, 2 passes) a stolen table of hashes is"
        " cheap to guess; above the ceiling one login takes the machine down.",
        fix="Leave the defaults (3 passes, 64 MiB). In tests: PasslibHasher.cheap_for_tests().",
        docs="reference/settings/",
    )


def _raise_if_out_of_memory(error: Exception) -> None:
    # libargon2 ARGON2_MEMORY_ALLOCATION_ERROR; passlib reports it as a malformed hash, and
    # taken for one it would tell a person that their right password is wrong.
    if "memory allocation error" in str(error).lower():
        raise HashingBusyError("hashing_out_of_memory") from None


def _load() -> _Argon2:
    with _LOADING:
        return _load_once()


@functools.cache
def _load_once() -> _Argon2:
    with warnings.catch_warnings():
        # passlib 1.7.4 imports crypt (deprecated until Python 3.12) and, at its first
        # hash, reads argon2.__version__ (deprecated by argon2-cffi). Neither concerns users.
        warnings.simplefilter("ignore", DeprecationWarning)
        # Loaded by name: passlib has no type information to check an import statement by.
        argon2: _Argon2 = importlib.import_module("passlib.hash").argon2
        argon2.using(type="ID", time_cost=1, memory_cost=8, parallelism=1, salt_size=8).hash("")
    return argon2
