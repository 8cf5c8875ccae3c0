"""Mails that tests wait for and read."""

from __future__ import annotations

from fastapi_jwtkit.accounts.outbox import Outbox
from fastapi_jwtkit.kit import JWTKit
from fastapi_jwtkit.mail import Mail, MailKind

EMAIL = "ann@example.com"
PUBLIC_URL = "https://app.example"


class Postbox(Outbox):
    """An outbox that says nothing and is emptied by reading."""

    def __init__(self) -> None:
        super().__init__(echo=False)

    async def taken(self, kit: JWTKit) -> list[Mail]:
        """Wait until all mails are out, and take them."""
        await kit.accounts.drain()
        mails = self.mails
        self._mails.clear()
        return mails

    async def only(self, kit: JWTKit, kind: MailKind) -> Mail:
        """Take the mails, of which exactly one is of this kind."""
        (mail,) = [mail for mail in await self.taken(kit) if mail.kind is kind]
        return mail

    async def token(self, kit: JWTKit, kind: MailKind) -> str:
        """Take the mails, and return the token of the one that has a link."""
        return token_of(await self.only(kit, kind))


def token_of(mail: Mail) -> str:
    """Return what the page behind a link would post."""
    assert mail.link is not None
    return mail.link.partition("#token=")[2]
