"""Mails for development: kept and shown, never sent."""

from __future__ import annotations

import logging
import sys
from collections import deque

from fastapi_jwtkit.mail import Mail

__all__ = ["Outbox"]

logger = logging.getLogger("fastapi_jwtkit")

KEPT = 100


class Outbox:
    """A ``Mailer`` that keeps the last hundred mails, and prints each with its link.

    For development and tests. A kit in production refuses it: whoever can read what it
    prints can log in as anybody.

    Args:
        echo: whether to print each to standard error.
    """

    for_development = True

    def __init__(self, *, echo: bool = True) -> None:
        self._echo = echo
        self._mails: deque[Mail] = deque(maxlen=KEPT)
        if echo:
            logger.warning("mails are printed and not sent: nobody will get them")

    @property
    def mails(self) -> list[Mail]:
        """What was sent so far, oldest first."""
        return list(self._mails)

    async def send(self, mail: Mail, /) -> None:
        """Keep a mail, and print it."""
        self._mails.append(mail)
        if self._echo:
            link = f"\n  {mail.link}" if mail.link else ""
            print(f"mail to {mail.to}: {mail.kind.value}{link}", file=sys.stderr)  # noqa: T201
