"""The composition root: the one file that knows all parts, and the kit's verbs, without web."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

from fastapi_jwtkit.account_protocols import Mailer
from fastapi_jwtkit.accounts.flows import AccountFlows
from fastapi_jwtkit.assembly import Parts, assemble, dev_users
from fastapi_jwtkit.chosen_stores import BroughtStores
from fastapi_jwtkit.claims import Claims
from fastapi_jwtkit.credentials import Credentials
from fastapi_jwtkit.errors import InvalidRequestError
from fastapi_jwtkit.key_verbs import KeyVerbs
from fastapi_jwtkit.lifecycle import Lifecycle, Readiness
from fastapi_jwtkit.passwords.rules import PasswordRules
from fastapi_jwtkit.protocols import (
    ClaimsFor,
    Clock,
    EventSink,
    OneTimeStore,
    PasswordHasher,
    RevocationStore,
    SessionStore,
    Stores,
    User,
    UserStore,
)
from fastapi_jwtkit.records import UNKNOWN_DEVICE, Device, TokenPair
from fastapi_jwtkit.session_verbs import SessionVerbs
from fastapi_jwtkit.sessions.logins import LoginRequest
from fastapi_jwtkit.sessions.refresh_request import RefreshRequest
from fastapi_jwtkit.settings import Settings
from fastapi_jwtkit.throttling import Throttle
from fastapi_jwtkit.vitals import Vitals

__all__ = ["JWTKit"]


class JWTKit(SessionVerbs, KeyVerbs):
    """Everything the library does, without web.

    Nothing is opened here: keys, stores and threads come at first use, so an app can be
    imported and its OpenAPI exported without secrets.

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
        mailer: sends mails; without one there are no flows that write to people.
        throttle: refuses those who try too often; default: by ``settings.throttle_*``.
        events: where audit events go, beside the logger ``fastapi_jwtkit.audit``.
        clock: what time it is.

    ``verify_fast`` returns the claims of a warm token that is plainly good; else ask ``verify``.
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
        mailer: Mailer | None = None,
        throttle: Throttle | None = None,
        events: Sequence[EventSink] = (),
        clock: Clock | None = None,
    ) -> None:
        self.settings, self.realm, self.users = settings, settings.realm, users
        parts = Parts(
            users=users,
            stores=BroughtStores(
                stores=stores, sessions=sessions, revocations=revocations, one_time=one_time
            ),
            claims_for=claims_for,
            hasher=hasher,
            password_rules=password_rules,
            throttle=throttle,
            events=events,
            mailer=mailer,
            clock=clock,
        )
        super().__init__(assemble(settings, parts))
        self.rings, self.one_time = self._assembly.rings, self._assembly.stores.one_time
        self.stores, self.hasher = self._assembly.stores.together, hasher
        self._lifecycle = Lifecycle(self._assembly, users, mode=settings.revocation)
        self.verify_fast: Callable[[bytes], Claims | None] = self._verification.fast
        self.tell_denied = self._verification.tell_denied
        self.for_cookies = self._assembly.for_cookies

    @classmethod
    def from_env(cls, **parts: Any) -> Self:
        """Make a kit from ``JWTKIT_*``; takes the keywords of the constructor.

        With ``JWTKIT_ENV=dev`` and no ``users`` it keeps users in memory, and says so.
        """
        settings = Settings()
        return cls(settings, users=parts.pop("users", None) or dev_users(settings), **parts)

    @property
    def accounts(self) -> AccountFlows:
        """The verbs on accounts: passwords, addresses, disabling, deleting.

        Raises:
            ConfigurationError: the kit was given no user store.
        """
        return self._assembly.need_accounts().flows

    def now(self) -> float:
        """Return what time it is, by the kit's clock, in seconds since the epoch."""
        return self._assembly.clock.now()

    async def register(
        self, credentials: Credentials, *, email: str | None = None, device: Device = UNKNOWN_DEVICE
    ) -> User:
        """Make an account with the default scopes. No mail goes out: see ``accounts.sign_up``.

        Raises:
            LoginTakenError: the login is somebody's.
            PasswordRejectedError: the password breaks a rule; ``detail`` says which.
            ThrottledError: too many accounts from one source.
        """
        accounts = self._assembly.need_accounts()
        return await accounts.register(credentials, email=email, device=device)

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
            ThrottledError: too many guesses; nothing was checked.
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
        replaces: str | None = None,
    ) -> TokenPair:
        """Open a session for a user who proved who they are in a way of your own: a passkey.

        Args:
            user: who; read again from the user store before a token is signed.
            amr: how they authenticated, by RFC 8176 names such as ``("swk",)``.
            scopes: narrower scopes than the user holds; ``None``: all of them.
            client_id: the client; ``None``: the kit's own.
            transport: the transport that will answer the session.
            device: where the request comes from.
            replaces: a session of theirs that ends with it, for a step-up.

        Raises:
            InvalidCredentialsError: the user store does not know them as active.
            SessionNotFoundError: ``replaces`` is no live session of theirs.
        """
        request = LoginRequest(
            scopes=scopes,
            client_id=client_id or self.settings.client_id,
            audience=self.settings.audience,
            transport=transport,
            amr=amr,
            device=device,
            replaces=replaces,
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
            ThrottledError: the session refreshes too often, or the source failed too often.
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

    async def verify(
        self, raw: str, *, strict: bool = False, device: Device = UNKNOWN_DEVICE
    ) -> Claims:
        """Verify an access token: signature, types, time and revocation.

        Args:
            raw: the compact JWS.
            strict: ask the session row too (one store call).
            device: where it comes from, for the event of a refusal.

        Raises:
            InvalidTokenError: it fails a check; ``reason`` names the first.
            RevocationsStaleError: nobody can say whether it was revoked.
        """
        return await self._verification.verify(raw, strict=strict, device=device)

    async def start(self) -> None:
        """Read keys and the feed and prepare the stores now, not at the first request.

        Raises:
            MissingKeyError: in production without keys; says which command makes them.
        """
        await self._lifecycle.start()

    async def readiness(self) -> Readiness:
        """Return whether this worker can answer for tokens now; reads the feed if it must."""
        return await self._lifecycle.readiness()

    def vitals(self) -> Vitals:
        """Return what a monitor watches, as this worker knows it; nothing is asked."""
        return self._lifecycle.vitals()

    async def prune(self) -> int:
        """Delete what is over from the stores, and say how many rows; for where logins are rare."""
        return await self._lifecycle.prune()

    async def stop(self) -> None:
        """Send the mails and write the events that wait, end what runs, and close the stores."""
        await self._lifecycle.stop()
