"""A new password: for somebody who knows the old one, and for somebody who forgot it.

The order is the same in both. The sessions are ended before the hash is written, so that
where they cannot be, nothing has happened and the same request can be made again; and
once more after it, for a login with the old password that came in between. One that is
still under way then reads the new hash before it is answered, and is refused.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Literal

from pydantic import SecretStr

from fastapi_jwtkit.account_protocols import EmailUserStore
from fastapi_jwtkit.accounts.flow_parts import FlowParts
from fastapi_jwtkit.accounts.links import email_of
from fastapi_jwtkit.accounts.user_reads import ask_user_store
from fastapi_jwtkit.credentials import canonical_email
from fastapi_jwtkit.errors import (
    ConfigurationError,
    InvalidCredentialsError,
    InvalidLinkError,
    JWTKitError,
    StoreUnavailableError,
)
from fastapi_jwtkit.event_sinks import reason_of
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.mail import MailKind
from fastapi_jwtkit.protocols import User
from fastapi_jwtkit.records import Device
from fastapi_jwtkit.tokens.purpose import Purpose, PurposeGrant

__all__ = ["PasswordFlows", "find_by_email"]

logger = logging.getLogger("fastapi_jwtkit")

ROUNDS = 3
"""A login may upgrade the hash between reading it and replacing it."""


class PasswordFlows:
    """Change and reset passwords.

    Args:
        parts: what the flows share.
    """

    def __init__(self, parts: FlowParts) -> None:
        self._parts = parts

    async def change(
        self,
        user_id: str,
        *,
        current: SecretStr,
        new: SecretStr,
        keep_sid: str | None,
        device: Device,
    ) -> None:
        """Replace the password of somebody who knows it; see ``AccountFlows``."""
        how = _How(action="password_change", keep_sid=keep_sid, device=device)
        try:
            await self._change(user_id, current, new, how)
        except JWTKitError as error:
            self._tell_failed(error, user_id, how)
            raise

    async def reset(self, token: SecretStr, *, new: SecretStr, device: Device) -> None:
        """Replace the password of whoever got the mail; see ``AccountFlows``."""
        how = _How(action="password_reset", keep_sid=None, device=device)
        try:
            await self._reset(token.get_secret_value(), new, how)
        except JWTKitError as error:
            self._tell_failed(error, None, how)
            raise

    async def send_reset(self, email: str, device: Device) -> None:
        """Look an address up and mail a link to it, if it is somebody's. After the answer."""
        parts = self._parts
        user = await find_by_email(parts, email)
        reason = _why_no_reset(user)
        parts.events.emit(
            EventName.RESET_REQUESTED,
            outcome=not reason,
            reason=reason,
            subject=user.id if user else None,
            device=device,
        )
        to = email_of(user) if user else None
        if user is not None and to is not None and not reason:
            # To the address that is stored, never to the one that was typed.
            await parts.post.link(Purpose.RESET_PASSWORD, user, to=to, email=None)

    async def _change(self, user_id: str, current: SecretStr, new: SecretStr, how: _How) -> None:
        user = await self._parts.reads.by_id(user_id)
        if user is None:
            raise InvalidCredentialsError("user_gone")
        self._enforce_rules(new, user)
        new_hash: str | None = None
        for _ in range(ROUNDS):
            user = await self._parts.authenticator.reauthenticate(user_id, current)
            new_hash = new_hash or await self._parts.hashing.hash(new.get_secret_value())
            await self._end_sessions(user, how)
            if await asyncio.shield(self._write(user, new_hash, how)):
                return
        raise InvalidCredentialsError("password_changed")

    async def _reset(self, raw: str, new: SecretStr, how: _How) -> None:
        links = self._parts.links
        grant = await links.read(Purpose.RESET_PASSWORD, raw)
        user = await self._parts.reads.by_id(grant.subject)
        reason = _why_no_reset(user)
        if user is None or reason:
            links.refuse(reason, subject=grant.subject)
        await links.ensure_bound(grant, user)
        # Nothing was spent yet: a password that is refused, and a hash or a store that cannot
        # be had, cost the person another try and no other mail.
        self._enforce_rules(new, user)
        new_hash = await self._parts.hashing.hash(new.get_secret_value())
        await self._end_sessions(user, how)
        await asyncio.shield(self._spend_and_write(grant, user, new_hash, how))

    async def _spend_and_write(
        self, grant: PurposeGrant, user: User, new_hash: str, how: _How
    ) -> None:
        await self._parts.links.spend(grant)
        if not await self._write(user, new_hash, how):
            self._parts.links.refuse("overtaken", subject=user.id)
        await self._note_verified(user)

    async def _write(self, user: User, new_hash: str, how: _How) -> bool:
        """Replace the hash, end the sessions once more, and tell; say whether it was replaced.

        Its callers shield it: whoever hangs up in between must neither leave a session behind
        nor keep the owner from hearing of it.
        """
        user_id, expected = user.id, user.password_hash
        users = self._parts.users
        replaced = await ask_user_store(
            lambda: users.set_password_hash(user_id, new_hash, expected=expected)
        )
        if replaced:
            self._tell_changed(user, how)
            await self._end_sessions(user, how)
        return replaced

    def _enforce_rules(self, new: SecretStr, user: User) -> None:
        words = filter(None, (email_of(user),))
        self._parts.rules.enforce(new.get_secret_value(), login=user.login, words=words)

    async def _end_sessions(self, user: User, how: _How) -> None:
        await self._parts.sessions.close_all(user.id, reason=how.action, except_sid=how.keep_sid)

    async def _note_verified(self, user: User) -> None:
        """Whoever opened the mail has shown that the address is theirs."""
        users, email = self._parts.users, email_of(user)
        if not isinstance(users, EmailUserStore) or email is None:
            return
        try:
            await ask_user_store(lambda: users.set_email(user.id, email, expected=email))
        except StoreUnavailableError as error:
            # The password is the new one. A link for the address can still be asked for.
            logger.warning("an address was not marked as verified: %s", error.reason)

    def _tell_changed(self, user: User, how: _How) -> None:
        self._parts.events.emit(
            EventName.PASSWORD_CHANGED,
            subject=user.id,
            device=how.device,
            detail={"how": how.action.removeprefix("password_")},
        )
        self._parts.post.notice_later(MailKind.PASSWORD_CHANGED, user)

    def _tell_failed(self, error: JWTKitError, user_id: str | None, how: _How) -> None:
        if isinstance(error, InvalidLinkError):
            return  # told where it was refused, with its subject
        self._parts.events.emit(
            EventName.PASSWORD_CHANGE_FAILED,
            outcome=False,
            reason=reason_of(error),
            subject=user_id,
            device=how.device,
            detail={"how": how.action.removeprefix("password_")},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _How:
    """By which flow a password is replaced, for whom it goes on, and from where."""

    action: Literal["password_change", "password_reset"]
    keep_sid: str | None
    device: Device


async def find_by_email(parts: FlowParts, email: str) -> User | None:
    """Return whose address this is, by the login where logins are addresses.

    Raises:
        ConfigurationError: it is somebody's who has no address.
    """
    canonical = canonical_email(email)
    users = parts.users
    if canonical is None or not isinstance(users, EmailUserStore):
        return None
    if parts.login_is_email:
        user = await parts.reads.by_login(canonical)
    else:
        user = await ask_user_store(lambda: users.find_by_email(canonical))
    if user is not None and not hasattr(user, "email"):
        raise ConfigurationError(
            "The user store finds users by address, and they have no `email`.",
            why="Mail goes to the address that is stored, never to the one that was typed.",
            fix="Give them `email` and `email_verified`: see EmailUser.",
            docs="reference/users/",
        )
    return user


def _why_no_reset(user: User | None) -> str:
    if user is None:
        return "unknown_email"
    if not user.is_active:
        return "disabled"
    # Whoever logs in by other means only did not ask for a password to be guessed.
    return "" if user.password_hash else "no_password"
