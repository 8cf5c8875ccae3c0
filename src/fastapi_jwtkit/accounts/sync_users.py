"""A user store with plain methods, made into one the kit can await."""

from __future__ import annotations

import asyncio
import inspect
from typing import Protocol, runtime_checkable

from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.protocols import User
from fastapi_jwtkit.records import NewUser

__all__ = ["SyncRegisteringUsers", "SyncUserStore", "SyncUsers"]


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


@runtime_checkable
class SyncRegisteringUsers(Protocol):
    """A plain store that can take new users."""

    def add(self, new: NewUser, /) -> User:
        """Store a new user under an id that was never used before."""
        ...


class SyncUserStore:
    """Run each verb of a plain store in a worker thread.

    It is a ``RegisteringUserStore`` exactly if the store it wraps has ``add``.

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
        if isinstance(store, SyncRegisteringUsers):
            self._registering = store
            # Ports are recognised by shape, so the verb must be there only if it works.
            self.add = self._add

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

    async def _add(self, new: NewUser, /) -> User:
        return await asyncio.to_thread(self._registering.add, new)
