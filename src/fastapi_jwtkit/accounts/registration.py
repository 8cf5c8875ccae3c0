"""How a new user comes to be."""

from __future__ import annotations

from fastapi_jwtkit.accounts.user_reads import ask_user_store
from fastapi_jwtkit.credentials import Credentials, canonical_login
from fastapi_jwtkit.errors import LoginRejectedError
from fastapi_jwtkit.hashing import HashingExecutor
from fastapi_jwtkit.passwords.rules import PasswordRules
from fastapi_jwtkit.protocols import RegisteringUserStore, User
from fastapi_jwtkit.records import NewUser

__all__ = ["Registration"]


class Registration:
    """Takes new users in.

    Args:
        users: a store that can add users.
        hashing: where passwords are hashed.
        rules: what a new password must be like.
        default_scopes: what a new user may hold. Nothing that a client sends adds to it.
    """

    def __init__(
        self,
        users: RegisteringUserStore,
        hashing: HashingExecutor,
        *,
        rules: PasswordRules,
        default_scopes: frozenset[str] = frozenset(),
    ) -> None:
        self._users = users
        self._hashing = hashing
        self._rules = rules
        self._default_scopes = default_scopes

    async def register(self, credentials: Credentials, *, email: str | None = None) -> User:
        """Store a new user.

        The login is not looked up first: the password is hashed whether it is free or
        not, so that both take as long, and the store's unique index decides a race.

        Raises:
            LoginRejectedError: the login can be nobody's.
            PasswordRejectedError: the password breaks a rule.
            LoginTakenError: the login is somebody's, in its canonical spelling.
            HashingBusyError: too many at once.
            StoreUnavailableError: the user store failed.
        """
        login = canonical_login(credentials.login)
        if login is None:
            raise LoginRejectedError(
                "login_malformed", "Use 1 to 254 printable characters for the login."
            )
        password = credentials.password.get_secret_value()
        self._rules.enforce(password, login=login)
        new = NewUser(
            login=login,
            password_hash=await self._hashing.hash(password),
            email=email,
            scopes=self._default_scopes,
        )
        return await ask_user_store(lambda: self._users.add(new))
