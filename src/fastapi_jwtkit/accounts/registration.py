"""How a new user comes to be."""

from __future__ import annotations

from fastapi_jwtkit.accounts.user_reads import ask_user_store
from fastapi_jwtkit.credentials import Credentials, canonical_email, canonical_login
from fastapi_jwtkit.errors import EmailRejectedError, LoginRejectedError
from fastapi_jwtkit.event_sinks import Events
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.hashing import HashingExecutor
from fastapi_jwtkit.passwords.rules import PasswordRules
from fastapi_jwtkit.protocols import RegisteringUserStore, User
from fastapi_jwtkit.records import UNKNOWN_DEVICE, Device, NewUser

__all__ = ["Registration"]


class Registration:
    """Takes new users in.

    Args:
        users: a store that can add users.
        hashing: where passwords are hashed.
        rules: what a new password must be like.
        default_scopes: what a new user may hold. Nothing that a client sends adds to it.
        login_is_email: whether the login has to be an address, which is then the user's.
        needs_email: whether nobody registers without an address.
        events: where to say who came, and who could not.
    """

    def __init__(
        self,
        users: RegisteringUserStore,
        hashing: HashingExecutor,
        *,
        rules: PasswordRules,
        events: Events,
        default_scopes: frozenset[str] = frozenset(),
        login_is_email: bool = False,
        needs_email: bool = False,
    ) -> None:
        self._users = users
        self._hashing = hashing
        self._rules = rules
        self._events = events
        self._default_scopes = default_scopes
        self._login_is_email = login_is_email
        self._needs_email = needs_email

    async def register(
        self,
        credentials: Credentials,
        *,
        email: str | None = None,
        device: Device = UNKNOWN_DEVICE,
    ) -> User:
        """Store a new user.

        The login is not looked up first: the password is hashed whether it is free or
        not, so that both take as long, and the store's unique index decides a race.

        Raises:
            LoginTakenError: the login is somebody's, in its canonical spelling.
            JWTKitError: whatever ``prepare`` raises.
        """
        return await self.add(await self.prepare(credentials, email=email), device=device)

    async def add(self, new: NewUser, *, device: Device = UNKNOWN_DEVICE) -> User:
        """Store what was prepared.

        Raises:
            LoginTakenError: the login is somebody's, in its canonical spelling.
            StoreUnavailableError: the user store failed.
        """
        with self._events.telling(EventName.USER_CREATED, device=device) as telling:
            user = await ask_user_store(lambda: self._users.add(new))
            telling.happened, telling.subject = True, user.id
        return user

    async def prepare(self, credentials: Credentials, *, email: str | None = None) -> NewUser:
        """Check a registration and hash its password; no store is asked.

        Raises:
            LoginRejectedError: the login can be nobody's.
            EmailRejectedError: the address can be nobody's, or is missing.
            PasswordRejectedError: the password breaks a rule.
            HashingBusyError: too many at once.
        """
        login = canonical_login(credentials.login)
        if login is None:
            raise LoginRejectedError(
                "login_malformed", "Use 1 to 254 printable characters for the login."
            )
        address = self._address(login, email)
        password = credentials.password.get_secret_value()
        self._rules.enforce(password, login=login, words=(address,) if address else ())
        return NewUser(
            login=login,
            password_hash=await self._hashing.hash(password),
            email=address,
            scopes=self._default_scopes,
        )

    def _address(self, login: str, email: str | None) -> str | None:
        if self._login_is_email:
            if canonical_email(login) != login:
                raise LoginRejectedError(
                    "login_is_no_email", "Use your e-mail address as the username."
                )
            return login
        if email is None and not self._needs_email:
            return None
        address = canonical_email(email or "")
        if address is None:
            raise EmailRejectedError("email_malformed" if email else "email_missing")
        return address
