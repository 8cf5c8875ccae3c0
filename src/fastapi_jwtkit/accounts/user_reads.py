"""The one door to a user store, where whatever it raises becomes one error."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar

from fastapi_jwtkit.configuration_errors import why_unfit
from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.protocols import User, UserStore
from fastapi_jwtkit.store_errors import store_call

__all__ = ["UserReads", "ask_user_store", "ensure_user_store"]

_Answer = TypeVar("_Answer")


async def ask_user_store(verb: Callable[[], Awaitable[_Answer]]) -> _Answer:
    """Call one verb of a user store.

    A store that fails must never read like a user who is unknown or gone: that would
    refuse right passwords and end sessions for as long as a database is down.

    Raises:
        StoreUnavailableError: the store raised something of its own, kept as the cause.
        ConfigurationError: the verb is a plain ``def``.
    """
    with store_call("user_store_failed"):
        answer: object = verb()
        if not inspect.isawaitable(answer):
            raise ConfigurationError(
                "A method of the user store is not async.",
                why="It just ran on the event loop, where it stops every other request.",
                fix="Wrap the store: JWTKit(users=SyncUserStore(your_store)).",
                docs="how-to/bring-your-own-users/",
            )
        found: _Answer = await answer
        return found


def ensure_user_store(users: object) -> None:
    """Return if an object has the methods of a user store.

    Raises:
        ConfigurationError: it is a class, or a method is missing.
    """
    unfit = why_unfit(users, ("find_by_login", "find_by_id", "set_password_hash"))
    if unfit:
        raise ConfigurationError(
            f"The user store {unfit}.",
            why="Logins and refreshes ask it who the user is.",
            fix="JWTKit(settings, users=YourUserStore()), with all three methods.",
            docs="how-to/bring-your-own-users/",
        )


class UserReads:
    """Reads users for the kit.

    Args:
        users: where users live; ``None`` for a kit that was given no user store.
    """

    def __init__(self, users: UserStore | None) -> None:
        self._users = users

    async def by_login(self, login: str) -> User | None:
        """Return the user with this canonical login.

        Raises:
            StoreUnavailableError: the store failed.
            ConfigurationError: there is no user store.
        """
        users = self._store()
        return await ask_user_store(lambda: users.find_by_login(login))

    async def by_id(self, user_id: str) -> User | None:
        """Return the user with this id, with the roles that hold now.

        Raises:
            StoreUnavailableError: the store failed.
            ConfigurationError: there is no user store.
        """
        users = self._store()
        return await ask_user_store(lambda: users.find_by_id(user_id))

    def _store(self) -> UserStore:
        if self._users is None:
            raise ConfigurationError(
                "This kit has no user store.",
                why="Logins and refreshes ask it who the user is and what they may do now.",
                fix="JWTKit(settings, users=YourUserStore()).",
                docs="how-to/bring-your-own-users/",
            )
        return self._users
