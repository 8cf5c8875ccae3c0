"""What is dead before its ``exp``: a map in memory that follows a feed.

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
from collections.abc import Iterable, Sequence

from fastapi_jwtkit.claims import Claims
from fastapi_jwtkit.errors import ConfigurationError, InvalidTokenError, RevocationsStaleError
from fastapi_jwtkit.protocols import Clock, RevocationStore
from fastapi_jwtkit.records import RevocationEntry, RevocationKind
from fastapi_jwtkit.revocation_entries import merge_entries
from fastapi_jwtkit.store_errors import store_call

__all__ = ["Revocations"]

logger = logging.getLogger("fastapi_jwtkit")

SYNC_LIMIT_SECONDS = 0.3
BIRTH_SLACK_SECONDS = 30.0
_LONG_AGO = float("-inf")
_SWEEP_EVERY_SECONDS = 60.0
_RETRY_SECONDS = 0.4
_VOUCHED_KEPT = 100_000


class Revocations:
    """The map of one realm.

    Args:
        store: the feed.
        realm: whose entries.
        max_staleness: seconds after which a map that could not be read denies.
        entry_ttl: seconds an entry is kept: the longest life of what it kills.
        clock: the application's clock.
    """

    def __init__(
        self,
        store: RevocationStore,
        *,
        realm: str,
        max_staleness: float,
        entry_ttl: float,
        clock: Clock,
    ) -> None:
        self._store = store
        self._realm = realm
        self._max_staleness = max_staleness
        self._entry_ttl = entry_ttl
        self._clock = clock
        self._sync_after = store.sync_after
        self._entries: dict[RevocationKind, dict[str, RevocationEntry]] = {
            "sid": {},
            "jti": {},
            "kid": {},
            "subject": {},
        }
        self._by_kind = tuple(self._entries.values())
        self._vouched: dict[str, int] = {}
        self._position: str | None = None
        self.trusted_from = _LONG_AGO
        """Tokens issued since then need no look at their row (see ``needs_row``)."""
        self._read_at = self._read_at_wall = _LONG_AGO
        self.fresh_until = self.fresh_until_wall = _LONG_AGO
        """Until when the map may be asked without reading the feed first, by both clocks."""
        self._swept_at = clock.monotonic()
        self._follower: asyncio.Task[None] | None = None
        self._flight: asyncio.Task[None] | None = None
        _LIVE.add(self)

    # The hot path: no await, no I/O.

    def is_fresh(self) -> bool:
        """Say whether the map may be asked without reading the feed first."""
        return (
            self._clock.monotonic() <= self.fresh_until
            and self._clock.now() <= self.fresh_until_wall
        )

    def is_plain(self, claims: Claims) -> bool:
        """Say whether nothing in the map concerns these claims, and it can know that.

        The answer for all but a few tokens; the others are for ``ensure_live`` and
        ``needs_row``.
        """
        sids, jtis, kids, subjects = self._by_kind
        if claims.issued_at < self.trusted_from and self.needs_row(claims):
            return False
        return not (
            (sids and claims.session_id in sids)
            or (jtis and claims.token_id in jtis)
            or (kids and claims.kid in kids)
            or (subjects and claims.subject in subjects)
        )

    def ensure_live(self, claims: Claims) -> None:
        """Refuse a token that was revoked.

        Raises:
            InvalidTokenError: its session, its claims version, itself, its subject or
                its key is revoked.
        """
        sids, jtis, kids, subjects = self._by_kind
        entry = sids.get(claims.session_id or "") if sids else None
        if entry is not None and (entry.min_epoch is None or claims.epoch < entry.min_epoch):
            raise InvalidTokenError(
                "session_revoked" if entry.min_epoch is None else "claims_expired"
            )
        if jtis and claims.token_id in jtis:
            raise InvalidTokenError("token_revoked")
        if kids and claims.kid in kids:
            raise InvalidTokenError("key_revoked")
        entry = subjects.get(claims.subject) if subjects else None
        if entry is not None and (entry.not_before is None or claims.issued_at < entry.not_before):
            raise InvalidTokenError("subject_revoked")

    def needs_row(self, claims: Claims) -> bool:
        """Say whether the token is older than the feed's memory.

        A feed that was emptied has forgotten what was revoked before: tokens issued
        before its birth are checked against their session once, and then vouched for.
        """
        if claims.issued_at >= self.trusted_from:
            return False
        return claims.epoch < self._vouched.get(claims.session_id or "", claims.epoch + 1)

    def vouch(self, claims: Claims, *, epoch: int) -> None:
        """Remember that the row of this token lives; what ends it later is in the feed."""
        if claims.session_id is not None:
            if len(self._vouched) >= _VOUCHED_KEPT:
                self._vouched.clear()
            self._vouched[claims.session_id] = epoch

    def is_session_revoked(self, sid: str) -> bool:
        """Say whether the map knows the session to be over."""
        entry = self._entries["sid"].get(sid)
        return entry is not None and entry.min_epoch is None

    def min_epoch(self, sid: str) -> int:
        """Return the lowest claims version of the session that still lives."""
        entry = self._entries["sid"].get(sid)
        return 0 if entry is None else entry.min_epoch or 0

    # Reading and writing the feed.

    async def publish(self, entries: Iterable[RevocationEntry]) -> None:
        """Revoke: in this process first, then for everybody.

        Raises:
            StoreUnavailableError: the feed could not be written; the entries hold in
                this process, and the caller must not be told that it is done.
        """
        entries = tuple(entries)
        self._apply(entries)
        with store_call("revocation_publish_failed"):
            await self._store.publish(self._realm, entries)

    def session_entry(self, sid: str, *, min_epoch: int | None = None) -> RevocationEntry:
        """Return the entry that ends a session, or the claims below a version of it."""
        return RevocationEntry(
            kind="sid",
            value=sid,
            min_epoch=min_epoch,
            expires_at=self._clock.now() + self._entry_ttl,
        )

    async def freshen(self) -> None:
        """Bring the map up to date if it is not; callers at one time share one read.

        Raises:
            RevocationsStaleError: the feed cannot be read and the map is older than
                ``max_staleness``: nobody may be let in on it.
        """
        if self.is_fresh():
            return
        loop = asyncio.get_running_loop()
        flight = self._flight
        if flight is None or flight.done() or flight.get_loop() is not loop:
            flight = loop.create_task(self._read_within_limit(), name="jwtkit-revocation-read")
            self._flight = flight
        await asyncio.shield(flight)
        if not self.is_fresh() and self._age() > self._max_staleness:
            raise RevocationsStaleError("revocations_stale")
        if self._follower is None or self._follower.done() or self._follower.get_loop() is not loop:
            self._follower = loop.create_task(self._follow(), name="jwtkit-revocation-feed")

    async def stop(self) -> None:
        """End the follower of this event loop."""
        self.forget_loop()
        follower, self._follower = self._follower, None
        if follower is not None and follower.get_loop() is asyncio.get_running_loop():
            follower.cancel()
            await asyncio.gather(follower, return_exceptions=True)

    def forget_loop(self) -> None:
        """Trust nothing that was read so far: the follower is gone."""
        self._read_at = self._read_at_wall = _LONG_AGO
        self.fresh_until = self.fresh_until_wall = _LONG_AGO

    def _age(self) -> float:
        return max(self._clock.monotonic() - self._read_at, self._clock.now() - self._read_at_wall)

    async def _read_within_limit(self) -> None:
        try:
            async with asyncio.timeout(SYNC_LIMIT_SECONDS):
                await self._read(wait=False)
        except ConfigurationError:
            raise  # a second worker in memory: waiting will not help
        except Exception:  # whatever a store raises, staleness decides
            logger.warning("the revocation feed cannot be read", exc_info=True)

    async def _read(self, *, wait: bool) -> None:
        started, started_wall = self._clock.monotonic(), self._clock.now()
        if self._position is not None and wait:
            page = await self._store.follow(self._realm, self._position)
        else:
            page = await self._store.snapshot(self._realm)
        self._apply(page.entries)
        self._position = page.position
        if page.born_at + BIRTH_SLACK_SECONDS != self.trusted_from:
            # Another state: what was vouched for may have been revoked in the old one.
            self._vouched.clear()
            self.trusted_from = page.born_at + BIRTH_SLACK_SECONDS
        # From the start of the read: what came during it may not be in it.
        self._read_at, self._read_at_wall = started, started_wall
        self.fresh_until = started + self._sync_after
        self.fresh_until_wall = started_wall + self._sync_after

    async def _follow(self) -> None:
        me = asyncio.current_task()
        try:
            while True:
                try:
                    await self._read(wait=True)
                except Exception:  # the map ages, and past max_staleness it denies
                    logger.warning("the revocation feed cannot be followed", exc_info=True)
                    await asyncio.sleep(_RETRY_SECONDS)
        finally:
            if self._follower is me:
                self._follower = None
                self.forget_loop()

    def _apply(self, entries: Sequence[RevocationEntry]) -> None:
        for entry in entries:
            of_kind = self._entries[entry.kind]
            known = of_kind.get(entry.value)
            of_kind[entry.value] = entry if known is None else merge_entries(known, entry)
        if self._clock.monotonic() - self._swept_at > _SWEEP_EVERY_SECONDS:
            self._sweep()

    def _sweep(self) -> None:
        now = self._clock.now()
        self._swept_at = self._clock.monotonic()
        for of_kind in self._by_kind:
            for value, entry in list(of_kind.items()):
                if entry.expires_at is not None and entry.expires_at <= now:
                    del of_kind[value]


# After a fork the follower of the parent does not run in the child.
_LIVE: weakref.WeakSet[Revocations] = weakref.WeakSet()


def _forget_all() -> None:
    for revocations in list(_LIVE):
        revocations.forget_loop()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_forget_all)
