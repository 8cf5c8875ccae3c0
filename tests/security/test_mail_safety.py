"""Mail: refused where it is not safe, and nothing of it in a log."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import SecretStr

from account_pages import NEW_PASSWORD, Pages, opened
from fastapi_jwtkit.accounts.outbox import Outbox
from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.kit import JWTKit
from fastapi_jwtkit.mail import Mail, MailKind
from fastapi_jwtkit.stores.memory.users import MemoryUserStore
from kits import House, credentials
from mailed import EMAIL, PUBLIC_URL
from web_kits import PASSWORD, make_settings


class Sender:
    """A mailer for production, or one whose server refuses everything."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.mails: list[Mail] = []

    async def send(self, mail: Mail, /) -> None:
        """Send, or fail."""
        if self.failure is not None:
            raise self.failure
        self.mails.append(mail)


def in_production(mailer: Any, **settings: Any) -> JWTKit:
    """Return a kit of production."""
    return JWTKit(make_settings(env="prod", **settings), users=MemoryUserStore(), mailer=mailer)


@pytest.mark.attack(17)
@pytest.mark.parametrize("url", ["", "http://app.example", "http://127.0.0.1:8000"])
def test_links_of_production_lead_where_the_configuration_says(url: str) -> None:
    """Over https, or the kit does not start."""
    with pytest.raises(ConfigurationError, match="PUBLIC_URL"):
        in_production(Sender(), public_url=url)
    assert in_production(Sender(), public_url=PUBLIC_URL).accounts.can("password-reset")
    assert not in_production(None, public_url=url).accounts.can("password-reset")


def test_an_outbox_is_refused_in_production() -> None:
    """Whoever reads what it prints could log in as anybody."""
    with pytest.raises(ConfigurationError, match="for development"):
        in_production(Outbox(echo=False), public_url=PUBLIC_URL)


@pytest.mark.parametrize("wanted", ["ask", "require"])
def test_verification_without_a_mailer_is_refused(wanted: str) -> None:
    """Nobody would ever get the link."""
    with pytest.raises(ConfigurationError, match="no mailer"):
        in_production(None, public_url=PUBLIC_URL, email_verification=wanted)


@pytest.mark.parametrize("url", ["app.example", "https://app.example/", "https://a/?x", "ftp://a"])
def test_a_public_url_has_one_spelling(url: str) -> None:
    """A path may follow it; nothing else."""
    with pytest.raises(ConfigurationError, match="public_url"):
        make_settings(public_url=url)
    assert make_settings(public_url="https://app.example/shop").public_url


async def test_an_outbox_prints_what_would_be_sent(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """On standard error, and it says that nobody gets it; never in a log."""
    outbox = Outbox()
    await outbox.send(Mail(to=EMAIL, kind=MailKind.RESET_PASSWORD, link="https://a#token=t"))
    await outbox.send(Mail(to=EMAIL, kind=MailKind.PASSWORD_CHANGED))
    said = capsys.readouterr().err
    assert "https://a#token=t" in said
    assert EMAIL in said
    assert "nobody will get them" in caplog.text
    assert EMAIL not in caplog.text
    assert [mail.kind for mail in outbox.mails] == [
        MailKind.RESET_PASSWORD,
        MailKind.PASSWORD_CHANGED,
    ]


def test_a_mail_shows_neither_its_address_nor_its_link() -> None:
    """Records end up in logs."""
    mail = Mail(to=EMAIL, kind=MailKind.RESET_PASSWORD, link="s3cret", context={"login": "ann"})
    assert repr(mail) == "Mail(kind=<MailKind.RESET_PASSWORD: 'reset_password'>)"


async def test_a_host_header_leads_no_link_astray() -> None:
    """Links come from the configuration alone."""
    async with opened(Pages(throttle_mails="10/hour")) as pages:
        await pages.register()
        for name in ("host", "x-forwarded-host", "origin", "referer", "forwarded"):
            answer = await pages.client.post(
                "/auth/password/forgot",
                json={"email": EMAIL},
                headers={name: "evil.example", "x-forwarded-proto": "http"},
            )
            assert answer.status_code == 202
            mail = await pages.post.only(pages.kit, MailKind.RESET_PASSWORD)
            assert (mail.link or "").startswith(f"{PUBLIC_URL}/reset-password#")


async def test_a_mail_server_that_fails_breaks_no_answer_and_is_counted() -> None:
    """The password is changed; the event names the failure, not the address."""
    sender = Sender(ConnectionError(f"no mailbox {EMAIL}"))
    async with opened(Pages(parts={"mailer": sender})) as pages:
        await pages.register()
        body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
        token = await pages.log_in()
        assert (await pages.send("/password/change", body, token=token)).status_code == 204
        assert (await pages.send("/password/forgot", {"email": EMAIL})).status_code == 202
        await pages.kit.accounts.drain()
        assert pages.kit.accounts.mail_failures == 2
        reasons = [event.reason for event in pages.heard.of(EventName.MAIL_FAILED)]
        assert reasons == ["ConnectionError"] * 2


async def test_users_without_an_address_are_a_mistake_that_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not a mail that never comes; the answer is as ever."""

    @dataclass
    class Nameless:
        id: str = "1"
        login: str = "ann"
        password_hash: str = "h"
        is_active: bool = True
        scopes: tuple[str, ...] = ()
        roles: tuple[str, ...] = ()
        permissions: tuple[str, ...] = ()

    class Forgetful(MemoryUserStore):
        async def find_by_email(self, email: str, /) -> Any:
            del email
            return Nameless()

    async with opened(Pages(parts={"users": Forgetful()})) as pages:
        assert (await pages.send("/password/forgot", {"email": EMAIL})).status_code == 202
        assert await pages.post.taken(pages.kit) == []
    assert "they have no `email`" in caplog.text


async def test_what_waits_is_sent_before_a_kit_stops() -> None:
    """A restart loses no mail that was promised."""
    house = House(parts={"mailer": (sender := Sender())})
    await house.kit.register(credentials(), email=EMAIL)
    await house.kit.accounts.request_reset(EMAIL)
    assert sender.mails == []
    await house.kit.stop()
    assert [mail.to for mail in sender.mails] == [EMAIL]


@pytest.mark.std(23)
@pytest.mark.attack(20)
async def test_no_address_no_password_and_no_token_is_in_a_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """At DEBUG, with the fields of the events, over all flows and their failures."""
    secrets = {PASSWORD, NEW_PASSWORD, EMAIL, "new@example.com"}
    with caplog.at_level(logging.DEBUG):
        async with opened(Pages(email_verification="ask")) as pages:
            await pages.register()
            verify = await pages.post.token(pages.kit, MailKind.VERIFY_EMAIL)
            await pages.send("/email/verify", {"token": verify})
            token = await pages.log_in()
            await pages.send(
                "/email/change", {"email": "new@example.com", "password": PASSWORD}, token=token
            )
            change = await pages.post.token(pages.kit, MailKind.CHANGE_EMAIL)
            reset = await pages.forgot()
            secrets |= {verify, token, change, reset}
            for _ in range(2):
                await pages.send("/email/change/confirm", {"token": change})
                await pages.reset(reset)
                await pages.reset(reset[:-4] + "AAAA")
                await pages.send("/password/forgot", {"email": EMAIL})
            await pages.kit.accounts.reauthenticate(
                "nobody", password=None, auth_time=int(pages.clock.now())
            )
            with pytest.raises(Exception, match="wrong_password"):
                await pages.kit.accounts.reauthenticate(
                    str(pages.heard.of(EventName.EMAIL_VERIFIED)[0].subject),
                    password=SecretStr(NEW_PASSWORD + "!"),
                    auth_time=None,
                )
    said = "\n".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    assert "authn_password_reset_request" in said
    found = {secret for secret in secrets if secret in said}
    assert found == set()
