"""The composition root: the one file that knows all parts, and the kit's verbs.

Works without any web framework: a worker or a script uses the same kit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

from fastapi_jwtkit.assembly import Parts, assemble, dev_users
from fastapi_jwtkit.chosen_stores import BroughtStores
from fastapi_jwtkit.claims import Claims
from fastapi_jwtkit.credentials import Credentials
from fastapi_jwtkit.errors import InvalidRequestError
from fastapi_jwtkit.lifecycle import Lifecycle, Readiness
from fastapi_jwtkit.passwords.rules import PasswordRules
from fastapi_jwtkit.protocols import (
    ClaimsFor,
    Clock,
    EventSink,
    OneTimeStore,
    PasswordHasher,
    RegisteringUserStore,
    RevocationStore,
    SessionStore,
    Stores,
    User,
    UserStore,
)
from fastapi_jwtkit.records import UNKNOWN_DEVICE, Device, Session, SessionProof, TokenPair
from fastapi_jwtkit.sessions.logins import LoginRequest
from fastapi_jwtkit.sessions.refresh import RefreshRequest
from fastapi_jwtkit.settings import Settings

__all__ = ["JWTKit"]


class JWTKit:
    """Everything the library does, without web.

    Nothing is opened here: keys are read, stores asked and threads made at first use,
    so an app can be imported and its OpenAPI exported without secrets.

    Args:
        settings: see ``Settings``; nothing is read from the environment here.
        users: your users. Without them there are no logins and no sessions: the kit
            then only verifies, and hears of a logout if it is given the stores.
        stores: all stores at once, from ``redis_stores`` or ``sql_stores``; default: those
            of ``settings.store_url``, or in memory, for one process.
        sessions: a store of your own for sessions; ``revocations`` has to go with it.
        revocations: for the feed of what is revoked. ``one_time``: for what happens once.
        claims_for: adds claims of your own to access tokens.
        hasher: hashes passwords; default: argon2id. ``password_rules``: for new ones.
        events: where audit events go, beside the logger ``fastapi_jwtkit.audit``.
        clock: what time it is.
    """

    def __init__(  # noqa: PLR0913 - the composition root: every part can be brought
        self,
        settings: Settings,
        *,
        users: UserStore | None = None,
        stores: Stores | None = None,
        sessions: SessionStore | None = None,
        revocations: RevocationStore | None = None,
        one_time: OneTimeStore | None = None,
        claims_for: ClaimsFor | None = None,
        hasher: PasswordHasher | None = None,
        password_rules: PasswordRules | None = None,
        events: Sequence[EventSink] = (),
        clock: Clock | None = None,
    ) -> None:
        self.settings = settings
        self.realm = settings.realm
        self.users = users
        self._assembly = assemble(
            settings,
            Parts(
                users=users,
                stores=BroughtStores(
                    stores=stores, sessions=sessions, revocations=revocations, one_time=one_time
                ),
                claims_for=claims_for,
                hasher=hasher,
                password_rules=password_rules,
                events=events,
                clock=clock,
            ),
        )
        self.rings, self.one_time = self._assembly.rings, self._assembly.stores.one_time
        self._sessions, self._verification = self._assembly.sessions, self._assembly.verification
        self._lifecycle = Lifecycle(self._assembly, users, mode=settings.revocation)
        self.verify_fast: Callable[[bytes], Claims | None] = self._verification.fast
        """Return the claims of a warm token that is plainly good; ``None``: ask ``verify``."""
        self.tell_denied = self._verification.tell_denied

    @classmethod
    def from_env(cls, **parts: Any) -> Self:
        """Make a kit from ``JWTKIT_*``; takes the keywords of the constructor.

        With ``JWTKIT_ENV=dev`` and no ``users`` it keeps users in memory, and says so.
        """
        settings = Settings()
        users = parts.pop("users", None) or dev_users(settings)
        return cls(settings, users=users, **parts)

    @property
    def can_register(self) -> bool:
        """Whether the user store takes new users."""
        return isinstance(self.users, RegisteringUserStore)

    async def register(self, credentials: Credentials, *, email: str | None = None) -> User:
        """Make an account with the default scopes.

        Raises:
            LoginTakenError: the login is somebody's.
            PasswordRejectedError: the password breaks a rule; ``detail`` says which.
        """
        return await self._assembly.need_accounts().register(credentials, email=email)

    async def find_user(self, user_id: str) -> User | None:
        """Return the user as the user store has them now.

        Raises:
            StoreUnavailableError: the store failed.
        """
        return await self._assembly.need_accounts().users.by_id(user_id)

    async def login(
        self,
        credentials: Credentials,
        *,
        scopes: frozenset[str] | None = None,
        client_id: str | None = None,
        transport: str = "bearer",
        device: Device = UNKNOWN_DEVICE,
    ) -> TokenPair:
        """Check a password and open a session.

        Args:
            credentials: login and password.
            scopes: narrower scopes than the user holds; ``None``: all of them.
            client_id: the client; ``None``: the kit's own.
            transport: the transport that will answer the session.
            device: where the request comes from.

        Raises:
            InvalidCredentialsError: unknown login, wrong password or disabled user.
            InvalidScopeError: more was asked for than the user holds.
            HashingBusyError: too many logins at once; nothing was checked.
        """
        if client_id not in {None, self.settings.client_id}:
            raise InvalidRequestError("client_unknown")
        request = LoginRequest(
            scopes=scopes,
            client_id=self.settings.client_id,
            audience=self.settings.audience,
            transport=transport,
            amr=("pwd",),
            device=device,
        )
        return await self._assembly.need_accounts().logins.login(credentials, request)

    async def open_session(
        self,
        user: User,
        *,
        amr: tuple[str, ...],
        scopes: frozenset[str] | None = None,
        client_id: str | None = None,
        transport: str = "bearer",
        device: Device = UNKNOWN_DEVICE,
    ) -> TokenPair:
        """Open a session for a user who proved who they are in a way of your own.

        The seam for passkeys, social login, magic links and second factors.

        Args:
            user: who; read again from the user store before a token is signed.
            amr: how they authenticated, by RFC 8176 names such as ``("swk",)``.
            scopes: narrower scopes than the user holds; ``None``: all of them.
            client_id: the client; ``None``: the kit's own.
            transport: the transport that will answer the session.
            device: where the request comes from.

        Raises:
            InvalidCredentialsError: the user store does not know them as active.
        """
        request = LoginRequest(
            scopes=scopes,
            client_id=client_id or self.settings.client_id,
            audience=self.settings.audience,
            transport=transport,
            amr=amr,
            device=device,
        )
        return await self._assembly.need_accounts().logins.open_session(user, request)

    async def rotate(
        self,
        refresh_token: str,
        *,
        scopes: frozenset[str] | None = None,
        client_id: str | None = None,
        transport: str = "bearer",
        device: Device = UNKNOWN_DEVICE,
    ) -> TokenPair:
        """Spend a refresh token and return the next pair.

        Raises:
            InvalidGrantError: it grants nothing; every cause reads alike.
            InvalidScopeError: more was asked for than was granted; nothing is consumed.
            ThrottledError: one token was replayed too often within its grace window.
            UnavailableError: a part failed; nothing is consumed, try again.
        """
        request = RefreshRequest(
            token=refresh_token,
            scopes=scopes,
            client_id=client_id or self.settings.client_id,
            transport=transport,
            device=device,
        )
        return await self._assembly.need_accounts().refresh.rotate(request)

    async def prove_access(self, raw: str) -> SessionProof:
        """Return the session of an own access token, expired and revoked ones included."""
        return await self._verification.prove(raw)

    async def prove_refresh(self, raw: str) -> SessionProof:
        """Return the session of an authentic refresh token, spent ones included."""
        return await self._assembly.need_accounts().refresh.prove(raw)

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

    async def list_sessions(self, subject: str) -> Sequence[Session]:
        """Return the subject's live sessions, oldest first."""
        return await self._sessions.list(subject)

    async def verify(self, raw: str, *, strict: bool = False) -> Claims:
        """Verify an access token: signature, types, time and revocation.

        Args:
            raw: the compact JWS.
            strict: ask the session row too (one store call).

        Raises:
            InvalidTokenError: it fails a check; ``reason`` names the first.
            RevocationsStaleError: nobody can say whether it was revoked.
        """
        return await self._verification.verify(raw, strict=strict)

    async def start(self) -> None:
        """Read keys and the feed and prepare the stores now, not at the first request.

        Raises:
            MissingKeyError: in production without keys; says which command makes them.
        """
        await self._lifecycle.start()

    async def readiness(self) -> Readiness:
        """Return whether this worker can answer for tokens now; reads the feed if it must."""
        return await self._lifecycle.readiness()

    async def prune(self) -> int:
        """Delete what is over from the stores, and say how many rows that were.

        Stores sweep a few rows with each login; call this where logins are rare.

        Raises:
            StoreUnavailableError: the server does not answer.
        """
        return await self._lifecycle.prune()

    async def stop(self) -> None:
        """End the follower of the feed and the hashing threads, and close the stores."""
        await self._lifecycle.stop()
