"""The kit's verbs on sessions that are there: prove, list and end them."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from fastapi_jwtkit.assembly import Assembly
from fastapi_jwtkit.errors import JWTKitError
from fastapi_jwtkit.event_sinks import reason_of
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.records import Session, SessionProof

__all__ = ["SessionVerbs"]


class SessionVerbs:
    """What a kit does with sessions that were opened.

    Args:
        assembly: the parts of the kit.
    """

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self._sessions = assembly.sessions
        self._verification = assembly.verification

    async def prove_access(self, raw: str, *, transport: str = "bearer") -> SessionProof:
        """Return the session of an own access token, expired and revoked ones included."""
        by_cookie = self._assembly.for_cookies.verification
        verification = by_cookie if transport == "cookie" else self._verification
        with self._telling_logouts():
            return await verification.prove(raw)

    async def prove_refresh(self, raw: str, *, transport: str = "bearer") -> SessionProof:
        """Return the session of an authentic refresh token, spent ones included."""
        with self._telling_logouts():
            return await self._assembly.need_accounts().refresh.prove(raw, transport=transport)

    async def close(self, proof: SessionProof) -> None:
        """Log out: end a session and its access tokens, at once. Doing it twice is fine.

        Raises:
            StoreUnavailableError: it could not be done; the session may still live.
        """
        await self._sessions.close(proof.sid, reason="logout", subject=proof.subject)

    async def close_sid(self, sid: str, *, subject: str) -> None:
        """End one session of a subject.

        Raises:
            SessionNotFoundError: the subject has no such live session.
        """
        await self._sessions.close_own(sid, subject=subject)

    async def close_all(self, subject: str, *, except_sid: str | None = None) -> int:
        """End every session the subject has now, and say how many there were."""
        return await self._sessions.close_all(subject, reason="close_all", except_sid=except_sid)

    async def expire_claims(self, subject: str) -> int:
        """End the subject's access tokens, not the sessions; call it after a role change."""
        return await self._sessions.expire_claims(subject)

    async def erase(self, subject: str) -> int:
        """End the subject's sessions and delete what the session store holds of them.

        Call it after the account is gone, and again if it fails. What is left, and for how
        long, is told in how-to/audit-log; the user store and your logs are yours.

        Returns:
            how many rows were deleted.

        Raises:
            StoreUnavailableError: it could not be done; do it again.
        """
        return await self._sessions.erase(subject, reason="erased")

    async def list_sessions(self, subject: str) -> Sequence[Session]:
        """Return the subject's live sessions, oldest first."""
        return await self._sessions.list(subject)

    @contextmanager
    def _telling_logouts(self) -> Generator[None]:
        try:
            yield
        except JWTKitError as error:
            reason = reason_of(error)
            self._assembly.events.emit(EventName.LOGOUT_FAILED, outcome=False, reason=reason)
            raise
