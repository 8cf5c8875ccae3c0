"""From what happened to a mail, after the answer."""

from __future__ import annotations

import logging
import math
from types import MappingProxyType

from fastapi_jwtkit.account_protocols import Mailer
from fastapi_jwtkit.accounts.background import BackgroundWork, Job
from fastapi_jwtkit.accounts.links import Links, email_of
from fastapi_jwtkit.errors import UnavailableError
from fastapi_jwtkit.event_sinks import Events
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.mail import Mail, MailKind
from fastapi_jwtkit.protocols import User
from fastapi_jwtkit.tokens.purpose import Purpose

__all__ = ["Post"]

logger = logging.getLogger("fastapi_jwtkit")

_KINDS = {
    Purpose.RESET_PASSWORD: MailKind.RESET_PASSWORD,
    Purpose.VERIFY_EMAIL: MailKind.VERIFY_EMAIL,
    Purpose.CHANGE_EMAIL: MailKind.CHANGE_EMAIL,
}


class Post:
    """Writes mails in the background.

    Args:
        mailer: sends them; ``None``: there are none.
        links: makes what is in them.
        events: told of failures.
    """

    def __init__(self, mailer: Mailer | None, links: Links, *, events: Events) -> None:
        self._mailer = mailer
        self._links = links
        self._events = events
        self.work = BackgroundWork(self._tell_failed)

    @property
    def can_write(self) -> bool:
        """Whether there is a mailer."""
        return self._mailer is not None

    def later(self, job: Job) -> None:
        """Do something after the answer.

        Raises:
            UnavailableError: too much waits already.
        """
        self.work.submit(job)

    def notice_later(self, kind: MailKind, user: User, *, to: str | None = None) -> None:
        """Tell a person what was done. Never raises: it is done already.

        Args:
            kind: what.
            user: to whom.
            to: where; default: their address, if there is one.
        """
        address = to or email_of(user)
        if self._mailer is None or address is None:
            return
        try:
            self.work.submit(lambda: self.notice(kind, login=user.login, to=address))
        except UnavailableError as error:
            logger.warning("a notice was not sent: %s", error.reason)
            self._tell_failed(error.reason)

    async def notice(self, kind: MailKind, *, login: str, to: str) -> None:
        """Send a mail without a link. In the background only."""
        if self._mailer is not None:
            context = MappingProxyType({"login": login})
            await self._mailer.send(Mail(to=to, kind=kind, context=context))

    async def link(self, purpose: Purpose, user: User, *, to: str, email: str | None) -> None:
        """Send a mail with a link. In the background only.

        Args:
            purpose: what the link does.
            user: for whom it works.
            to: where to.
            email: the address that the link is about.
        """
        if self._mailer is None:
            return
        minutes = math.ceil(self._links.lives[purpose] / 60)
        await self._mailer.send(
            Mail(
                to=to,
                kind=_KINDS[purpose],
                link=await self._links.make(purpose, user, email=email),
                context=MappingProxyType({"login": user.login, "minutes": str(minutes)}),
            )
        )

    def _tell_failed(self, reason: str) -> None:
        self._events.emit(EventName.MAIL_FAILED, outcome=False, reason=reason)
