"""Keeping the map like the feed, and the feed like the map.

A verified request asks the map and no server. The process that revokes applies the
entry to its own map first. Whoever ends the follower makes the map stale, and a stale
map is read anew before it is trusted, so nothing here must be started or stopped for the
answers to be right: under a test client without lifespan, in a mounted sub-app, after a
fork, with one event loop per test.
"""

from __future__ import annotations

import asyncio
import logging
import os
import weakref
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any

from fastapi_jwtkit.errors import ConfigurationError, RevocationsStaleError
from fastapi_jwtkit.protocols import Clock, RevocationStore, SessionStore
from fastapi_jwtkit.records import RevocationEntry
from fastapi_jwtkit.revocations.known import KnownRevocations
from fastapi_jwtkit.revocations.vigils import Vigils
from fastapi_jwtkit.revocations.writing import FeedWriter

__all__ = ["Revocations"]

logger = logging.getLogger("fastapi_jwtkit")

SYNC_LIMIT_SECONDS = 0.3
"""How long a request waits for a read; the read itself goes on for those that follow."""
READ_LIMIT_SECONDS = 30.0
BIRTH_SLACK_SECONDS = 30.0
_LONG_AGO = float("-inf")
_RETRY_SECONDS = 0.4
_OWED_AGAIN_SECONDS = 2.0
"""Between two whole reads that look for what the feed still lacks."""


class Revocations:
    """What is revoked in one realm, followed through its feed.

    Args:
        store: the feed.
        sessions: rows that are ended again after a store forgot; ``None`` without rows.
        realm: whose entries.
        max_staleness: seconds after which a map that could not be read denies; below 0.3
            a read that was just made counts as no older.
        entry_ttl: seconds an entry is kept: the longest life of what it kills.
        clock: the application's clock.
    """

    def __init__(
        self,
        store: RevocationStore,
        *,
        sessions: SessionStore | None = None,
        realm: str,
        max_staleness: float,
        entry_ttl: float,
        clock: Clock,
    ) -> None:
        self._store = store
        self._realm = realm
        # A read that a request waits for is as old as that when it is done.
        self._max_staleness = max(max_staleness, SYNC_LIMIT_SECONDS)
        self._entry_ttl = entry_ttl
        self._clock = clock
        # Not only what is read on time ages: who asks for less than a poll gets it.
        self._sync_after = min(store.sync_after, max_staleness)
        self.known = KnownRevocations(clock=clock)
        self.is_plain = self.known.is_plain  # bound once: asked on every request
        self.vigils = Vigils(self.known, self.freshen, clock=clock)
        self._writing = FeedWriter(store, sessions, realm=realm, clock=clock)
        self._position: str | None = None
        self._failing = False
        self._read_at = self._read_at_wall = self._failed_at = self._whole_at = _LONG_AGO
        self.fresh_until = self.fresh_until_wall = _LONG_AGO
        """Until when the map may be asked without reading the feed first, by both clocks."""
        self._follower: asyncio.Task[None] | None = None
        self._flight: asyncio.Task[None] | None = None
        self._repairing: asyncio.Task[None] | None = None
        # An event loop keeps no task alive by itself.
        self._tasks: set[asyncio.Task[None]] = set()
        _LIVE.add(self)

    def is_fresh(self) -> bool:
        """Say whether the map may be asked without reading the feed first."""
        return (
            self._clock.monotonic() <= self.fresh_until
            and self._clock.now() <= self.fresh_until_wall
        )

    def age(self) -> float:
        """Return how many seconds ago the last completed read began, by either clock."""
        return max(self._clock.monotonic() - self._read_at, self._clock.now() - self._read_at_wall)

    @property
    def put_back(self) -> int:
        """How many entries this process gave back to a store that had forgotten them."""
        return self._writing.put_back_count

    async def publish(self, entries: Iterable[RevocationEntry]) -> None:
        """Revoke: in this process first, then for everybody.

        Raises:
            StoreUnavailableError: the feed could not be written; the entries hold in
                this process, and the caller must not be told that it is done.
        """
        entries = tuple(entries)
        self.known.apply(entries)
        await self._writing.publish(entries)

    def session_entry(self, sid: str, *, min_epoch: int | None = None) -> RevocationEntry:
        """Return the entry that ends a session, or the claims below a version of it."""
        return RevocationEntry(
            kind="sid",
            value=sid,
            min_epoch=min_epoch,
            expires_at=self._clock.now() + self._entry_ttl,
        )

    async def freshen(self, *, wait: float = SYNC_LIMIT_SECONDS) -> None:
        """Bring the map up to date if it is not; callers at one time share one read.

        Args:
            wait: seconds to wait for the read, which goes on without the caller.

        Raises:
            RevocationsStaleError: the feed cannot be read and the map is older than
                ``max_staleness``: nobody may be let in on it.
        """
        if self.is_fresh():
            return
        loop = asyncio.get_running_loop()
        is_usable = self.age() <= self._max_staleness
        just_failed = self._clock.monotonic() - self._failed_at < _RETRY_SECONDS
        if not (is_usable and just_failed):
            # Else the follower is trying; requests need not wait while the map serves.
            await self._read_together(loop, wait)
        if not _runs_in(self._follower, loop):
            self._follower = self._task(loop, self._follow(), "jwtkit-revocation-feed")
        if not self.is_fresh() and self.age() > self._max_staleness:
            raise RevocationsStaleError("revocations_stale")

    async def stop(self) -> None:
        """End what runs in this event loop."""
        self.forget_loop()
        loop = asyncio.get_running_loop()
        self._follower = self._flight = self._repairing = None
        mine = [task for task in list(self._tasks) if task.get_loop() is loop]
        for task in mine:
            task.cancel()
        await asyncio.gather(*mine, return_exceptions=True)

    def forget_loop(self) -> None:
        """Trust nothing that was read so far: the follower is gone."""
        self._read_at = self._read_at_wall = _LONG_AGO
        self.fresh_until = self.fresh_until_wall = _LONG_AGO

    async def _read_together(self, loop: asyncio.AbstractEventLoop, wait: float) -> None:
        flight = self._flight
        if flight is None or not _runs_in(flight, loop):
            flight = self._task(loop, self._read_state(), "jwtkit-revocation-read")
            self._flight = flight
        await asyncio.wait({flight}, timeout=wait)
        if flight.done() and not flight.cancelled():
            flight.result()

    async def _read_state(self) -> None:
        try:
            async with asyncio.timeout(READ_LIMIT_SECONDS):
                await self._read(None)
        except ConfigurationError:
            raise  # a second worker in memory: waiting will not help
        except Exception as error:  # noqa: BLE001 - whatever it is, staleness decides
            self._note_failure(error)

    async def _read(self, position: str | None) -> None:
        started, started_wall = self._clock.monotonic(), self._clock.now()
        if position is None:
            page = await self._store.snapshot(self._realm)
        else:
            page = await self._store.follow(self._realm, position)
        await self.known.take_in(page.entries)
        self._position = page.position
        self.known.trust_from(page.born_at + BIRTH_SLACK_SECONDS)
        if started >= self._read_at:
            # From the start of the read: what came during it may not be in it.
            self._read_at, self._read_at_wall = started, started_wall
            self.fresh_until = started + self._sync_after
            self.fresh_until_wall = started_wall + self._sync_after
        self._failing = False
        if page.whole:
            self._whole_at = started
        if page.whole and len(self.known):
            self._repair(page.entries, read_at=started)

    def _repair(self, state: Sequence[RevocationEntry], *, read_at: float) -> None:
        """Compare a whole state with the map, beside the follower, which must not wait for it."""
        loop = asyncio.get_running_loop()
        if _runs_in(self._repairing, loop):
            self._writing.owes = True  # this state may lack what the one before it had
            return
        repair = self._writing.repair(self.known.entries(), state, read_at=read_at)
        self._repairing = self._task(loop, repair, "jwtkit-revocation-put-back")

    async def _follow(self) -> None:
        me = asyncio.current_task()
        try:
            while True:
                try:
                    await self._read(None if self._looks_again() else self._position)
                except Exception as error:  # noqa: BLE001 - the map ages, then it denies
                    # Behind a broken connection may be another server, or one that forgot.
                    self._position = None
                    self._note_failure(error)
                    await asyncio.sleep(_RETRY_SECONDS)
        finally:
            if self._follower is me:
                self._follower = None
                self.forget_loop()

    def _looks_again(self) -> bool:
        """Say whether to compare the whole state now: the feed may lack what could not be added."""
        since = self._clock.monotonic() - self._whole_at
        return self._writing.owes and since >= _OWED_AGAIN_SECONDS

    def _note_failure(self, error: Exception) -> None:
        self._failed_at = self._clock.monotonic()
        level = logging.DEBUG if self._failing else logging.WARNING  # once an outage
        self._failing = True
        # By its type: drivers like to put addresses and values into their messages.
        logger.log(level, "the revocation feed cannot be read: %s", type(error).__name__)

    def _task(
        self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, None], name: str
    ) -> asyncio.Task[None]:
        task = loop.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _runs_in(task: asyncio.Task[None] | None, loop: asyncio.AbstractEventLoop) -> bool:
    """Say whether a task still runs, in this event loop: another may be gone without it."""
    return task is not None and not task.done() and task.get_loop() is loop


# After a fork the follower of the parent does not run in the child.
_LIVE: weakref.WeakSet[Revocations] = weakref.WeakSet()


def _forget_all() -> None:
    for revocations in list(_LIVE):
        revocations.forget_loop()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_forget_all)
