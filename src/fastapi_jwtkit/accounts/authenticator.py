"""From credentials to a user, without telling who exists."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from pydantic import SecretStr

from fastapi_jwtkit.accounts.user_reads import UserReads, ask_user_store
from fastapi_jwtkit.credentials import Credentials, canonical_login
from fastapi_jwtkit.errors import InvalidCredentialsError, PasswordRejectedError, UnavailableError
from fastapi_jwtkit.hashing import HashingExecutor
from fastapi_jwtkit.passwords.rules import normalize_password
from fastapi_jwtkit.protocols import User, UserStore

__all__ = ["Authenticated", "Authenticator", "is_verified"]

logger = logging.getLogger("fastapi_jwtkit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticated:
    """A user whose password was right.

    Attributes:
        user: as the store returned them before the comparison.
        verified_hash: the hash that the password is known to match; ``confirm`` takes it.
        upgraded: whether an old hash was replaced by ``verified_hash`` on the way.
    """

    user: User
    verified_hash: str = field(repr=False)
    upgraded: bool


class Authenticator:
    """Checks logins and passwords; a right password with an old hash gets a new hash.

    Every call of ``authenticate`` makes exactly one comparison, whether the login is
    unknown, the user disabled or the password impossible (ASVS 6.3.8). What differs is
    ``reason``, which stays inside: ``malformed_login``, ``unknown_login``,
    ``no_password``, ``password_too_long``, ``password_malformed``, ``wrong_password``,
    ``disabled``, ``email_unverified``, ``hash_format_unknown``, ``hash_too_dear``,
    ``password_over_72_bytes``. The two about a hash are logged too: they are for whoever keeps
    the table.

    Args:
        users: where users live.
        hashing: where passwords are compared.
        verified_only: whether a user needs an address that was verified.
    """

    def __init__(
        self, users: UserStore, hashing: HashingExecutor, *, verified_only: bool = False
    ) -> None:
        self._verified_only = verified_only
        self._users = users
        self._reads = UserReads(users)
        self._hashing = hashing

    async def authenticate(self, credentials: Credentials) -> Authenticated:
        """Return the user these credentials belong to.

        Raises:
            InvalidCredentialsError: they are nobody's, or a disabled user's.
            HashingBusyError: too many logins at once.
            StoreUnavailableError: the user store failed.
        """
        password = credentials.password.get_secret_value()
        login = canonical_login(credentials.login)
        user = await self._reads.by_login(login) if login is not None else None
        stored = user.password_hash if user is not None else None
        shut_out = self._why_shut_out(user)
        # Said before the comparison: whoever is shut out takes as long as any other.
        matched = await self._hashing.matches(password, stored, may_succeed=not shut_out)
        if user is None:
            raise InvalidCredentialsError("unknown_login" if login else "malformed_login")
        if not matched or not stored:
            raise InvalidCredentialsError(self._why_not(password, stored))
        if shut_out:
            raise InvalidCredentialsError(shut_out)
        new_hash = await self._upgrade(user, password, stored)
        return Authenticated(
            user=user, verified_hash=new_hash or stored, upgraded=new_hash is not None
        )

    async def reauthenticate(self, user_id: str, password: SecretStr) -> User:
        """Return the user if this is their password; one comparison in all cases.

        Raises:
            InvalidCredentialsError: it is not, or the user is gone or disabled.
            HashingBusyError: too many logins at once.
            StoreUnavailableError: the user store failed.
        """
        user = await self._reads.by_id(user_id)
        given, stored = password.get_secret_value(), user.password_hash if user else None
        matched = await self._hashing.matches(given, stored)
        if user is None:
            raise InvalidCredentialsError("user_gone")
        if not matched:
            raise InvalidCredentialsError(self._why_not(given, stored))
        if not user.is_active:
            raise InvalidCredentialsError("disabled")
        return user

    async def confirm(self, user_id: str, credentials: Credentials, *, verified_hash: str) -> User:
        """Read a user again, after the session row of their login exists, and stand by them.

        Between the comparison and the row, the password may have been changed and all
        sessions closed, this one not yet among them. So the hash is looked at once more: if
        it is another, the password is compared with that one. Of two first logins that
        both upgrade a hash, the one that lost the upgrade passes here.

        Args:
            user_id: whom ``authenticate`` returned.
            credentials: the same again.
            verified_hash: the hash that the password is known to match.

        Returns:
            the user with the roles that hold now.

        Raises:
            InvalidCredentialsError: the user is gone (``user_gone``) or ``disabled``, or the
                password is another by now (``password_changed``).
            HashingBusyError: too many logins at once.
            StoreUnavailableError: the user store failed.

        Whatever is raised, the caller revokes the new session before passing it on.
        """
        user = await self._reads.by_id(user_id)
        if user is None:
            raise InvalidCredentialsError("user_gone")
        if not user.is_active:
            raise InvalidCredentialsError("disabled")
        if user.password_hash != verified_hash:
            password = credentials.password.get_secret_value()
            if not await self._hashing.matches(password, user.password_hash):
                raise InvalidCredentialsError("password_changed")
        return user

    async def _upgrade(self, user: User, password: str, stored: str) -> str | None:
        if not self._hashing.needs_upgrade(stored):
            return None
        user_id = user.id
        try:
            new_hash = await self._hashing.hash(password)
            won = await ask_user_store(
                lambda: self._users.set_password_hash(user_id, new_hash, expected=stored)
            )
        except UnavailableError as error:
            # The password was right. The next login tries again.
            logger.warning("a password hash was not upgraded: %s", error.reason)
            return None
        return new_hash if won else None

    def _why_shut_out(self, user: User | None) -> str:
        if user is None:
            return "unknown_login"
        if not user.is_active:
            return "disabled"
        return "email_unverified" if self._verified_only and not is_verified(user) else ""

    def _why_not(self, password: str, stored: str | None) -> str:
        if not stored:
            return "no_password"
        try:
            normalize_password(password)
        except PasswordRejectedError as error:
            return error.reason
        refusal = self._hashing.refusal(password, stored)
        if refusal.startswith("hash_"):
            logger.warning("a stored password hash is never compared with: %s", refusal)
        return refusal or "wrong_password"


def is_verified(user: User) -> bool:
    """Say whether the address of a user is verified; no, where the store knows of none."""
    return bool(getattr(user, "email_verified", False))
