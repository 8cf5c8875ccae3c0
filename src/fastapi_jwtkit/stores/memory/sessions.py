"""Sessions in this process: for development, tests and single-process apps."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import replace
from itertools import islice

from fastapi_jwtkit.clock import SystemClock
from fastapi_jwtkit.protocols import Clock
from fastapi_jwtkit.records import (
    MAX_DEVICE_NAME,
    MAX_USER_AGENT,
    SPENT_KEPT,
    Advance,
    Device,
    FoundSession,
    NewSession,
    Session,
)
from fastapi_jwtkit.stores.memory.single_worker import claim_realm

__all__ = ["MemorySessionStore"]

_SWEEP_BATCH = 20
_Key = tuple[str, str]


class MemorySessionStore:
    """A ``SessionStore`` in a dict. Its sessions end with the process.

    Refuses to serve from a second worker of the same server: each would know only its
    own logins. Several event loops and threads of one process may share it.

    Args:
        clock: the store's own clock.
    """

    def __init__(self, *, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        # Serves several event loops in several threads; never held across an await.
        self._lock = threading.Lock()
        self._rows: dict[_Key, Session] = {}
        self._of_subject: defaultdict[_Key, dict[str, None]] = defaultdict(dict)

    async def add(self, new: NewSession, /) -> Session:
        """Store a login; sweeps a few rows that are over."""
        claim_realm(new.realm)
        now = self._clock.now()
        session = _started(new, now)
        with self._lock:
            self._sweep(now)
            self._of_subject[new.realm, new.subject][new.sid] = None
            self._rows[new.realm, new.sid] = session
        return session

    async def find(self, realm: str, sid: str, /) -> FoundSession | None:
        """Return the row and the time of reading; expired and revoked rows included."""
        claim_realm(realm)
        session = self._rows.get((realm, sid))
        return None if session is None else FoundSession(session=session, now=self._clock.now())

    async def advance(self, realm: str, sid: str, advance: Advance, /) -> Session | None:
        """Spend a refresh token; see the port."""
        claim_realm(realm)
        now = self._clock.now()
        with self._lock:
            session = self._live(realm, sid, now)
            if session is None:
                return None
            if session.attempt == advance.attempt and session.counter == advance.presented + 1:
                return session
            if advance.presented < session.counter or advance.epoch != session.epoch:
                return None
            advanced = _advanced(session, advance, now)
            self._rows[realm, sid] = advanced
            return advanced

    async def count_replay(self, realm: str, sid: str, /, *, counter: int) -> int | None:
        """Count one replay; see the port."""
        claim_realm(realm)
        now = self._clock.now()
        with self._lock:
            session = self._live(realm, sid, now)
            if session is None or session.counter != counter:
                return None
            self._rows[realm, sid] = replace(session, replays=session.replays + 1)
            return session.replays + 1

    async def revoke(self, realm: str, sid: str, /, *, reason: str) -> bool:
        """End the session for good; an earlier reason stays."""
        claim_realm(realm)
        now = self._clock.now()
        with self._lock:
            session = self._rows.get((realm, sid))
            if session is not None and session.revoked_at is None:
                self._rows[realm, sid] = replace(session, revoked_at=now, revoked_reason=reason)
            return session is not None

    async def bump_epoch(self, realm: str, sid: str, /) -> int | None:
        """Raise the claims version by one."""
        claim_realm(realm)
        now = self._clock.now()
        with self._lock:
            session = self._live(realm, sid, now)
            if session is None:
                return None
            self._rows[realm, sid] = replace(session, epoch=session.epoch + 1)
            return session.epoch + 1

    async def list(self, realm: str, subject: str, /) -> list[Session]:
        """Return the subject's live sessions, oldest first."""
        claim_realm(realm)
        now = self._clock.now()
        with self._lock:
            sids = tuple(self._of_subject.get((realm, subject), ()))
            found = (self._live(realm, sid, now) for sid in sids)
            return [session for session in found if session is not None]

    async def erase(self, realm: str, subject: str, /) -> int:
        """Delete the subject's rows that are revoked or expired; see the port."""
        claim_realm(realm)
        now = self._clock.now()
        with self._lock:
            sids = tuple(self._of_subject.get((realm, subject), ()))
            over = [sid for sid in sids if self._live(realm, sid, now) is None]
            for sid in over:
                self._forget(realm, subject, sid)
        return len(over)

    def _forget(self, realm: str, subject: str, sid: str) -> None:
        """Forget a row; caller holds the lock."""
        self._rows.pop((realm, sid), None)
        of_subject = self._of_subject[realm, subject]
        of_subject.pop(sid, None)
        if not of_subject:
            del self._of_subject[realm, subject]

    def _live(self, realm: str, sid: str, now: float) -> Session | None:
        session = self._rows.get((realm, sid))
        if session is None or session.revoked_at is not None:
            return None
        return session if now < min(session.idle_expiry, session.absolute_expiry) else None

    def _sweep(self, now: float) -> None:
        """Forget a few of the oldest rows that are over; caller holds the lock."""
        for key in list(islice(self._rows, _SWEEP_BATCH)):
            session = self._rows.pop(key)
            # A revoked row stays until it would have expired: it may still be asked.
            if now < min(session.idle_expiry, session.absolute_expiry):
                self._rows[key] = session  # to the end, so that the next sweep sees others
                continue
            self._forget(session.realm, session.subject, session.sid)


def _started(new: NewSession, now: float) -> Session:
    device = new.device
    return Session(
        realm=new.realm,
        sid=new.sid,
        line=new.line,
        subject=new.subject,
        client_id=new.client_id,
        scope=new.scope,
        audience=new.audience,
        transport=new.transport,
        auth_time=new.auth_time,
        amr=new.amr,
        created_at=now,
        absolute_expiry=now + new.absolute_ttl,
        idle_expiry=now + min(new.idle_ttl, new.absolute_ttl),
        mac_key_id=new.mac_key_id,
        last_seen_at=now,
        device=Device(
            ip=device.ip,
            user_agent=device.user_agent and device.user_agent[:MAX_USER_AGENT],
            name=device.name and device.name[:MAX_DEVICE_NAME],
        ),
    )


def _advanced(session: Session, advance: Advance, now: float) -> Session:
    skipped = advance.presented - session.counter
    # No more zeros than are kept: a row far behind must not cost memory.
    spent = (*session.spent, *((0.0,) * min(skipped, SPENT_KEPT)), now)[-SPENT_KEPT:]
    return replace(
        session,
        counter=advance.presented + 1,
        spent=spent,
        replays=0,
        replay_streak=session.replay_streak + 1 if session.replays else 0,
        idle_expiry=min(now + advance.idle_ttl, session.absolute_expiry),
        mac_key_id=advance.mac_key_id,
        attempt=advance.attempt,
        last_seen_at=now,
    )
