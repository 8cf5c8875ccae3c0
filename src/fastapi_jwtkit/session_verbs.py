"""The kit's verbs on sessions that are there: prove, step up, list and end them."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from dataclasses import replace

from pydantic import SecretStr

from fastapi_jwtkit.assembly import Assembly
from fastapi_jwtkit.claims import Claims
from fastapi_jwtkit.errors import InvalidTokenError, JWTKitError, SessionNotFoundError
from fastapi_jwtkit.event_sinks import reason_of
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.principal import Principal
from fastapi_jwtkit.records import UNKNOWN_DEVICE, Device, Session, SessionProof, TokenPair
from fastapi_jwtkit.revocations.vigils import Vigil
from fastapi_jwtkit.sessions.logins import LoginRequest
from fastapi_jwtkit.sessions.sessions import is_live

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

    async def step_up(
        self, principal: Principal, *, password: SecretStr, device: Device = UNKNOWN_DEVICE
    ) -> TokenPair:
        """Log in anew in the middle of a session (RFC 9470): open another, end this one.

        The new session has the grant, the client and the transport of the old one, and an
        ``auth_time`` of its own. For another proof than the password:
        ``open_session(user, amr=…, replaces=principal.session_id)``.

        Args:
            principal: whose session it is.
            password: theirs.
            device: where the request comes from.

        Raises:
            InvalidTokenError: the session is over, or there is none.
            InvalidCredentialsError: the password is wrong; the session goes on.
            ThrottledError: too many guesses; nothing was checked.
            UnavailableError: it could not be done; log in if the session is over.
        """
        accounts = self._assembly.need_accounts()
        session = await self._live_session(principal)
        user = await accounts.flows.prove_password(
            principal.subject, password=password, device=device
        )
        request = LoginRequest(
            scopes=None if session.scope is None else session.scope & frozenset(user.scopes),
            client_id=session.client_id,
            audience=session.audience,
            transport=session.transport,
            amr=("pwd",),
            device=replace(device, name=device.name or session.device.name),
            replaces=session.sid,
        )
        try:
            return await accounts.logins.step_up(user, password, request)
        except SessionNotFoundError:  # it ended meanwhile: by a logout, or by another step-up
            raise InvalidTokenError("session_revoked") from None

    def watch(self, claims: Claims) -> AbstractAsyncContextManager[Vigil]:
        """Watch a verified token for longer than a request: ``async with kit.watch(claims)``.

        What it gives is done when the token expires or is revoked, and when nobody can say.

        Raises:
            InvalidTokenError: on entry: it expired or was revoked since it was verified.
            RevocationsStaleError: on entry: nobody can say.
        """
        return self._verification.watch(claims)

    async def close(self, proof: SessionProof) -> None:
        """Log out: end a session and its access tokens, at once. Doing it twice is fine.

        Raises:
            StoreUnavailableError: it could not be done; the session may still live.
        """
        await self._sessions.close(proof.sid, reason="logout", subject=proof.subject)

    async def close_replaced(self, refresh_token: str, *, transport: str) -> None:
        """End the session whose tokens a new login is about to overwrite (ASVS 7.2.4).

        Nobody would hold them any more but a thief. Only by a token that is current: an old
        one speaks for nobody, and is no failed logout either. The new session stands whatever
        happens here; the old one idles out.
        """
        with suppress(JWTKitError):
            accounts = self._assembly.need_accounts()
            proof = await accounts.refresh.prove(refresh_token, transport=transport)
            if proof.subject is not None:
                await self.close(proof)

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

    async def find_session(self, sid: str) -> Session | None:
        """Return a session by its id, live or over; ``None`` if the store has none."""
        found = await self._sessions.find(sid)
        return None if found is None else found.session

    async def end_session(self, sid: str) -> None:
        """End any session, for whoever looks after the application. Doing it twice is fine.

        Raises:
            SessionNotFoundError: there is none with this id.
            StoreUnavailableError: it could not be done; the session may still live.
        """
        session = await self.find_session(sid)
        if session is None:
            raise SessionNotFoundError("session_not_found")
        await self._sessions.close(sid, reason="ended_by_operator", subject=session.subject)

    async def _live_session(self, principal: Principal) -> Session:
        sid = principal.session_id
        found = None if sid is None else await self._sessions.find(sid)
        if found is None or found.session.subject != principal.subject or not is_live(found):
            raise InvalidTokenError("session_unknown" if found is None else "session_revoked")
        return found.session

    @contextmanager
    def _telling_logouts(self) -> Generator[None]:
        try:
            yield
        except JWTKitError as error:
            reason = reason_of(error)
            self._assembly.events.emit(EventName.LOGOUT_FAILED, outcome=False, reason=reason)
            raise
