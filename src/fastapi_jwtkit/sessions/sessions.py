"""Sessions: find, open, close, list; ``refresh.py`` rotates them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from fastapi_jwtkit.errors import (
    NotReplicatedError,
    SessionNotFoundError,
    StoreUnavailableError,
)
from fastapi_jwtkit.event_sinks import Events
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.personal_data import ErasingSessionStore
from fastapi_jwtkit.protocols import SessionStore
from fastapi_jwtkit.records import FoundSession, NewSession, RevocationEntry, Session
from fastapi_jwtkit.revocations import Revocations
from fastapi_jwtkit.store_errors import store_call

__all__ = ["Sessions", "is_live"]


class Sessions:
    """The sessions of one realm, in their rows and in the feed.

    Args:
        store: where rows live.
        revocations: the feed and the local map.
        realm: whose sessions.
        events: where to say what happened; what may not be in them may not be in a row.
    """

    def __init__(
        self, store: SessionStore, revocations: Revocations, *, realm: str, events: Events
    ) -> None:
        self._store = store
        self._revocations = revocations
        self._realm = realm
        self._events = events

    async def open(self, new: NewSession) -> Session:
        """Store a login."""
        new = replace(new, device=self._events.personal.kept(new.device))
        with store_call("session_add_failed"):
            session = await self._store.add(new)
        self._events.emit(
            EventName.SESSION_CREATED,
            subject=new.subject,
            session_id=new.sid,
            device=new.device,
        )
        return session

    async def find(self, sid: str) -> FoundSession | None:
        """Return the row and the store's own time of reading it.

        A row that lives although the feed says that it was ended is ended first. The
        entry passes, and the row would live on: whoever ended it failed half-way, or
        its server forgot.

        Raises:
            StoreUnavailableError: it could not be read, or not be ended.
        """
        found = await self._find(sid)
        lives = found is not None and found.session.revoked_at is None
        if not lives or not self._revocations.known.is_session_revoked(sid):
            return found
        with suppress(NotReplicatedError), store_call("session_revoke_failed"):
            await self._store.revoke(self._realm, sid, reason="revoked_before")
        return await self._find(sid)

    async def _find(self, sid: str) -> FoundSession | None:
        with store_call("session_find_failed"):
            return await self._store.find(self._realm, sid)

    async def close(self, sid: str, *, reason: str, subject: str | None = None) -> None:
        """End a session and every access token of it, at once.

        The feed first, the row second, and the row even if the feed failed: a worker
        that serves must hear of it, and a reuse must be committed.

        Raises:
            StoreUnavailableError: one of the two could not be done; try again.
        """
        await self._end([sid], reason=reason, subject=subject)

    async def close_own(self, sid: str, *, subject: str) -> None:
        """End one live session of a subject.

        Raises:
            SessionNotFoundError: the subject has no such live session.
        """
        if sid not in {session.sid for session in await self.list(subject)}:
            raise SessionNotFoundError("session_not_found")
        await self.close(sid, reason="closed_by_subject", subject=subject)

    async def close_all(self, subject: str, *, reason: str, except_sid: str | None = None) -> int:
        """End all sessions that the subject has now, but for ``except_sid``.

        By session id, never by time: a login in the same second has a new id and lives.

        Returns:
            how many were ended.
        """
        sids = [s.sid for s in await self.list(subject) if s.sid != except_sid]
        await self._end(sids, reason=reason, subject=subject)
        return len(sids)

    async def close_beyond(self, limit: int, subject: str) -> None:
        """End the oldest sessions of a subject until there are ``limit``; 0: any number.

        Called after a login was stored: of several at once the last to look sees them all.
        """
        if limit:
            sids = [session.sid for session in await self.list(subject)]
            await self._end(sids[: max(0, len(sids) - limit)], reason="limit", subject=subject)

    async def expire_claims(self, subject: str) -> int:
        """End the access tokens of a subject, not their sessions.

        Call it after roles or scopes were written: the next request answers 401, the
        client refreshes, and the new claims decide.

        Returns:
            how many sessions were told.
        """
        with self._events.telling(EventName.CLAIMS_EXPIRED, subject=subject) as telling:
            entries: list[RevocationEntry] = []
            for session in await self.list(subject):
                epoch = await self._bump(session.sid)
                if epoch is not None:
                    entries.append(self._revocations.session_entry(session.sid, min_epoch=epoch))
            if entries:
                await self._revocations.publish(entries)
            telling.happened, telling.detail = bool(entries), {"sessions": len(entries)}
        return len(entries)

    async def erase(self, subject: str, *, reason: str) -> int:
        """End all sessions of a subject, and delete what the store holds of those that ended.

        A login that is under way is not touched: its session is whole, or not there. Entries
        of the feed hold ids of sessions alone, and go by themselves.

        Returns:
            how many rows were deleted; 0 where the store cannot delete any.

        Raises:
            StoreUnavailableError: it could not be done; try again.
        """
        with self._events.telling(EventName.SUBJECT_ERASED, subject=subject) as telling:
            # Before as well: listing what lives lets some stores lose sight of what does not.
            rows = await self._erase_ended(subject)
            await self.close_all(subject, reason=reason)
            rows += await self._erase_ended(subject)
            telling.happened, telling.detail = True, {"rows": rows}
        return rows

    async def _erase_ended(self, subject: str) -> int:
        if not isinstance(self._store, ErasingSessionStore):
            return 0
        with store_call("session_erase_failed"):
            return await self._store.erase(self._realm, subject)

    async def _bump(self, sid: str) -> int | None:
        """Raise the claims version above all that were ever handed out."""
        with store_call("session_bump_failed"):
            epoch = await self._store.bump_epoch(self._realm, sid)
            # A store that was restored from a backup may know a lower one than the feed.
            while epoch is not None and epoch <= self._revocations.known.min_epoch(sid):
                epoch = await self._store.bump_epoch(self._realm, sid)
        return epoch

    async def list(self, subject: str) -> Sequence[Session]:
        """Return the subject's live sessions, oldest first."""
        with store_call("session_list_failed"):
            return await self._store.list(self._realm, subject)

    async def _end(self, sids: Sequence[str], *, reason: str, subject: str | None) -> None:
        if not sids:
            return
        try:
            await self._end_each(sids, reason)
        except StoreUnavailableError as error:
            for sid in sids:
                self._events.emit(
                    EventName.SESSION_END_FAILED,
                    outcome=False,
                    reason=error.reason,
                    session_id=sid,
                    subject=subject,
                    detail={"ended_for": reason},
                )
            raise
        for sid in sids:
            self._events.emit(
                EventName.SESSION_ENDED, reason=reason, session_id=sid, subject=subject
            )

    async def _end_each(self, sids: Sequence[str], reason: str) -> None:
        failure: StoreUnavailableError | None = None
        try:
            await self._revocations.publish([self._revocations.session_entry(s) for s in sids])
        except StoreUnavailableError as error:
            failure = error
        for sid in sids:
            try:
                with store_call("session_revoke_failed"):
                    await self._store.revoke(self._realm, sid, reason=reason)
            except NotReplicatedError as error:
                failure = failure or error  # it is done here: go on with the others
        if failure is not None:
            raise failure


def is_live(found: FoundSession) -> bool:
    """Say whether a session was neither ended nor has run out, by the store's clock."""
    session = found.session
    over_at = min(session.idle_expiry, session.absolute_expiry)
    return session.revoked_at is None and found.now < over_at
