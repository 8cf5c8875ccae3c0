"""Kits for tests: real parts, a clock that can be stepped, keys made at run time."""

from __future__ import annotations

import itertools
from typing import Any

from pydantic import SecretStr

from clocks import FakeClock
from fastapi_jwtkit.credentials import Credentials
from fastapi_jwtkit.errors import InvalidTokenError
from fastapi_jwtkit.events import AuthEvent, EventName
from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.keys.secret_ring import SecretRing
from fastapi_jwtkit.kit import JWTKit
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from fastapi_jwtkit.records import TokenPair
from fastapi_jwtkit.settings import Settings
from fastapi_jwtkit.stores.memory.users import MemoryUser, MemoryUserStore

PASSWORD = "correct horse battery staple"
SCOPES = frozenset({"tasks:read", "tasks:write"})
_realms = itertools.count()


class Heard:
    """An event sink that remembers."""

    def __init__(self) -> None:
        self.events: list[AuthEvent] = []

    def emit(self, event: AuthEvent, /) -> None:
        """Remember one event."""
        self.events.append(event)

    def of(self, name: EventName) -> list[AuthEvent]:
        """Return what was heard under this name."""
        return [event for event in self.events if event.name is name]


class House:
    """A kit with its clock, users and events within reach."""

    def __init__(
        self, *, clock: FakeClock | None = None, parts: Any = None, **settings: Any
    ) -> None:
        self.clock = clock or FakeClock()
        self.users = MemoryUserStore()
        self.heard = Heard()
        now = self.clock.now()
        defaults: dict[str, Any] = {
            "env": "dev",
            "issuer": f"https://issuer-{next(_realms)}.example",
            "keys": SecretStr(KeyRing.generate(now=now).to_text()),
            "refresh_secrets": SecretStr(SecretRing.generate(now=now).to_text()),
            "default_scopes": SCOPES,
        }
        self.settings = Settings(**(defaults | settings))
        keywords: dict[str, Any] = {
            "users": self.users,
            "hasher": PasslibHasher.cheap_for_tests(),
            "events": (self.heard,),
            "clock": self.clock,
        }
        self.kit = JWTKit(self.settings, **(keywords | (parts or {})))

    async def register(self, login: str = "ann") -> MemoryUser:
        """Make an account with the default scopes."""
        user = await self.kit.register(credentials(login))
        found = await self.users.find_by_id(user.id)
        assert found is not None
        return found

    async def log_in(self, login: str = "ann", **keywords: Any) -> TokenPair:
        """Log in, registering first where that was not done."""
        if await self.users.find_by_login(login) is None:
            await self.register(login)
        return await self.kit.login(credentials(login), **keywords)


def credentials(login: str = "ann", password: str = PASSWORD) -> Credentials:
    """Return credentials as a login form would."""
    return Credentials(login=login, password=SecretStr(password))


async def refused(house: House, raw: str) -> str:
    """Return why an access token is refused; empty if it is not."""
    try:
        await house.kit.verify(raw)
    except InvalidTokenError as error:
        return error.reason
    return ""
