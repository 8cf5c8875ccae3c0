"""Argon2id by way of passlib, and the old hashes that are still to be had."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from fastapi_jwtkit.errors import ConfigurationError, PasswordRejectedError
from fastapi_jwtkit.passwords.argon2_hashes import (
    MAX_MEMORY_MIB,
    MAX_PARALLELISM,
    MAX_TIME_COST,
    argon2_matches,
    argon2_parts,
    raise_if_out_of_memory,
    read_argon2,
)
from fastapi_jwtkit.passwords.passlib_loading import argon2_maker
from fastapi_jwtkit.passwords.rules import normalize_password
from fastapi_jwtkit.passwords.stored_hash import (
    MAX_HASH_CHARACTERS,
    UNKNOWN,
    OldHashes,
    StoredHash,
)

__all__ = ["PasslibHasher"]

KIB: Final = 1024
MIB: Final = 1024 * KIB

# OWASP Password Storage Cheat Sheet: argon2id with m = 19 MiB, t = 2, p = 1 at the least.
_MIN_MEMORY_MIB: Final = 19
_MIN_TIME_COST: Final = 2

_SALT_BYTES: Final = 16
_DIGEST_BYTES: Final = 32
_VERSION: Final = 0x13


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
        old: formats of hashes that came from elsewhere, such as ``BcryptHashes()``. They
            are compared with, and replaced by argon2id at the next login.

    Raises:
        ConfigurationError: cheaper than OWASP's floor, or beyond what can be checked again.
    """

    __slots__ = ("_cost", "_for_tests", "_make", "_old")

    def __init__(
        self,
        *,
        time_cost: int = 3,
        memory_mib: int = 64,
        parallelism: int = 1,
        old: Sequence[OldHashes] = (),
    ) -> None:
        _refuse_outside("time_cost", time_cost, _MIN_TIME_COST, MAX_TIME_COST)
        _refuse_outside("memory_mib", memory_mib, _MIN_MEMORY_MIB, MAX_MEMORY_MIB)
        _refuse_outside("parallelism", parallelism, 1, MAX_PARALLELISM)
        _refuse_classes(old)
        self._cost = _Cost(
            time=time_cost, memory_kib=memory_mib * MIB // KIB, parallelism=parallelism
        )
        self._old = tuple(old)
        self._for_tests = False
        self._make: Callable[[str], str] | None = None

    @classmethod
    def cheap_for_tests(cls, *, old: Sequence[OldHashes] = ()) -> Self:
        """Return a hasher that costs next to nothing and protects as little.

        For test suites only: a kit in production refuses it, see ``for_tests``.
        """
        hasher = cls(old=old)
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

    @property
    def samples(self) -> Sequence[str]:
        """Hashes as dear as the usual ones of each old format, of no password."""
        return [sample for form in self._old for sample in form.samples]

    def hash(self, password: str, /) -> str:
        """Return a new salted hash in the PHC string format, its parameters written in it.

        Raises:
            PasswordRejectedError: the password is longer than 256 characters, or no text.
            HashingBusyError: the machine has no memory for it now.
        """
        normal = normalize_password(password)
        try:
            if self._make is None:
                self._make = argon2_maker(
                    time_cost=self._cost.time,
                    memory_kib=self._cost.memory_kib,
                    parallelism=self._cost.parallelism,
                    salt_bytes=_SALT_BYTES,
                )
            return self._make(normal)
        except ValueError as error:
            raise_if_out_of_memory(error)
            raise

    def read(self, password_hash: str, /) -> StoredHash:
        """Return what a stored hash says about itself. Costs nothing.

        A hash of no configured format and one whose parameters are beyond reason are
        ``refused``, and never compared with.
        """
        return self._form_of(password_hash)[1]

    def matches(self, password: str, password_hash: str, /) -> bool:
        """Say whether the password made this hash.

        ``False`` for what is no hash of a configured format, and for what can be no
        password: neither is reason to fail a login in another way than the next one. An
        old hash is compared with the password as it was typed, which is what its maker
        hashed; argon2id with its normal form.

        Raises:
            HashingBusyError: the machine has no memory for it now. That is no answer.
        """
        try:
            normal = normalize_password(password)
        except PasswordRejectedError:
            return False
        form, stored = self._form_of(password_hash)
        if stored.refused:
            return False
        if form is not None:
            return form.matches(password, password_hash)
        return argon2_matches(normal, password_hash)

    def needs_upgrade(self, password_hash: str, /) -> bool:
        """Say whether the hash is weaker than what ``hash`` makes today.

        Weaker, not different: while two releases with different costs run side by side,
        the cheaper one does not take back what the dearer one did.
        """
        parts = argon2_parts(password_hash)
        return parts is None or (
            parts["variant"] != "id"
            or int(parts["version"] or 0) < _VERSION
            or int(parts["memory"]) < self._cost.memory_kib
            or int(parts["time"]) < self._cost.time
            or len(parts["salt"]) * 6 < _SALT_BYTES * 8
            or len(parts["digest"]) * 6 < _DIGEST_BYTES * 8
        )

    def _form_of(self, password_hash: str) -> tuple[OldHashes | None, StoredHash]:
        stored = read_argon2(password_hash)
        if stored is not UNKNOWN or not password_hash or len(password_hash) > MAX_HASH_CHARACTERS:
            return None, stored
        for form in self._old:
            found = form.read(password_hash)
            if found is not None:
                return form, found
        return None, UNKNOWN


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


def _refuse_classes(old: Sequence[OldHashes]) -> None:
    for form in old:
        if isinstance(form, str | type) or not callable(getattr(form, "read", None)):
            name = form.__name__ if isinstance(form, type) else repr(form)
            raise ConfigurationError(
                f"PasslibHasher(old=[{name}]) is not a format of old hashes.",
                why="Each is an object that reads and compares hashes.",
                fix="PasslibHasher(old=[BcryptHashes(), DjangoHashes()]).",
                docs="how-to/passwords-you-already-have/",
            )
