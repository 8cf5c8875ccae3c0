"""The examples of the pages on mail and on account flows work, against a real mail server."""

from __future__ import annotations

import asyncio
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtplib import SMTPException
from fastapi.testclient import TestClient

import doc_examples as examples
from fastapi_jwtkit.mail import Mail, MailKind

PERSON = {"username": "ann", "password": "correct horse battery staple", "email": "ann@example.com"}


pytestmark = pytest.mark.usefixtures("development")


class Mailbox:
    """What the mail server does with mails: keep them."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], Message]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Take one."""
        del server, session
        assert isinstance(envelope.content, bytes)
        self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content)))
        return "250 OK"


async def delivered(mails: list[Mail], *, start_tls: bool = False) -> Mailbox:
    """Send mails by the recipe to a real server, and return what it got."""
    mailbox = Mailbox()

    def serve() -> SMTP:
        return SMTP(mailbox, enable_SMTPUTF8=True, loop=asyncio.get_running_loop())

    server = await asyncio.get_running_loop().create_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    mailer = examples.load("how_to/smtp_mailer").SMTPMailer(
        "127.0.0.1", port=port, sender="shop@example.com", start_tls=start_tls
    )
    try:
        for mail in mails:
            await mailer.send(mail)
    finally:
        server.close()
        await server.wait_closed()
    return mailbox


async def test_the_recipe_sends_every_kind_of_mail() -> None:
    """To the one address, with its link where it has one."""
    context = {"login": "ann", "minutes": "30"}
    mails = [
        Mail(to="ann@example.com", kind=kind, link="https://a/#token=t", context=context)
        for kind in MailKind
    ]
    mailbox = await delivered(mails)
    assert [to for to, _ in mailbox.mails] == [["ann@example.com"]] * len(MailKind)
    for mail, (_, message) in zip(mails, mailbox.mails, strict=True):
        assert message["To"] == "ann@example.com"
        text = message.get_payload(decode=True)
        assert isinstance(text, bytes)
        has_link = mail.kind in {
            MailKind.RESET_PASSWORD,
            MailKind.VERIFY_EMAIL,
            MailKind.CHANGE_EMAIL,
        }
        assert (b"https://a/#token=t" in text) is has_link
        assert b"{" not in text


async def test_the_recipe_sends_to_an_address_that_is_not_ascii() -> None:
    """RFC 6531."""
    mailbox = await delivered(
        [Mail(to="zoë@example.com", kind=MailKind.PASSWORD_CHANGED, context={"login": "zoë"})]
    )
    assert mailbox.mails[0][0] == ["zoë@example.com"]


async def test_the_recipe_sends_nothing_in_the_clear() -> None:
    """A server that offers no TLS gets no link."""
    mail = Mail(to="ann@example.com", kind=MailKind.PASSWORD_CHANGED)
    with pytest.raises(SMTPException, match="STARTTLS"):
        await delivered([mail], start_tls=True)


def test_the_page_on_account_flows_resets_a_password(capsys: pytest.CaptureFixture[str]) -> None:
    """With the link that the outbox prints; the lifespan ends with every mail sent."""
    module = examples.load("how_to/account_flows")
    with TestClient(module.app) as client:
        assert client.post("/auth/register", json=PERSON).status_code == 201
        answer = client.post("/auth/password/forgot", json={"email": PERSON["email"]})
        assert answer.status_code == 202
        body = {"token": "", "password": "another rather long one"}
        for _ in range(100):
            body["token"] = capsys.readouterr().err.partition("#token=")[2].strip()
            if body["token"]:
                break
            client.get("/auth/me")
        assert client.post("/auth/password/reset", json=body).status_code == 204
        assert client.post("/auth/login", json=PERSON).status_code == 401
        assert client.post("/admin/users/1/disable").status_code == 401
