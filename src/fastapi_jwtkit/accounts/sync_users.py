"""A user store with plain methods, made into one the kit can await."""

from __future__ import annotations

import asyncio
import inspect
from functools import partial
from typing import Protocol

from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.protocols import User

__all__ = ["SyncUserStore", "SyncUsers"]


_OPTIONAL = ("add", "find_by_email", "set_email", "set_active", "remove")
"""Verbs of the account flows."""


class SyncUsers(Protocol):
    """The verbs of ``UserStore`` as plain methods. They are called from several threads."""

    def find_by_login(self, login: str, /) -> User | None:
        """Return the user with this canonical login."""
        ...

    def find_by_id(self, user_id: str, /) -> User | None:
        """Return the user with this id, with the roles that hold now."""
        ...

    def set_password_hash(
        self, user_id: str, password_hash: str, /, *, expected: str | None
    ) -> bool:
        """Replace the hash only if it still is ``expected``; say whether it was."""
        ...


class SyncUserStore:
    """Run each verb of a plain store in a worker thread.

    It has ``add``, ``find_by_email``, ``set_email``, ``set_active`` and ``remove`` exactly if
    the store it wraps has them: the flows appear by the shape of the store.

    Args:
        store: called in the event loop's default threads, several at a time; a database
            connection bound to one thread must be opened per call or come from a pool.

    Raises:
        ConfigurationError: the store is async already.
    """

    def __init__(self, store: SyncUsers) -> None:
        if inspect.iscoroutinefunction(store.find_by_login):
            raise ConfigurationError(
                f"{type(store).__name__} is async already.",
                why="A thread would make its coroutines and await none of them.",
                fix="Pass it as it is: JWTKit(users=your_store).",
                docs="reference/stores/",
            )
        self._store = store
        # Ports are recognised by shape, so a verb must be there only if it works.
        for verb in _OPTIONAL:
            plain = getattr(store, verb, None)
            if callable(plain):
                setattr(self, verb, partial(asyncio.to_thread, plain))

    async def find_by_login(self, login: str, /) -> User | None:
        """Return the user with this canonical login."""
        return await asyncio.to_thread(self._store.find_by_login, login)

    async def find_by_id(self, user_id: str, /) -> User | None:
        """Return the user with this id, with the roles that hold now."""
        return await asyncio.to_thread(self._store.find_by_id, user_id)

    async def set_password_hash(
        self, user_id: str, password_hash: str, /, *, expected: str | None
    ) -> bool:
        """Replace the hash only if it still is ``expected``; say whether it was."""
        return await asyncio.to_thread(
            self._store.set_password_hash, user_id, password_hash, expected=expected
        )
