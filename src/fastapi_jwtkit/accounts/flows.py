"""``kit.accounts``: what becomes of an account after it was made."""

from __future__ import annotations

from pydantic import SecretStr

from fastapi_jwtkit.account_protocols import EmailUserStore
from fastapi_jwtkit.accounts.email_flows import EmailFlows
from fastapi_jwtkit.accounts.flow_entrance import FlowEntrance
from fastapi_jwtkit.accounts.flow_parts import Flow, FlowParts
from fastapi_jwtkit.accounts.password_flows import PasswordFlows
from fastapi_jwtkit.accounts.reauthentication import Reauthentication
from fastapi_jwtkit.accounts.removal import Removal
from fastapi_jwtkit.credentials import Credentials
from fastapi_jwtkit.protocols import User
from fastapi_jwtkit.records import UNKNOWN_DEVICE, Device
from fastapi_jwtkit.throttling import Action

__all__ = ["AccountFlows"]


class AccountFlows:
    """Everything that happens to an account, with or without web.

    A flow can be served where the user store has its verbs, and where there is a ``Mailer``
    if it writes to people; ``can`` says so.

    What is asked for by address is answered before anything is looked up: the answer is the
    same for an address that is known and one that is not, and takes the same time.

    Every verb but those for administrators raises ``ThrottledError`` where somebody tries too
    often; nothing was done then.

    Args:
        parts: what the flows share.
    """

    def __init__(self, parts: FlowParts) -> None:
        self._parts = parts
        self._enter = FlowEntrance(parts).enter
        self._passwords = PasswordFlows(parts)
        self._removal = Removal(parts)
        self._proof = Reauthentication(parts)
        users = parts.users
        self._emails = EmailFlows(parts, users if isinstance(users, EmailUserStore) else None)

    @property
    def answers_alike(self) -> bool:
        """Whether registering tells nobody if a login is taken."""
        return self._parts.login_is_email or self._parts.email_verification != "off"

    def can(self, flow: Flow) -> bool:
        """Say whether a flow can be served."""
        return self._parts.can(flow)

    async def sign_up(
        self, credentials: Credentials, *, email: str | None = None, device: Device = UNKNOWN_DEVICE
    ) -> None:
        """Take a registration whose answer must not tell whether the login is taken.

        The password is checked and hashed now; the store is asked after the answer, and a
        mail tells the person what became of it.

        Raises:
            LoginRejectedError: the login can be nobody's.
            EmailRejectedError: the address can be nobody's, or is missing.
            PasswordRejectedError: the password breaks a rule; ``detail`` says which.
            UnavailableError: too much waits already; nothing was done.
        """
        async with self._enter("register", "register", account=credentials.login, device=device):
            if self._parts.registration is not None:
                new = await self._parts.registration.prepare(credentials, email=email)
                self._parts.post.later(lambda: self._emails.add(new, device))

    async def change_password(
        self,
        user_id: str,
        *,
        current: SecretStr,
        new: SecretStr,
        keep_sid: str | None = None,
        device: Device = UNKNOWN_DEVICE,
    ) -> None:
        """Replace the password of a user who knows it, and end their other sessions.

        A login with the old password that is under way is ended as well.

        Args:
            user_id: whose.
            current: the password that holds now.
            new: the one that shall.
            keep_sid: the session that goes on, which is that of the caller.
            device: where the request comes from.

        Raises:
            InvalidCredentialsError: ``current`` is wrong, or the user is gone or disabled.
            PasswordRejectedError: ``new`` breaks a rule; ``detail`` says which.
            UnavailableError: a part failed. If it was the last step, the password is the new
                one already and a session may still live: change it once more.
        """
        async with self._enter(
            "password-change", "password_change", account=user_id, device=device
        ):
            await self._passwords.change(
                user_id, current=current, new=new, keep_sid=keep_sid, device=device
            )

    async def request_reset(self, email: str, *, device: Device = UNKNOWN_DEVICE) -> None:
        """Mail a link for a new password, if the address is an active user's with a password.

        Raises:
            UnavailableError: too much waits already; nothing was looked up.
        """
        async with self._enter("password-reset", "forgot", account=email, device=device):
            self._parts.post.later(lambda: self._passwords.send_reset(email, device))

    async def reset_password(
        self, token: SecretStr, *, new: SecretStr, device: Device = UNKNOWN_DEVICE
    ) -> None:
        """Replace the password of whoever opened the link, and end all their sessions.

        The link is spent just before the hash is written. What fails before that spends
        nothing: a password that breaks a rule, sessions that cannot be ended, a store that
        does not answer.

        Raises:
            InvalidLinkError: the link is forged, expired or used, or the password or the
                address is another by now.
            PasswordRejectedError: ``new`` breaks a rule; ``detail`` says which.
            UnavailableError: a part failed.
        """
        async with self._enter("password-reset", "reset", device=device):
            await self._passwords.reset(token, new=new, device=device)

    async def request_verification(self, email: str, *, device: Device = UNKNOWN_DEVICE) -> None:
        """Mail a link that verifies an address, if it is a user's and not verified yet.

        Raises:
            UnavailableError: too much waits already; nothing was looked up.
        """
        async with self._enter("email-verify", "verify", account=email, device=device):
            self._parts.post.later(lambda: self._emails.send_verification(email, device))

    async def verify_email(self, token: SecretStr, *, device: Device = UNKNOWN_DEVICE) -> None:
        """Note that whoever opened the link gets the mail to this address.

        Raises:
            InvalidLinkError: the link is forged, expired or used, or the address is another.
            UnavailableError: a part failed. If it was the last step, the link is spent: ask
                for another.
        """
        async with self._enter("email-verify", "verify", device=device):
            await self._emails.verify(token, device=device)

    async def request_email_change(
        self,
        user_id: str,
        email: str,
        *,
        password: SecretStr | None = None,
        auth_time: int | None = None,
        device: Device = UNKNOWN_DEVICE,
    ) -> None:
        """Mail a link to a new address, and a notice to the old one.

        The old address stays until the link is opened.

        Args:
            user_id: whose.
            email: the new address.
            password: what has to be given by a user who has one.
            auth_time: when a user without a password logged in.
            device: where the request comes from.

        Raises:
            EmailRejectedError: the address can be nobody's.
            InvalidCredentialsError: the password is wrong or missing.
            ReauthenticationError: the user has no password, and logged in too long ago.
            UnavailableError: a part failed; nothing was done.
        """
        async with self._enter("email-change", "email_change", account=user_id, device=device):
            user = await self._proof.by_password(user_id, password, auth_time, device)
            await self._emails.ask_change(user, email, device=device)

    async def change_email(self, token: SecretStr, *, device: Device = UNKNOWN_DEVICE) -> None:
        """Take over the address whose link was opened, as verified. Sessions go on.

        Raises:
            InvalidLinkError: the link is forged, expired or used, or the password or the
                address is another by now, or the address is somebody's login.
            UnavailableError: a part failed. If it was the last step, the link is spent: ask
                for another.
        """
        async with self._enter("email-change", "verify", device=device):
            await self._emails.change(token, device=device)

    async def reauthenticate(
        self,
        user_id: str,
        *,
        password: SecretStr | None,
        auth_time: int | None,
        device: Device = UNKNOWN_DEVICE,
    ) -> None:
        """Return if the caller proves anew, or proved just now, who they are (ASVS 7.5.2).

        Args:
            user_id: whose token it is.
            password: proves it anew; wins over ``auth_time``.
            auth_time: when they logged in, seconds since the epoch.
            device: where the request comes from.

        Raises:
            InvalidCredentialsError: the password is wrong.
            ReauthenticationError: there is none, and the login was too long ago.
        """
        proof: Action | None = None if password is None else "password_change"
        async with self._enter("reauthentication", proof, account=user_id, device=device):
            await self._proof.either(user_id, password, auth_time, device)

    async def prove_password(
        self, user_id: str, *, password: SecretStr, device: Device = UNKNOWN_DEVICE
    ) -> User:
        """Return the user if this is their password, whoever is logged in.

        Raises:
            InvalidCredentialsError: it is not, or the user is gone or disabled.
            ThrottledError: too many guesses; nothing was checked.
        """
        async with self._enter(
            "reauthentication", "password_change", account=user_id, device=device
        ):
            return await self._proof.by_password(user_id, password, None, device)

    async def disable(self, user_id: str) -> bool:
        """Shut a user out: no login, no session, no access token. For administrators.

        Doing it again is fine, and has to be done after a failure.

        Returns:
            whether there is such a user.

        Raises:
            StoreUnavailableError: it could not be done; a session may still live.
        """
        async with self._enter("account-disable"):
            return await self._removal.disable(user_id)

    async def enable(self, user_id: str) -> bool:
        """Let a user in again, who then has to log in; say whether there is such a user."""
        async with self._enter("account-disable"):
            return await self._removal.enable(user_id)

    async def delete(self, user_id: str) -> bool:
        """Forget a user and end every session; say whether there was such a user.

        The sessions are ended first: where that fails, nothing was forgotten. And again
        after it, for a login that came in between.

        Raises:
            StoreUnavailableError: it could not be done; do it again.
        """
        async with self._enter("account-delete"):
            return await self._removal.delete(user_id, UNKNOWN_DEVICE)

    async def delete_own(
        self,
        user_id: str,
        *,
        password: SecretStr | None = None,
        auth_time: int | None = None,
        device: Device = UNKNOWN_DEVICE,
    ) -> None:
        """Forget the caller, who proves who they are as for ``request_email_change``.

        Raises:
            InvalidCredentialsError: the password is wrong or missing.
            ReauthenticationError: the user has no password, and logged in too long ago.
            StoreUnavailableError: it could not be done; log in and do it again, if you can.
        """
        async with self._enter("account-delete", "password_change", account=user_id, device=device):
            await self._proof.by_password(user_id, password, auth_time, device)
            await self._removal.delete(user_id, device)

    async def drain(self) -> None:
        """Wait until what was asked for is done and the mails are out; tests await it."""
        await self._parts.post.work.drain()

    @property
    def mail_failures(self) -> int:
        """How many mails this process could not send."""
        return self._parts.post.work.failures
