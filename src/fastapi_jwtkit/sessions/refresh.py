"""Refresh: one rotation of one session, from the presented token to the new pair.

Each round is find, classify, prepare, advance: the one atomic write. Everything that can
fail comes before it, and a round that loses it starts again.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from contextlib import suppress

from fastapi_jwtkit.accounts.attempts import Attempts
from fastapi_jwtkit.accounts.user_reads import UserReads
from fastapi_jwtkit.errors import (
    InvalidGrantError,
    JWTKitError,
    NotReplicatedError,
    ThrottledError,
    UnavailableError,
)
from fastapi_jwtkit.event_sinks import Events, reason_of
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.protocols import Clock, SessionStore
from fastapi_jwtkit.records import (
    Advance,
    FoundSession,
    Session,
    SessionProof,
    TokenPair,
)
from fastapi_jwtkit.revocations import Revocations
from fastapi_jwtkit.sessions.access_tokens import AccessTokens, pair_of
from fastapi_jwtkit.sessions.limits import SessionLimits
from fastapi_jwtkit.sessions.refresh_request import RefreshAttempt, RefreshRequest
from fastapi_jwtkit.sessions.refresh_tokens import RefreshTokens
from fastapi_jwtkit.sessions.rotation import Decision, Presented, Verdict, classify, is_foreign
from fastapi_jwtkit.sessions.sessions import Sessions, is_live
from fastapi_jwtkit.store_errors import store_call
from fastapi_jwtkit.tokens.issuer import IssuedToken

__all__ = ["Refresh"]

MAX_ROUNDS = 4  # the first and three more
MAX_REPLAYS = 100
STREAK_ALARM = 3


class Refresh:
    """Answers refresh tokens of one realm.

    Args:
        store: where rows live.
        sessions: ends a session whose token was reused.
        revocations: the local map, asked beside the row.
        tokens: signs and authenticates refresh tokens.
        users: who the sessions are of.
        access: builds the access token.
        attempts: counts refreshes of a session, and failures.
        limits: grace and lives.
        realm: whose sessions.
        events: where to say what happened.
        clock: the application's clock, for ``iat`` alone.
    """

    def __init__(  # noqa: PLR0913 - composed in one place, by keyword
        self,
        *,
        store: SessionStore,
        sessions: Sessions,
        revocations: Revocations,
        tokens: RefreshTokens,
        users: UserReads,
        access: AccessTokens,
        attempts: Attempts,
        limits: SessionLimits,
        realm: str,
        events: Events,
        clock: Clock,
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._revocations = revocations
        self._tokens = tokens
        self._users = users
        self._access = access
        self._attempts = attempts
        self._limits = limits
        self._realm = realm
        self._events = events
        self._clock = clock

    async def rotate(self, request: RefreshRequest) -> TokenPair:
        """Spend a refresh token and return the next pair.

        Raises:
            InvalidGrantError: it grants nothing; the cause is in the event alone.
            InvalidScopeError: more was asked for than was granted; nothing is consumed.
            ThrottledError: the session refreshes too often, or the source failed too often.
            UnavailableError: a part failed; nothing is consumed, try again.
        """
        try:
            token = await self._tokens.authenticate(request.token)
        except JWTKitError as error:
            await self._fail(error, request)
            raise
        await self._attempts.ensure("refresh", device=request.device, session=token.sid)
        attempt = RefreshAttempt(request=request, token=token, issued_at=self._clock.now())
        try:
            for _ in range(MAX_ROUNDS):
                pair = await self._round(attempt)
                if pair is not None:
                    return pair
            raise UnavailableError("rotation_contended")
        except JWTKitError as error:
            await self._fail(error, request, sid=token.sid)
            raise

    async def _fail(
        self, error: JWTKitError, request: RefreshRequest, *, sid: str | None = None
    ) -> None:
        """Say that nothing was granted, and count it where the token was no good."""
        self._events.emit(
            EventName.REFRESH_FAILED,
            outcome=False,
            reason=reason_of(error),
            session_id=sid,
            device=request.device,
        )
        if isinstance(error, InvalidGrantError):
            await self._attempts.ensure("refresh_failed", device=request.device)

    async def prove(self, text: str, *, transport: str) -> SessionProof:
        """Return the session of an authentic refresh token, spent ones included.

        A spent one, or one of a session that is over, proves that session and no subject:
        whoever kept an old token may end the line it was of, and nothing else.

        Raises:
            InvalidGrantError: it is forged, or of another line or transport than the row.
        """
        token = await self._tokens.authenticate(text)
        found = await self._sessions.find(token.sid)
        if found is None:
            return SessionProof(sid=token.sid, subject=None)
        if not hmac.compare_digest(found.session.line, token.line):
            raise InvalidGrantError("session_of_another_line")
        if found.session.transport != transport:
            raise InvalidGrantError("session_of_another_transport")
        speaks = token.counter >= found.session.counter and is_live(found)
        return SessionProof(sid=token.sid, subject=found.session.subject if speaks else None)

    async def _round(self, attempt: RefreshAttempt) -> TokenPair | None:
        """Try once; ``None``: somebody was faster, try again."""
        found = await self._sessions.find(attempt.token.sid)
        decision = self._decide(attempt, found)
        if found is None or decision.verdict is Verdict.DEAD:
            raise InvalidGrantError(decision.reason)
        session = found.session
        if decision.verdict is Verdict.REUSE:
            await self._end_reused(attempt, session, decision)
        epoch = max(session.epoch, self._revocations.known.min_epoch(session.sid))
        access = await self._prepare(attempt, session, epoch)
        if decision.verdict is Verdict.REPLAY:
            return await self._replay(attempt, session, access)
        return await self._advance(attempt, session, access, behind=decision.behind)

    def _decide(self, attempt: RefreshAttempt, found: FoundSession | None) -> Decision:
        if self._revocations.known.is_session_revoked(attempt.token.sid):
            return Decision(verdict=Verdict.DEAD, reason="session_revoked")
        presented = Presented(
            line=attempt.token.line,
            counter=attempt.token.counter,
            client_id=attempt.request.client_id,
            transport=attempt.request.transport,
        )
        return classify(found, presented, grace=self._limits.grace)

    async def _end_reused(
        self, attempt: RefreshAttempt, session: Session, decision: Decision
    ) -> None:
        # Who lost a race a moment ago is no thief: with grace 0 it reads what the winner spent.
        if not attempt.lost:
            self._events.emit(
                EventName.TOKEN_REUSED,
                outcome=False,
                reason=decision.reason,
                subject=session.subject,
                session_id=session.sid,
                device=attempt.request.device,
            )
            # Ended on the primary is ended; a replica that lags is no reason to say more.
            with suppress(NotReplicatedError):
                await self._close(session, decision.reason)
        raise InvalidGrantError(decision.reason)

    async def _close(self, session: Session, reason: str) -> None:
        await self._sessions.close(session.sid, reason=reason, subject=session.subject)

    async def _prepare(self, attempt: RefreshAttempt, session: Session, epoch: int) -> IssuedToken:
        """Do everything that can fail, before anything is spent."""
        user = await self._users.by_id(session.subject)
        if user is None or not user.is_active:
            reason = "user_disabled" if user else "user_gone"
            await self._close(session, reason)
            raise InvalidGrantError(reason)
        return await self._access.issue(
            user,
            session,
            epoch=epoch,
            requested=attempt.request.scopes,
            issued_at=attempt.issued_at,
        )

    async def _advance(
        self, attempt: RefreshAttempt, session: Session, access: IssuedToken, *, behind: bool
    ) -> TokenPair | None:
        presented, key_id = attempt.token.counter, await self._tokens.active_key_id()
        successor = await self._tokens.successor(session, counter=presented + 1, key_id=key_id)
        advance = Advance(
            presented=presented,
            epoch=session.epoch,
            idle_ttl=self._limits.idle_ttl,
            mac_key_id=key_id,
            attempt=attempt.id,
        )
        with store_call("session_advance_failed"):
            advanced = await self._store.advance(self._realm, session.sid, advance)
        if advanced is None:
            attempt.lost = True
            return None
        # Nothing that can fail may follow: the token is spent.
        self._tell_advanced(attempt, advanced, behind=behind)
        return pair_of(advanced, access, successor)

    async def _replay(
        self, attempt: RefreshAttempt, session: Session, access: IssuedToken
    ) -> TokenPair | None:
        foreign = is_foreign(session.device, attempt.request.device)
        if foreign and self._limits.revoke_foreign_replay:
            await self._close(session, "foreign_replay")
            raise InvalidGrantError("foreign_replay")
        current = await self._tokens.current(session)
        with store_call("session_replay_failed"):
            replays = await self._store.count_replay(
                self._realm, session.sid, counter=session.counter
            )
        if replays is None:
            attempt.lost = True
            return None
        if replays > MAX_REPLAYS:
            raise ThrottledError(self._limits.grace, "refresh_replays")
        detail = {"replays": replays, "other_user_agent": int(foreign)}
        self._tell(EventName.REFRESH_REPLAYED, attempt, session, detail=detail)
        return pair_of(session, access, current)

    def _tell_advanced(self, attempt: RefreshAttempt, session: Session, *, behind: bool) -> None:
        if behind:
            self._tell(EventName.SESSION_STORE_BEHIND, attempt, session)
        if session.replay_streak == STREAK_ALARM:
            streak = {"streak": session.replay_streak}
            self._tell(EventName.REPLAY_STREAK, attempt, session, detail=streak)
        self._tell(EventName.REFRESH_SUCCEEDED, attempt, session)

    def _tell(
        self,
        name: EventName,
        attempt: RefreshAttempt,
        session: Session,
        *,
        detail: Mapping[str, str | int] | None = None,
    ) -> None:
        self._events.emit(
            name,
            subject=session.subject,
            session_id=session.sid,
            device=attempt.request.device,
            detail=detail,
        )
