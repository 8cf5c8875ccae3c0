"""The revocation feed: a sorted set is its state, a stream its log."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.records import FeedPage, RevocationEntry
from fastapi_jwtkit.stores.redis.clients import LoopClients
from fastapi_jwtkit.stores.redis.feed_entries import LiveEntries, member_of, score_of
from fastapi_jwtkit.stores.redis.feed_position import FeedEnd, FeedPosition
from fastapi_jwtkit.stores.redis.keys import KeyNames
from fastapi_jwtkit.stores.redis.lines import Word
from fastapi_jwtkit.stores.redis.links import Link, RedisClient
from fastapi_jwtkit.stores.redis.scripts import Script, load_script
from fastapi_jwtkit.stores.redis.server import RedisServer
from fastapi_jwtkit.stores.redis.server_time import ServerTime, StoreTime

__all__ = ["RedisRevocationStore"]

LOG_KEPT = 10_000
"""Entries of the log; who is further behind reads the whole state."""
PUBLISHED_AT_ONCE = 5_000
"""Entries of one script; more would keep the server from all else for too long."""
PAGE = 1_000
"""Entries that are read at a time, from the state about as many."""
PRUNE_BATCH = 1_000
_READS = 3
_LOG_SIZE = struct.Struct("<I")
_TIMES = struct.Struct("<dd")
_START = "0"


class RedisRevocationStore:
    """A ``RevocationStore`` on Redis or Valkey.

    Args:
        client: yours, or one for each event loop.
        prefix: what the names of keys begin with.
        time: the store's own clock; tests hand in one with an offset.
    """

    sync_after = 1.0

    def __init__(
        self,
        client: RedisClient | LoopClients,
        *,
        prefix: str = "jwtkit",
        time: StoreTime | None = None,
    ) -> None:
        self._server = RedisServer(client)
        self._keys = KeyNames(prefix)
        self._time = time or ServerTime()
        self._publish = load_script("clock", "feed", "replicas", "feed_publish")
        self._snapshot = _script("feed_snapshot")
        self._follow = _script("feed_follow")
        self._sweep = _script("feed_sweep")
        self._noted: dict[str, float] = {}

    async def publish(self, realm: str, entries: Sequence[RevocationEntry], /) -> None:
        """Add entries; one that is known lives longer and never shorter.

        All or none of 5,000; what is more is added 5,000 at a time.

        Raises:
            NotReplicatedError: it is done, and no replica has it yet.
        """
        start = self._time.argument() + _LOG_SIZE.pack(LOG_KEPT)
        for first in range(0, len(entries), PUBLISHED_AT_ONCE):
            words: list[Word] = [start]
            for entry in entries[first : first + PUBLISHED_AT_ONCE]:
                words += (score_of(entry), member_of(entry))
            await self._server.run_for_replicas(
                self._publish, self._keys.feed(realm), *words, reason="revocation_publish_failed"
            )

    async def snapshot(self, realm: str, /) -> FeedPage:
        """Return the whole state and the position from which to follow it."""
        for _ in range(_READS):
            page = await self._read_whole(realm)
            if page is not None:
                await self._note(realm, page.born_at)
                return page
        raise StoreUnavailableError("revocation_read_failed")

    async def follow(self, realm: str, position: str, /) -> FeedPage:
        """Return what came after ``position``, waiting up to 0.4 s for it.

        Returns the whole state instead once a minute, and wherever the log may not tell
        everything: after a restart or a fail-over of the server, on another state than
        before, and if the log was cut.
        """
        known = FeedPosition.from_text(position)
        if known is None:
            return await self.snapshot(realm)
        reason, keys = "revocation_read_failed", self._keys.feed(realm)
        await self._server.wait_for_entry(keys[1], known.last, reason=reason)
        *start, gone, entries = await self._server.run(
            self._follow, keys, self._time.argument(), known.last, PAGE, reason=reason
        )
        end = _end_of(start)
        count = len(entries)
        if not known.is_followed_by(end, gone=gone, count=count, is_all=count < PAGE):
            return await self.snapshot(realm)
        live = LiveEntries(end.now)
        for _, (score, member) in entries:
            live.add(member, score)
        if entries:
            known = known.after(entries[-1][0].decode(), count)
        return FeedPage(
            entries=live.all(), position=known.to_text(), whole=False, born_at=end.born_at
        )

    async def prune(self) -> int:
        """Delete every entry that is over, of all realms, and say how many there were."""
        reason, name = "revocation_sweep_failed", self._keys.realms()

        async def read(link: Link) -> Any:
            return await link.command(name, "SMEMBERS", name)

        pruned = 0
        for tag in await self._server.ask(read, reason=reason):
            keys = self._keys.feed_of_tag(tag.decode())
            time = self._time.argument()
            count = PRUNE_BATCH
            while count == PRUNE_BATCH:
                count = await self._server.run(self._sweep, keys, time, PRUNE_BATCH, reason=reason)
                pruned += count
        return pruned

    async def _read_whole(self, realm: str) -> FeedPage | None:
        """Return the state, or ``None`` if it became another while it was read.

        Where the log ends is read first: what is added meanwhile comes with the next page.
        """
        keys, cursor = self._keys.feed(realm), _START
        first: FeedEnd | None = None
        live = LiveEntries(0.0)
        while first is None or cursor != _START:
            *start, next_cursor, members = await self._server.run(
                self._snapshot,
                keys,
                self._time.argument(),
                cursor,
                PAGE,
                reason="revocation_read_failed",
            )
            end, cursor = _end_of(start), next_cursor.decode()
            if first is None:
                first, live = end, LiveEntries(end.now)
            if (end.born_at, end.run_id) != (first.born_at, first.run_id):
                return None
            for member, score in zip(members[::2], members[1::2], strict=True):
                if member:  # the other is the birth
                    live.add(member, score)
        position = FeedPosition.at_end(first).to_text()
        return FeedPage(entries=live.all(), position=position, whole=True, born_at=first.born_at)

    async def _note(self, realm: str, born_at: float) -> None:
        """Enter the realm among those that ``prune`` looks after."""
        if self._noted.get(realm) == born_at:
            return
        name, tag = self._keys.realms(), self._keys.tag(realm)

        async def note(link: Link) -> None:
            await link.command(name, "SADD", name, tag)

        await self._server.ask(note, reason="revocation_read_failed")
        self._noted[realm] = born_at


def _end_of(answer: Sequence[Any]) -> FeedEnd:
    times, run_id, last, added = answer
    born_at, now = _TIMES.unpack(times)
    return FeedEnd(
        born_at=born_at, now=now, run_id=run_id.decode(), last=last.decode(), added=added
    )


def _script(name: str) -> Script:
    return load_script("clock", "feed", name)
