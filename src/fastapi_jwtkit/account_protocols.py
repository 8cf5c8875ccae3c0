"""Ports of the account flows: what a user store may do beside logging people in, and mail.

Each is optional. A flow appears where the store has its verbs, and where there is a
``Mailer`` if it writes to people.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from fastapi_jwtkit.mail import Mail
from fastapi_jwtkit.protocols import User

__all__ = [
    "ChangingUserStore",
    "DisablingUserStore",
    "EmailUser",
    "EmailUserStore",
    "Mailer",
    "RemovingUserStore",
]


@runtime_checkable
class EmailUser(Protocol):
    """What a user has beside ``User`` where the kit writes to people."""

    @property
    def email(self) -> str | None:
        """Canonical address, see ``canonical_email``; ``None`` where there is none."""
        ...

    @property
    def email_verified(self) -> bool:
        """Whether the person has shown that mail to this address reaches them."""
        ...


@runtime_checkable
class EmailUserStore(Protocol):
    """A user store that knows addresses; its users are also ``EmailUser``."""

    async def find_by_email(self, email: str, /) -> User | None:
        """Return whose address this is.

        Of several users with one address it is the one who verified it; where that names
        nobody or several, it is nobody's.
        """
        ...

    async def set_email(
        self,
        user_id: str,
        email: str,
        /,
        *,
        expected: str | None,
        login: str | None = None,
    ) -> bool:
        """Replace the address, as verified, only if it still is ``expected``.

        Args:
            user_id: whose.
            email: canonical; the same as ``expected`` to mark it as verified.
            expected: what the caller has seen (compare-and-set, in one statement).
            login: the login to set along with it; ``None``: it stays.

        Returns:
            whether it was replaced.

        Raises:
            LoginTakenError: ``login`` is somebody else's; nothing was changed.
        """
        ...


@runtime_checkable
class DisablingUserStore(Protocol):
    """A user store that can shut a user out and let them in again."""

    async def set_active(self, user_id: str, active: bool, /) -> bool:  # noqa: FBT001 - the new value
        """Set ``is_active``; say whether there is such a user."""
        ...


@runtime_checkable
class ChangingUserStore(Protocol):
    """A user store that can say what somebody may do, for ``jwtkit users create-admin``."""

    async def change(
        self, user_id: str, *, roles: Iterable[str] | None, scopes: Iterable[str] | None
    ) -> User | None:
        """Replace the roles and scopes that are given; ``None`` if there is no such user."""
        ...


@runtime_checkable
class RemovingUserStore(Protocol):
    """A user store that can forget a user."""

    async def remove(self, user_id: str, /) -> bool:
        """Forget a user and free the login, never the id; say whether there was one."""
        ...


class Mailer(Protocol):
    """Sends mails. Called in the background: nobody waits for it."""

    async def send(self, mail: Mail, /) -> None:
        """Send one mail, or raise; a failure is logged and counted, and not tried again."""
        ...
