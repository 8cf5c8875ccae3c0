"""An application whose parts can break, in which ann has an account and a session."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from contextlib import suppress
from typing import Any

from fastapi import Depends

from account_pages import Pages
from clocks import FakeClock
from fastapi_jwtkit import Principal, require_scopes
from fastapi_jwtkit.errors import JWTKitError
from fastapi_jwtkit.keys.secret_ring import SecretRing
from fastapi_jwtkit.protocols import EventSink
from fastapi_jwtkit.records import FoundSession, Session
from fastapi_jwtkit.stores.memory import MemoryRevocationStore, MemorySessionStore
from fastapi_jwtkit.stores.memory.users import MemoryUserStore
from kits import Heard
from password_doubles import WatchedHasher
from web_kits import PASSWORD


class Users(MemoryUserStore):
    """Users whose store can be out of order for writes."""

    is_broken = False

    async def set_active(self, user_id: str, active: bool, /) -> bool:
        """Write, or fail."""
        self._check()
        return await super().set_active(user_id, active)

    async def remove(self, user_id: str, /) -> bool:
        """Write, or fail."""
        self._check()
        return await super().remove(user_id)

    def _check(self) -> None:
        if self.is_broken:
            raise ConnectionError("the server is gone")


class Rows(MemorySessionStore):
    """Sessions that can be set back, and whose store can be out of order."""

    is_broken = False
    memory: Session | None = None

    async def find(self, realm: str, sid: str, /) -> FoundSession | None:
        """Read, by what a backup remembers if it was restored."""
        if self.memory is not None:
            self._rows[realm, sid], self.memory = self.memory, None
        return await super().find(realm, sid)

    async def revoke(self, realm: str, sid: str, /, *, reason: str) -> bool:
        """Write, or fail."""
        self._check()
        return await super().revoke(realm, sid, reason=reason)

    async def bump_epoch(self, realm: str, sid: str, /) -> int | None:
        """Write, or fail."""
        self._check()
        return await super().bump_epoch(realm, sid)

    async def erase(self, realm: str, subject: str, /) -> int:
        """Write, or fail."""
        self._check()
        return await super().erase(realm, subject)

    def _check(self) -> None:
        if self.is_broken:
            raise ConnectionError("the server is gone")


class Secrets:
    """A source of refresh secrets that can be out of order."""

    text = SecretRing.generate(now=1_800_000_000.0).to_text()
    is_broken = False

    async def read(self) -> str:
        """Read, or fail."""
        if self.is_broken:
            raise ConnectionError("the server is gone")
        return self.text


class Stage(Pages):
    """An application on parts that can break, in which ann has an account and a session."""

    transports = ("bearer", "cookie")

    def __init__(self, *, sinks: Sequence[EventSink] = (), **settings: Any) -> None:
        self.users_store = Users()
        clock = FakeClock()
        self.rows = Rows(clock=clock)
        self.hasher = WatchedHasher()
        heard = Heard()
        super().__init__(
            parts={
                "users": self.users_store,
                "sessions": self.rows,
                "revocations": MemoryRevocationStore(clock=clock),
                "hasher": self.hasher,
                "clock": clock,
                "events": (heard, *sinks),
            },
            email_verification="ask",
            **settings,
        )
        self.clock, self.heard = clock, heard
        self.users = self.users_store
        self.access = self.refresh = self.user_id = self.sid = ""
        scope = Depends(require_scopes("tasks:delete-all"))

        @self.app.get("/guarded")
        async def guarded(_: Principal = scope) -> None: ...

    async def begin(self) -> None:
        """Register ann, log her in, and forget what was heard until then."""
        await self.register()
        self.heard.events.clear()
        pair = await self.pair()
        self.access, self.refresh = pair["access_token"], pair["refresh_token"]
        user = await self.users_store.find_by_login("ann")
        assert user is not None
        self.user_id = user.id
        (row,) = await self.kit.list_sessions(user.id)
        self.sid = row.sid

    async def pair(self) -> dict[str, str]:
        """Log in and return the body."""
        answer = await self.send("/login", {"username": "ann", "password": PASSWORD})
        body: dict[str, str] = answer.json()
        return body

    async def rotate(self, token: str) -> str:
        """Refresh over HTTP; empty if it was refused."""
        answer = await self.send("/refresh", {"refresh_token": token})
        return str(answer.json().get("refresh_token", ""))

    async def me(self, token: str) -> None:
        """Use an access token."""
        await self.send("/me", token=token, method="GET")

    async def tried(self, work: Awaitable[object]) -> None:
        """Do what may be refused."""
        with suppress(JWTKitError):
            await work
