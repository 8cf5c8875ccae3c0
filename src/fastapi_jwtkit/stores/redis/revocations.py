"""The revocation feed: a sorted set is its state, a stream its log."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Any

from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.records import FeedPage, RevocationEntry
from fastapi_jwtkit.revocation_entries import merge_entries
from fastapi_jwtkit.stores.redis.clients import LoopClients
from fastapi_jwtkit.stores.redis.feed_entries import entry_of, page_of, words_of
from fastapi_jwtkit.stores.redis.feed_position import FeedEnd, FeedPosition
from fastapi_jwtkit.stores.redis.keys import KeyNames
from fastapi_jwtkit.stores.redis.lines import Word
from fastapi_jwtkit.stores.redis.links import Link, RedisClient
from fastapi_jwtkit.stores.redis.scripts import Script, load_script
from fastapi_jwtkit.stores.redis.server import RedisServer
from fastapi_jwtkit.stores.redis.server_time import ServerTime, StoreTime

__all__ = ["RedisRevocationStore"]

LOG_SIZE = 10_000
PUBLISHED_AT_ONCE = 5_000
"""Entries of one script; more would keep the server from all else for too long."""
PAGE = 1_000
"""Entries of the state that are read at a time, about."""
LOG_PAGE = 200
"""Entries of the log that are read at a time; each holds up to 20."""
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
        log_size: publications that the log keeps, about; who is further behind reads the
            whole state.
    """

    sync_after = 1.0

    def __init__(
        self,
        client: RedisClient | LoopClients,
        *,
        prefix: str = "jwtkit",
        time: StoreTime | None = None,
        log_size: int = LOG_SIZE,
    ) -> None:
        self._server = RedisServer(client)
        self._keys = KeyNames(prefix)
        self._time = time or ServerTime()
        self._log_size = _LOG_SIZE.pack(log_size)
        self._publish = load_script("clock", "feed", "replicas", "feed_publish")
        self._snapshot = _script("feed_snapshot")
        self._follow = _script("feed_follow")
        self._sweep = _script("feed_sweep")
        self._noted: dict[str, float] = {}

    async def publish(self, realm: str, entries: Sequence[RevocationEntry], /) -> None:
        """Add entries; one that is known grows and never shrinks.

        All or none of 5,000; what is more is added 5,000 at a time.

        Raises:
            NotReplicatedError: it is done, and no replica has it yet.
        """
        start = self._time.argument() + self._log_size
        merged = _merged(entries)
        for first in range(0, len(merged), PUBLISHED_AT_ONCE):
            words: list[Word] = [start]
            for entry in merged[first : first + PUBLISHED_AT_ONCE]:
                words += words_of(entry)
            await self._server.run_for_replicas(
                self._publish,
                self._keys.feed(realm),
                *words,
                reason="revocation_publish_failed",
                patience=len(words) / 10_000,
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
        await self._server.wait_for_entry(keys[-1], known.last, reason=reason)
        *start, gone, text = await self._server.run(
            self._follow, keys, self._time.argument(), known.last, LOG_PAGE, reason=reason
        )
        end, entries = _end_of(start), page_of(text)
        count = len(entries)
        if not known.is_followed_by(end, gone=gone, count=count, is_all=count < LOG_PAGE):
            return await self.snapshot(realm)
        heard = [
            entry_of(name, over, known_of_it)
            for _, words in entries
            for name, known_of_it, over in zip(words[::4], words[1::4], words[3::4], strict=True)
        ]
        if entries:
            known = known.after(entries[-1][0], count)
        return FeedPage(
            entries=_live(heard, end.now),
            position=known.to_text(),
            whole=False,
            born_at=end.born_at,
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
        by_name: dict[str, RevocationEntry] = {}  # a page may repeat what another had
        while first is None or cursor != _START:
            *start, next_cursor, text = await self._server.run(
                self._snapshot,
                keys,
                self._time.argument(),
                cursor,
                PAGE,
                reason="revocation_read_failed",
            )
            end, cursor = _end_of(start), next_cursor.decode()
            first = first or end
            if (end.born_at, end.run_id) != (first.born_at, first.run_id):
                return None
            for name, over, known in zip(*page_of(text), strict=True):
                by_name[name] = entry_of(name, over, known)
        return FeedPage(
            entries=_live(by_name.values(), first.now),
            position=FeedPosition.at_end(first).to_text(),
            whole=True,
            born_at=first.born_at,
        )

    async def _note(self, realm: str, born_at: float) -> None:
        """Enter the realm among those that ``prune`` looks after."""
        if self._noted.get(realm) == born_at:
            return
        name, tag = self._keys.realms(), self._keys.tag(realm)

        async def note(link: Link) -> None:
            await link.command(name, "SADD", name, tag)

        try:
            await self._server.ask(note, reason="realm_not_noted")
        except StoreUnavailableError:
            return  # the next whole read tries again: this one is whole without it
        self._noted[realm] = born_at


def _end_of(answer: Sequence[Any]) -> FeedEnd:
    times, run_id, last, added = answer
    born_at, now = _TIMES.unpack(times)
    return FeedEnd(
        born_at=born_at, now=now, run_id=run_id.decode(), last=last.decode(), added=added
    )


def _merged(entries: Iterable[RevocationEntry]) -> Sequence[RevocationEntry]:
    """Return one entry for each name: the script takes no name twice."""
    by_name: dict[tuple[str, str], RevocationEntry] = {}
    for entry in entries:
        name = entry.kind, entry.value
        known = by_name.get(name)
        by_name[name] = entry if known is None else merge_entries(known, entry)
    return tuple(by_name.values())


def _live(entries: Iterable[RevocationEntry], now: float) -> tuple[RevocationEntry, ...]:
    return tuple(entry for entry in entries if entry.expires_at is None or entry.expires_at > now)


def _script(name: str) -> Script:
    return load_script("clock", "feed", name)
