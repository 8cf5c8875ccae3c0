"""What a session store that can forget a person must do."""

from __future__ import annotations

import asyncio

import pytest

from fastapi_jwtkit.personal_data import ErasingSessionStore
from fastapi_jwtkit.protocols import SessionStore
from fastapi_jwtkit.testing.contracts.session_data import (
    OTHER_REALM,
    REALM,
    advance,
    new_session,
)
from fastapi_jwtkit.testing.contracts.sessions import SessionStoreContract

__all__ = ["ErasingSessionStoreContract"]


class ErasingSessionStoreContract(SessionStoreContract):
    """The promises of the ports ``SessionStore`` and ``ErasingSessionStore``.

    A subclass gives what ``SessionStoreContract`` asks for.
    """

    @pytest.mark.asyncio
    async def test_what_ended_is_erased_and_nothing_else(self, store: SessionStore) -> None:
        """Not what lives, not what is somebody else's, not what is another realm's."""
        await store.add(new_session("idle", idle_ttl=10))
        for sid in ("alive", "ended"):
            await store.add(new_session(sid))
        await store.add(new_session("theirs", "u2"))
        await store.add(new_session("elsewhere", realm=OTHER_REALM))
        for realm, sid in ((REALM, "ended"), (REALM, "theirs"), (OTHER_REALM, "elsewhere")):
            await store.revoke(realm, sid, reason="logout")
        self.step(20)
        alive = await self.row(store, "alive")
        assert await self.erase(store) == 2
        assert await store.find(REALM, "ended") is None
        assert await store.find(REALM, "idle") is None
        assert await self.row(store, "alive") == alive
        assert await store.find(REALM, "theirs") is not None
        assert await store.find(OTHER_REALM, "elsewhere") is not None
        assert await self.erase(store) == 0
        assert [row.sid for row in await store.list(REALM, "u1")] == ["alive"]

    @pytest.mark.asyncio
    async def test_what_was_erased_does_not_come_back(self, store: SessionStore) -> None:
        """No write makes it anew; its id is free, and the subject may log in again."""
        await store.add(new_session())
        await store.revoke(REALM, "s1", reason="logout")
        assert await self.erase(store) == 1
        assert await store.advance(REALM, "s1", advance(0)) is None
        assert await store.bump_epoch(REALM, "s1") is None
        assert not await store.revoke(REALM, "s1", reason="again")
        assert await store.find(REALM, "s1") is None
        await store.add(new_session("s2"))
        assert [row.sid for row in await store.list(REALM, "u1")] == ["s2"]

    @pytest.mark.asyncio
    async def test_no_login_is_lost_to_an_erasure(self, store: SessionStore) -> None:
        """A row that cannot be listed would survive a logout from everywhere."""
        for number in range(10):
            await store.add(new_session(f"old{number}"))
            await store.revoke(REALM, f"old{number}", reason="logout")
        names = [f"new{number}" for number in range(20)]
        await asyncio.gather(
            *(store.add(new_session(sid)) for sid in names), *(self.erase(store) for _ in range(5))
        )
        assert {row.sid for row in await store.list(REALM, "u1")} == set(names)

    async def erase(self, store: SessionStore) -> int:
        """Erase what ended of the subject of most tests."""
        assert isinstance(store, ErasingSessionStore), "it has no verb `erase`"
        return await store.erase(REALM, "u1")
