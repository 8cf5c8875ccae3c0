"""A kit whose logins and writes can be held, while something else happens to the account."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import SecretStr

from fastapi_jwtkit.errors import InvalidCredentialsError
from fastapi_jwtkit.kit import JWTKit
from fastapi_jwtkit.mail import MailKind
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from fastapi_jwtkit.protocols import User
from kits import PASSWORD, credentials
from mailed import PUBLIC_URL, Postbox
from web_kits import make_settings

NEW = SecretStr("another rather long one")
WRITES = "before a write"
ENDS = ("change", "reset", "disable", "delete")
MOMENTS = ("before the comparison", "before it is confirmed", "after it was confirmed")


class Held:
    """A user store in which one login can be held at a moment of it."""

    def __init__(self, users: Any) -> None:
        self._users = users
        self.moment = ""
        self.reached = asyncio.Event()
        self.go = asyncio.Event()
        # By name: ports are recognised by the attributes that can be seen.
        self.add = users.add
        self.find_by_email = users.find_by_email

    async def find_by_login(self, login: str, /) -> User | None:
        """Read; a login is held before its password is compared."""
        user: User | None = await self._users.find_by_login(login)
        await self._hold(MOMENTS[0])
        return user

    async def find_by_id(self, user_id: str, /) -> User | None:
        """Read; a login is held before, or with what it has read."""
        await self._hold(MOMENTS[1])
        user: User | None = await self._users.find_by_id(user_id)
        await self._hold(MOMENTS[2])
        return user

    async def set_password_hash(
        self, user_id: str, password_hash: str, /, *, expected: str | None
    ) -> bool:
        """Write; a change is held before it."""
        await self._hold(WRITES)
        done: bool = await self._users.set_password_hash(user_id, password_hash, expected=expected)
        return done

    async def set_email(
        self, user_id: str, email: str, /, *, expected: str | None, login: str | None = None
    ) -> bool:
        """Write; a change of address is held before it."""
        await self._hold(WRITES)
        done: bool = await self._users.set_email(user_id, email, expected=expected, login=login)
        return done

    async def set_active(self, user_id: str, active: bool, /) -> bool:
        """Write; a disabling is held before it."""
        await self._hold(WRITES)
        done: bool = await self._users.set_active(user_id, active)
        return done

    async def remove(self, user_id: str, /) -> bool:
        """Write; a deletion is held before it."""
        await self._hold(WRITES)
        done: bool = await self._users.remove(user_id)
        return done

    async def _hold(self, moment: str) -> None:
        if self.moment == moment:
            self.moment = ""
            self.reached.set()
            await self.go.wait()


class Scene:
    """A kit on a store, its users and its mails."""

    def __init__(self, users: Any, **settings: Any) -> None:
        self.users = Held(users)
        self.post = Postbox()
        self.acting: asyncio.Future[object]
        self.kit = JWTKit(
            make_settings(
                public_url=PUBLIC_URL,
                email_verification="ask",
                max_sessions=3,
                throttle_guesses="100/5minutes",  # who race come from one place
                **settings,
            ),
            users=self.users,
            mailer=self.post,
            hasher=PasslibHasher.cheap_for_tests(),
        )

    async def register(self, login: str) -> User:
        """Store a user with an address."""
        return await self.kit.register(credentials(login), email=f"{login}@example.com")

    async def reset_token(self, login: str) -> SecretStr:
        """Return the token of a link."""
        await self.kit.accounts.request_reset(f"{login}@example.com")
        return SecretStr(await self.post.token(self.kit, MailKind.RESET_PASSWORD))

    async def held_before_its_write(
        self, act: Callable[[], Awaitable[object]], meanwhile: Callable[[], Awaitable[object]]
    ) -> BaseException | None:
        """Do something before the write of something else; return what that came to."""
        self.users.reached, self.users.go = asyncio.Event(), asyncio.Event()
        self.users.moment = WRITES
        self.acting = acting = asyncio.ensure_future(act())
        await self.users.reached.wait()
        await meanwhile()
        self.users.go.set()
        (answer,) = await asyncio.gather(acting, return_exceptions=True)
        return answer if isinstance(answer, BaseException) else None

    async def acts_on(self, user: User) -> dict[str, Callable[[], Awaitable[object]]]:
        """Return all that ends the sessions of a user whose password is ``PASSWORD``."""
        accounts = self.kit.accounts
        await self.post.taken(self.kit)
        token = await self.reset_token(user.login)
        return {
            "change": lambda: accounts.change_password(
                user.id, current=SecretStr(PASSWORD), new=NEW
            ),
            "reset": lambda: accounts.reset_password(token, new=NEW),
            "disable": lambda: accounts.disable(user.id),
            "delete": lambda: accounts.delete(user.id),
        }

    async def during_login(
        self, user: User, moment: str, act: Callable[[], Awaitable[object]]
    ) -> str:
        """Do something while a login is held, and return its access token; empty if refused."""
        self.users.reached, self.users.go = asyncio.Event(), asyncio.Event()
        self.users.moment = moment
        login = asyncio.create_task(self.kit.login(credentials(user.login)))
        await self.users.reached.wait()
        await act()
        self.users.go.set()
        try:
            return (await login).access_token
        except InvalidCredentialsError:
            return ""
