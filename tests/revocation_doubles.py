"""Feeds and claims for tests of the revocation map."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from clocks import FakeClock
from fastapi_jwtkit.claims import Claims
from fastapi_jwtkit.records import FeedPage, RevocationEntry
from fastapi_jwtkit.revocations import Revocations
from fastapi_jwtkit.stores.memory import MemoryRevocationStore

REALM = "r"


class Counted(MemoryRevocationStore):
    """The memory feed, counting its reads and failing when told to."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock=clock)
        self.reads = 0
        self.broken = False

    async def snapshot(self, realm: str, /) -> FeedPage:
        """Read, or fail."""
        self.reads += 1
        await asyncio.sleep(0)
        if self.broken:
            raise ConnectionError("the server is gone")
        return await super().snapshot(realm)

    async def follow(self, realm: str, position: str, /) -> FeedPage:
        """Follow, or fail."""
        if self.broken:
            raise ConnectionError("the server is gone")
        return await super().follow(realm, position)

    async def publish(self, realm: str, entries: Sequence[RevocationEntry], /) -> None:
        """Publish, or fail."""
        if self.broken:
            raise ConnectionError("the server is gone")
        await super().publish(realm, entries)


def claims_of(clock: FakeClock, **changes: Any) -> Claims:
    """Return claims as a verifier would make them."""
    payload = {
        "sub": "u1",
        "exp": clock.now() + 600,
        "iat": clock.now() + 60,
        "jti": "j1",
        "sid": "s1",
        "sv": 2,
    }
    return Claims(payload | changes, kid="k1")


def follow(store: MemoryRevocationStore, clock: FakeClock) -> Revocations:
    """Return a map that follows a feed."""
    return Revocations(store, realm=REALM, max_staleness=30, entry_ttl=750, clock=clock)


def entry(kind: Any, value: str, **changes: Any) -> RevocationEntry:
    """Return an entry."""
    return replace(RevocationEntry(kind=kind, value=value), **changes)
