"""Stores that work for a while and then break."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi_jwtkit.records import RevocationEntry
from fastapi_jwtkit.stores.memory import MemoryRevocationStore, MemorySessionStore


class BreakingSessions(MemorySessionStore):
    """The memory store, which takes so many revocations and then breaks."""

    writes_left = 100

    async def revoke(self, realm: str, sid: str, /, *, reason: str) -> bool:
        """End a session, or fail."""
        self.writes_left -= 1
        if self.writes_left < 0:
            raise ConnectionError("the server is gone")
        return await super().revoke(realm, sid, reason=reason)


class BreakingFeed(MemoryRevocationStore):
    """The memory feed, which can be read and takes so many publications before it breaks."""

    writes_left = 100

    async def publish(self, realm: str, entries: Sequence[RevocationEntry], /) -> None:
        """Publish, or fail."""
        self.writes_left -= 1
        if self.writes_left < 0:
            raise ConnectionError("the server is gone")
        await super().publish(realm, entries)
