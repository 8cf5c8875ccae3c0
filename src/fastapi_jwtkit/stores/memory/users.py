"""Users in this process: for development and tests. They are gone when it ends."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from fastapi_jwtkit.credentials import canonical_login
from fastapi_jwtkit.errors import LoginTakenError
from fastapi_jwtkit.records import NewUser
from fastapi_jwtkit.stores.memory.single_worker import claim_realm

__all__ = ["MemoryUser", "MemoryUserStore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryUser:
    """A user as the memory store keeps them."""

    id: str
    login: str
    password_hash: str | None = field(default=None, repr=False)
    email: str | None = None
    email_verified: bool = False
    is_active: bool = True
    scopes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()


class MemoryUserStore:
    """A user store in two dicts, with the verbs of every account flow.

    Ids are random, not counted: the keys of development outlive a restart, and with them
    a token of yesterday's user 1 would be a token of today's (OIDC Core 2).

    Args:
        realm: refuse a second worker of the same server, which would know other users;
            ``None``: any number of them may have users of their own.
    """

    def __init__(self, *, realm: str | None = None) -> None:
        self._realm = realm
        # Held between a check and its write, never across an await: one store may serve
        # the event loops of several threads.
        self._lock = threading.Lock()
        self._users: dict[str, MemoryUser] = {}
        self._ids: dict[str, str] = {}

    async def find_by_login(self, login: str, /) -> MemoryUser | None:
        """Return the user with this canonical login."""
        self._claim()
        with self._lock:
            user_id = self._ids.get(login)
            return self._users[user_id] if user_id is not None else None

    async def find_by_id(self, user_id: str, /) -> MemoryUser | None:
        """Return the user with this id, with the roles that hold now."""
        self._claim()
        return self._users.get(user_id)

    async def set_password_hash(
        self, user_id: str, password_hash: str, /, *, expected: str | None
    ) -> bool:
        """Replace the hash only if it still is ``expected``; say whether it was."""
        with self._lock:
            user = self._users.get(user_id)
            if user is None or user.password_hash != expected:
                return False
            self._users[user_id] = replace(user, password_hash=password_hash)
            return True

    async def add(self, new: NewUser, /) -> MemoryUser:
        """Store a new user under an id that was never used before.

        Raises:
            LoginTakenError: the login is somebody's.
            ValueError: the login is not in its canonical spelling, so nobody could log in.
        """
        if canonical_login(new.login) != new.login:
            raise ValueError("the login is not in its canonical spelling")
        with self._lock:
            if new.login in self._ids:
                raise LoginTakenError("login_taken")
            user = MemoryUser(
                id=secrets.token_hex(16),
                login=new.login,
                password_hash=new.password_hash,
                email=new.email,
                scopes=new.scopes,
            )
            self._users[user.id] = user
            self._ids[user.login] = user.id
            return user

    async def find_by_email(self, email: str, /) -> MemoryUser | None:
        """Return whose address this is: of several, the one who verified it."""
        with self._lock:
            found = [user for user in self._users.values() if user.email == email]
        owners = [user for user in found if user.email_verified] or found
        return owners[0] if len(owners) == 1 else None

    async def set_email(
        self, user_id: str, email: str, /, *, expected: str | None, login: str | None = None
    ) -> bool:
        """Replace the address, as verified, only if it still is ``expected``.

        Raises:
            LoginTakenError: ``login`` is somebody else's.
        """
        with self._lock:
            user = self._users.get(user_id)
            if user is None or user.email != expected:
                return False
            new_login = user.login if login is None else login
            if self._ids.get(new_login, user_id) != user_id:
                raise LoginTakenError("login_taken")
            del self._ids[user.login]
            self._ids[new_login] = user_id
            self._users[user_id] = replace(user, email=email, email_verified=True, login=new_login)
            return True

    async def set_active(self, user_id: str, active: bool, /) -> bool:  # noqa: FBT001 - the port's
        """Set ``is_active``; say whether there is such a user."""
        return await self.change(user_id, is_active=active) is not None

    async def change(
        self,
        user_id: str,
        *,
        is_active: bool | None = None,
        scopes: Iterable[str] | None = None,
        roles: Iterable[str] | None = None,
        permissions: Iterable[str] | None = None,
    ) -> MemoryUser | None:
        """Change what is given and return the user; ``None`` if there is none.

        For sessions that are open, follow it with ``kit.expire_claims`` or
        ``kit.close_all``.
        """
        with self._lock:
            user = self._users.get(user_id)
            if user is None:
                return None
            self._users[user_id] = changed = replace(
                user,
                is_active=user.is_active if is_active is None else is_active,
                scopes=user.scopes if scopes is None else frozenset(scopes),
                roles=user.roles if roles is None else frozenset(roles),
                permissions=user.permissions if permissions is None else frozenset(permissions),
            )
            return changed

    async def remove(self, user_id: str, /) -> bool:
        """Forget a user and free the login, never the id. Say whether there was one."""
        with self._lock:
            user = self._users.pop(user_id, None)
            if user is None:
                return False
            del self._ids[user.login]
            return True

    def _claim(self) -> None:
        if self._realm is not None:
            claim_realm(self._realm, kept="users")
