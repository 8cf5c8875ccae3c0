"""Addresses: verified by a link, changed by a link, told of both."""

from __future__ import annotations

import asyncio

from pydantic import SecretStr

from fastapi_jwtkit.account_protocols import EmailUserStore
from fastapi_jwtkit.accounts.authenticator import is_verified
from fastapi_jwtkit.accounts.flow_parts import FlowParts
from fastapi_jwtkit.accounts.links import email_of
from fastapi_jwtkit.accounts.password_flows import find_by_email
from fastapi_jwtkit.accounts.user_reads import ask_user_store
from fastapi_jwtkit.credentials import canonical_email
from fastapi_jwtkit.errors import EmailRejectedError, LoginTakenError
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.mail import MailKind
from fastapi_jwtkit.protocols import User
from fastapi_jwtkit.records import Device, NewUser
from fastapi_jwtkit.tokens.purpose import Purpose, PurposeGrant

__all__ = ["EmailFlows"]


class EmailFlows:
    """Register, verify and change by mail.

    Args:
        parts: what the flows share.
        users: the user store, where it knows addresses; else ``None``, and there is nothing
            to verify.
    """

    def __init__(self, parts: FlowParts, users: EmailUserStore | None) -> None:
        self._parts = parts
        self._users = users

    async def add(self, new: NewUser, device: Device) -> None:
        """Store a registration and mail what has to be known. After the answer."""
        parts = self._parts
        if parts.registration is None:
            return
        try:
            user = await parts.registration.add(new, device=device)
        except LoginTakenError:
            await self._tell_taken(new)
            return
        if parts.email_verification != "off" and new.email is not None:
            await parts.post.link(Purpose.VERIFY_EMAIL, user, to=new.email, email=new.email)

    async def send_verification(self, email: str, device: Device) -> None:
        """Look an address up and mail a link to it, if it has to be verified."""
        user = await find_by_email(self._parts, email)
        to = email_of(user) if user else None
        reason = _why_no_link(user)
        self._parts.events.emit(
            EventName.VERIFICATION_REQUESTED,
            outcome=not reason,
            reason=reason,
            subject=user.id if user else None,
            device=device,
        )
        if user is not None and to is not None and not reason:
            await self._parts.post.link(Purpose.VERIFY_EMAIL, user, to=to, email=to)

    async def verify(self, token: SecretStr, *, device: Device) -> None:
        """Note that a link which went to an address was opened; see ``AccountFlows``."""
        grant, user = await self._open(Purpose.VERIFY_EMAIL, token)
        await asyncio.shield(self._verify(grant, user, device))

    async def ask_change(self, user: User, email: str, *, device: Device) -> None:
        """Mail a link to a new address, and a notice to the old; see ``AccountFlows``."""
        new = canonical_email(email)
        if new is None:
            raise EmailRejectedError("email_malformed")
        post = self._parts.post
        post.later(lambda: post.link(Purpose.CHANGE_EMAIL, user, to=new, email=new))
        post.notice_later(MailKind.EMAIL_CHANGE_ASKED, user)
        self._parts.events.emit(EventName.EMAIL_CHANGE_REQUESTED, subject=user.id, device=device)

    async def change(self, token: SecretStr, *, device: Device) -> None:
        """Take the address over whose link was opened; see ``AccountFlows``."""
        grant, user = await self._open(Purpose.CHANGE_EMAIL, token)
        # Shielded: the one who opens it may be a thief, and the owner has to hear of it.
        await asyncio.shield(self._change(grant, user, device))

    async def _verify(self, grant: PurposeGrant, user: User, device: Device) -> None:
        await self._spend_and_set(grant, user, login=None)
        self._parts.events.emit(EventName.EMAIL_VERIFIED, subject=user.id, device=device)

    async def _change(self, grant: PurposeGrant, user: User, device: Device) -> None:
        old = email_of(user)
        login = grant.email if self._parts.login_is_email else None
        try:
            await self._spend_and_set(grant, user, login=login)
        except LoginTakenError:
            self._parts.links.refuse("login_taken", subject=user.id)
        self._parts.events.emit(EventName.EMAIL_CHANGED, subject=user.id, device=device)
        if old is not None and old != grant.email:
            self._parts.post.notice_later(MailKind.EMAIL_CHANGED, user, to=old)

    async def _open(self, purpose: Purpose, token: SecretStr) -> tuple[PurposeGrant, User]:
        """Check a link in every respect; nothing is spent."""
        links = self._parts.links
        grant = await links.read(purpose, token.get_secret_value())
        user = await self._parts.reads.by_id(grant.subject)
        if user is None or not user.is_active:
            links.refuse("disabled" if user else "user_gone", subject=grant.subject)
        await links.ensure_bound(grant, user)
        return grant, user

    async def _spend_and_set(self, grant: PurposeGrant, user: User, *, login: str | None) -> None:
        """Spend a link, and do the one write that is left to be done."""
        users, email, expected = self._users, grant.email, email_of(user)
        if users is None or email is None:
            self._parts.links.refuse("without_address", subject=user.id)
        owner = await ask_user_store(lambda: users.find_by_email(email))
        if owner is not None and owner.id != user.id and is_verified(owner):
            # With two owners an address is nobody's, and neither could recover an account by it.
            self._parts.links.refuse("address_taken", subject=user.id)
        await self._parts.links.spend(grant)
        if not await ask_user_store(
            lambda: users.set_email(user.id, email, expected=expected, login=login)
        ):
            self._parts.links.refuse("overtaken", subject=user.id)

    async def _tell_taken(self, new: NewUser) -> None:
        """Tell the owner that somebody tried, and who tried that the name is taken."""
        parts = self._parts
        owner = await parts.reads.by_login(new.login)
        theirs = email_of(owner) if owner else None
        if theirs is not None and theirs == new.email:
            await parts.post.notice(MailKind.ALREADY_REGISTERED, login=new.login, to=theirs)
        elif new.email is not None and not parts.login_is_email:
            await parts.post.notice(MailKind.LOGIN_TAKEN, login=new.login, to=new.email)


def _why_no_link(user: User | None) -> str:
    if user is None or email_of(user) is None:
        return "unknown_email"
    if not user.is_active:
        return "disabled"
    return "verified_before" if is_verified(user) else ""
