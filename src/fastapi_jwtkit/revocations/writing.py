"""Adding to the feed, and adding again what its store forgot.

A server that fails over, restarts without its last writes or is restored from a backup
forgets revocations that were acknowledged. Every process that follows the feed still
knows them: it compares each whole state with its map and puts back what is missing, in
the feed and in the session rows, which went back with it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from itertools import islice

from fastapi_jwtkit.protocols import Clock, RevocationStore, SessionStore
from fastapi_jwtkit.records import RevocationEntry, RevocationKind
from fastapi_jwtkit.revocation_entries import kills_as_much, merge_entries
from fastapi_jwtkit.store_errors import store_call

__all__ = ["FeedWriter"]

logger = logging.getLogger("fastapi_jwtkit")

_REASON = "revoked_before"
_PUBLISHED_TOGETHER = 500
# About two milliseconds of work: what one turn of the event loop may take.
_COMPARED_TOGETHER = 2_000
# What is about to expire need not be put back; clocks differ by less than this.
_WORTH_KEEPING_SECONDS = 60.0
_PUBLISHED_KEPT = 10_000
_IN_FLIGHT = float("inf")

_Name = tuple[RevocationKind, str]


class FeedWriter:
    """Tells a feed what is revoked.

    Args:
        store: the feed.
        sessions: rows to end again; ``None`` where the kit has none.
        realm: whose entries.
        clock: the application's clock.
    """

    def __init__(
        self,
        store: RevocationStore,
        sessions: SessionStore | None,
        *,
        realm: str,
        clock: Clock,
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._realm = realm
        self._clock = clock
        # When this process published an entry last: a state that was read before that
        # does not hold it, and has forgotten nothing.
        self._published: dict[_Name, float] = {}
        self.put_back_count = 0
        """How many entries were put back since this process began."""
        self.owes = False
        """Whether something could not be added: the next whole state must be compared."""

    async def publish(self, entries: Sequence[RevocationEntry]) -> None:
        """Add entries to the feed.

        Raises:
            StoreUnavailableError: it could not be written, or not to enough servers.
        """
        names = [_name(entry) for entry in entries]
        for name in names:
            self._published[name] = _IN_FLIGHT
        try:
            with store_call("revocation_publish_failed"):
                await self._store.publish(self._realm, entries)
        except BaseException:
            for name in names:
                self._published.pop(name, None)
            self.owes = True
            raise
        now = self._clock.monotonic()
        for name in names:
            self._published[name] = now
        for name in list(islice(self._published, max(0, len(self._published) - _PUBLISHED_KEPT))):
            del self._published[name]

    async def repair(
        self, mine: Sequence[RevocationEntry], state: Sequence[RevocationEntry], *, read_at: float
    ) -> None:
        """Put back what is in the map and not in a whole state of the feed.

        Doing it twice, or from every worker at once, changes nothing more. After a
        failure it ``owes``, and the next whole state is compared again.

        Args:
            mine: the map, as it was when the state had been read.
            state: all entries of the feed.
            read_at: when reading began, by the monotonic clock.
        """
        self.owes = False
        try:
            missing = await _missing(mine, state, until=self._clock.now())
            forgotten = [
                entry
                for entry in missing
                if self._published.get(_name(entry), read_at - 1.0) < read_at
            ]
            if forgotten:
                await self._put_back(forgotten)
            # The rest was published since, or published since and forgotten since.
            self.owes = len(forgotten) < len(missing)
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing waits for this
            self.owes = True
            logger.warning("revocations could not be put back: %s", type(error).__name__)

    async def _put_back(self, forgotten: Sequence[RevocationEntry]) -> None:
        logger.warning("the store forgot %d revocations: putting them back", len(forgotten))
        for start in range(0, len(forgotten), _PUBLISHED_TOGETHER):
            some = forgotten[start : start + _PUBLISHED_TOGETHER]
            await self.publish(some)
            self.put_back_count += len(some)
        if self._sessions is not None:
            for entry in forgotten:
                if entry.kind == "sid":
                    await self._end_again(self._sessions, entry)

    async def _end_again(self, sessions: SessionStore, entry: RevocationEntry) -> None:
        with store_call("revocation_put_back_failed"):
            if entry.min_epoch is None:
                await sessions.revoke(self._realm, entry.value, reason=_REASON)
                return
            found = await sessions.find(self._realm, entry.value)
            epoch = None if found is None else found.session.epoch
            while epoch is not None and epoch < entry.min_epoch:
                epoch = await sessions.bump_epoch(self._realm, entry.value)


async def _missing(
    mine: Sequence[RevocationEntry], state: Sequence[RevocationEntry], *, until: float
) -> list[RevocationEntry]:
    """Return what ``state`` lacks of ``mine``, giving way to requests meanwhile."""
    told: dict[_Name, RevocationEntry] = {}
    for number, entry in enumerate(state):
        known = told.get(_name(entry))
        told[_name(entry)] = entry if known is None else merge_entries(known, entry)
        await _give_way(number)
    missing: list[RevocationEntry] = []
    for number, entry in enumerate(mine):
        known = told.get(_name(entry))
        lasts = entry.expires_at is None or entry.expires_at > until + _WORTH_KEEPING_SECONDS
        if lasts and (known is None or not kills_as_much(known, entry)):
            missing.append(entry)
        await _give_way(number)
    return missing


async def _give_way(number: int) -> None:
    if number % _COMPARED_TOGETHER == _COMPARED_TOGETHER - 1:
        await asyncio.sleep(0)


def _name(entry: RevocationEntry) -> _Name:
    return entry.kind, entry.value
