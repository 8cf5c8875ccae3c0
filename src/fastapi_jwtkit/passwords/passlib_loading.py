"""passlib without its warnings: the only file that imports it."""

from __future__ import annotations

import functools
import importlib
import threading
import warnings
from collections.abc import Callable
from typing import Protocol

__all__ = ["argon2_maker", "passlib_compares", "passlib_parts"]

# Guards the warning filters, which belong to the whole process: two threads that save
# and restore them in turn could leave ours in force for good.
_LOADING = threading.Lock()


class _Handler(Protocol):
    """As much of passlib's interface as is used here; passlib itself carries no types."""

    def using(
        self,
        *,
        type: str,  # noqa: A002 - passlib's name for it
        time_cost: int,
        memory_cost: int,
        parallelism: int,
        salt_size: int,
    ) -> _Handler: ...

    def hash(self, secret: str, /) -> str: ...

    def identify(self, password_hash: str, /) -> bool: ...

    def from_string(self, password_hash: str, /) -> object: ...

    def verify(self, secret: str, password_hash: str, /) -> bool: ...


def argon2_maker(
    *, time_cost: int, memory_kib: int, parallelism: int, salt_bytes: int
) -> Callable[[str], str]:
    """Return what hashes with argon2id. It raises a ``ValueError`` if there is no memory."""
    argon2 = _handler("argon2").using(
        type="ID",
        time_cost=time_cost,
        memory_cost=memory_kib,
        parallelism=parallelism,
        salt_size=salt_bytes,
    )
    return argon2.hash


def passlib_parts(name: str, password_hash: str) -> object | None:
    """Return the parameters of a hash as attributes; ``None`` if it is not of this format."""
    handler = _handler(name)
    try:
        return handler.from_string(password_hash) if handler.identify(password_hash) else None
    except (ValueError, TypeError):
        return None


def passlib_compares(name: str, password: str, password_hash: str) -> bool:
    """Say whether the password made the hash.

    Raises:
        ValueError: the hash is malformed, the password is one the format cannot have, or
            the machine has no memory for it.
        TypeError: the hash holds broken base64.
    """
    return _handler(name).verify(password, password_hash)


def _handler(name: str) -> _Handler:
    with _LOADING:
        return _load_once(name)


@functools.cache
def _load_once(name: str) -> _Handler:
    with warnings.catch_warnings():
        # passlib 1.7.4 imports crypt (deprecated until Python 3.12) and, at its first
        # hash, reads argon2.__version__ (deprecated by argon2-cffi). Neither concerns users.
        warnings.simplefilter("ignore", DeprecationWarning)
        # Loaded by name: passlib has no type information to check an import statement by.
        handler: _Handler = getattr(importlib.import_module("passlib.hash"), name)
        if name == "argon2":
            handler.using(type="ID", time_cost=1, memory_cost=8, parallelism=1, salt_size=8).hash(
                ""
            )
    return handler
