"""Logins: from a user who proved who they are to a session and its first pair."""

from __future__ import annotations

import asyncio
import logging
import secrets as random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pydantic import SecretStr

from fastapi_jwtkit.accounts.attempts import Attempts
from fastapi_jwtkit.accounts.authenticator import Authenticator
from fastapi_jwtkit.accounts.user_reads import UserReads
from fastapi_jwtkit.credentials import Credentials
from fastapi_jwtkit.errors import (
    InvalidCredentialsError,
    JWTKitError,
    SessionNotFoundError,
    UnavailableError,
)
from fastapi_jwtkit.event_sinks import Events, reason_of
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.protocols import Clock, User
from fastapi_jwtkit.records import Device, NewSession, TokenPair
from fastapi_jwtkit.sessions.access_tokens import AccessTokens, granted_scopes, pair_of
from fastapi_jwtkit.sessions.limits import SessionLimits
from fastapi_jwtkit.sessions.refresh_tokens import RefreshTokens
from fastapi_jwtkit.sessions.sessions import Sessions, is_live
from fastapi_jwtkit.tokens.access_types import typ_of

__all__ = ["LoginRequest", "Logins"]

logger = logging.getLogger("fastapi_jwtkit")

SESSION_ID_BYTES = 16  # ASVS 7.2.3: at least 128 bits from a CSPRNG


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRequest:
    """What a login asks for.

    Attributes:
        scopes: narrower scopes than the user holds; ``None``: all of them.
        client_id: the client the tokens are for.
        audience: audiences of the access tokens.
        transport: the transport that will answer this session.
        amr: how the person authenticated (RFC 8176).
        device: where the login comes from.
        replaces: a session of the same user, ended once this one is open; ``None``: none is.
    """

    scopes: frozenset[str] | None
    client_id: str
    audience: tuple[str, ...]
    transport: str
    amr: tuple[str, ...]
    device: Device
    replaces: str | None = None


class Logins:
    """Opens sessions of one realm.

    Args:
        sessions: stores and ends them.
        tokens: signs the refresh token.
        access: builds the access token.
        authenticator: checks passwords.
        attempts: counts guesses.
        users: who logs in.
        limits: how long sessions last.
        realm: where they live.
        events: where to say what happened.
        clock: the application's clock, for ``iat`` and ``auth_time``.
    """

    def __init__(  # noqa: PLR0913 - composed in one place, by keyword
        self,
        *,
        sessions: Sessions,
        tokens: RefreshTokens,
        access: AccessTokens,
        authenticator: Authenticator,
        attempts: Attempts,
        users: UserReads,
        limits: SessionLimits,
        realm: str,
        events: Events,
        clock: Clock,
    ) -> None:
        self._sessions = sessions
        self._tokens = tokens
        self._access = access
        self._authenticator = authenticator
        self._attempts = attempts
        self._users = users
        self._limits = limits
        self._realm = realm
        self._events = events
        self._clock = clock

    async def login(self, credentials: Credentials, request: LoginRequest) -> TokenPair:
        """Check a password, open a session, and check once more what came in between.

        Raises:
            InvalidCredentialsError: unknown login, wrong password or disabled user.
            InvalidScopeError: more was asked for than the user holds.
            ThrottledError: too many guesses; nothing was checked.
            HashingBusyError: too many logins at once; nothing was checked.
        """
        await self._tokens.active_key_id()  # without keys no password is worth checking
        login, device = credentials.login, request.device
        await self._attempts.ensure("login", account=login, device=device)
        try:
            known = await self._authenticator.authenticate(credentials)

            async def confirm() -> User:
                return await self._authenticator.confirm(
                    known.user.id, credentials, verified_hash=known.verified_hash
                )

            pair = await self._open(known.user, request, confirm)
        except JWTKitError as error:
            # Whatever stopped it: a right guess that asked for too much is one as well. No
            # name: people type their password where their name belongs.
            self._tell_failed(error, request)
            if isinstance(error, UnavailableError):
                await self._attempts.withdraw("login", account=login, device=device)
            raise
        await self._attempts.succeed("login", account=login, device=device)
        if known.upgraded:
            self._events.emit(EventName.PASSWORD_UPGRADED, subject=known.user.id)
        return pair

    async def open_session(self, user: User, request: LoginRequest) -> TokenPair:
        """Open a session for a user who proved who they are in another way.

        Raises:
            InvalidCredentialsError: the user store does not know them as active.
            InvalidScopeError: more was asked for than the user holds.
        """
        try:
            return await self._open(user, request, lambda: self._still_active(user.id))
        except JWTKitError as error:
            self._tell_failed(error, request, user.id)
            raise

    async def step_up(self, user: User, password: SecretStr, request: LoginRequest) -> TokenPair:
        """Open a session for a user whose password was right a moment ago.

        Raises:
            InvalidCredentialsError: the password is another by now, or the user is gone.
            SessionNotFoundError: the session to be replaced is over.
        """
        credentials = Credentials(login=user.login, password=password)
        verified_hash = user.password_hash or ""

        async def confirm() -> User:
            return await self._authenticator.confirm(
                user.id, credentials, verified_hash=verified_hash
            )

        try:
            return await self._open(user, request, confirm)
        except JWTKitError as error:
            self._tell_failed(error, request, user.id)
            raise

    async def _open(
        self, user: User, request: LoginRequest, confirm: Callable[[], Awaitable[User]]
    ) -> TokenPair:
        """Write the row, read the user again, sign.

        The row is written first and the user read again after it: a password change, a
        role change or a disabling that came in between is then either seen here, or has
        seen the row and ended it.

        Args:
            user: who proved who they are.
            request: what they ask for.
            confirm: reads the user again and checks the proof against what it finds.
        """
        granted_scopes(user, None, request.scopes)
        typ_of(request.transport)  # refused before anything is stored
        await self._ensure_replaceable(request, user.id)
        key_id = await self._tokens.active_key_id()
        issued_at = self._clock.now()
        new = self._new(user, request, issued_at, key_id)
        try:
            session = await self._sessions.open(new)
            current = await confirm()
            access = await self._access.issue(
                current, session, epoch=session.epoch, requested=None, issued_at=issued_at
            )
            refresh_token = await self._tokens.current(session)
            # Last: a login that comes to nothing must not cost an older one.
            if request.replaces is not None:
                await self._sessions.close(request.replaces, reason="step_up", subject=user.id)
            await self._sessions.close_beyond(self._limits.max_sessions, user.id)
        except BaseException as error:
            # Shielded: who cancels the request must not leave a session behind.
            await asyncio.shield(self._undo(new, error))
            raise
        self._events.emit(
            EventName.LOGIN_SUCCEEDED,
            subject=user.id,
            session_id=session.sid,
            device=request.device,
            detail={"amr": " ".join(request.amr), "transport": request.transport},
        )
        return pair_of(session, access, refresh_token)

    def _new(self, user: User, request: LoginRequest, now: float, key_id: str) -> NewSession:
        return NewSession(
            realm=self._realm,
            sid=random.token_urlsafe(SESSION_ID_BYTES),
            line=random.token_bytes(SESSION_ID_BYTES),
            subject=user.id,
            client_id=request.client_id,
            scope=request.scopes,
            audience=request.audience,
            transport=request.transport,
            auth_time=int(now),
            amr=request.amr,
            mac_key_id=key_id,
            idle_ttl=self._limits.idle_ttl,
            absolute_ttl=self._limits.absolute_ttl,
            device=request.device,
        )

    async def _ensure_replaceable(self, request: LoginRequest, user_id: str) -> None:
        if request.replaces is None:
            return
        found = await self._sessions.find(request.replaces)
        if found is None or found.session.subject != user_id or not is_live(found):
            raise SessionNotFoundError("session_not_found")

    async def _still_active(self, user_id: str) -> User:
        user = await self._users.by_id(user_id)
        if user is None or not user.is_active:
            raise InvalidCredentialsError("user_disabled" if user else "user_gone")
        return user

    def _tell_failed(
        self, error: JWTKitError, request: LoginRequest, subject: str | None = None
    ) -> None:
        self._events.emit(
            EventName.LOGIN_FAILED,
            outcome=False,
            reason=reason_of(error),
            subject=subject,
            device=request.device,
            detail={"amr": " ".join(request.amr)},
        )

    async def _undo(self, new: NewSession, cause: BaseException) -> None:
        """End a session whose tokens nobody will get."""
        reason = cause.reason if isinstance(cause, JWTKitError) else "login_failed"
        try:
            await self._sessions.close(new.sid, reason=reason, subject=new.subject)
        except JWTKitError:
            # Its tokens were never handed out; the row idles out.
            logger.warning("a session of a failed login could not be ended")
