"""Addresses over HTTP: registered, verified, changed."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from account_pages import NEW_PASSWORD, Pages, opened, refused
from fastapi_jwtkit.errors import InvalidLinkError
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.mail import Mail, MailKind
from fastapi_jwtkit.stores.memory.users import MemoryUser
from kits import credentials
from mailed import EMAIL, token_of
from web_kits import PASSWORD

NEW = "new@example.com"


@pytest.fixture
async def pages() -> AsyncIterator[Pages]:
    """Return an application that asks for verification, in which ann has an account."""
    async with opened(Pages(email_verification="ask")) as pages:
        assert (await pages.register()).status_code == 202
        yield pages


async def ann(pages: Pages, login: str = "ann") -> MemoryUser:
    """Return ann as the store has her."""
    user = await pages.users.find_by_login(login)
    assert user is not None
    return user


async def ask_change(pages: Pages, token: str, email: str = NEW, **body: str) -> list[Mail]:
    """Ask for another address, and return the mails."""
    answer = await pages.send(
        "/email/change", {"email": email, "password": PASSWORD, **body}, token=token
    )
    assert answer.status_code == 202, answer.text
    return await pages.post.taken(pages.kit)


async def test_whoever_registers_gets_a_link_that_verifies(pages: Pages) -> None:
    """Once; the mail tells for how long."""
    mail = await pages.post.only(pages.kit, MailKind.VERIFY_EMAIL)
    assert (mail.to, dict(mail.context)) == (EMAIL, {"login": "ann", "minutes": "1440"})
    assert not (await ann(pages)).email_verified
    body = {"token": token_of(mail)}
    answer = await pages.send("/email/verify", body)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await ann(pages)).email_verified
    refused(await pages.send("/email/verify", body), 400, "invalid_link")
    assert len(pages.heard.of(EventName.EMAIL_VERIFIED)) == 1


async def test_another_link_can_be_asked_for_until_it_is_verified(pages: Pages) -> None:
    """One answer in every case."""
    await pages.post.taken(pages.kit)
    answers = [await pages.send("/email/verify-request", {"email": EMAIL})]
    token = await pages.post.token(pages.kit, MailKind.VERIFY_EMAIL)
    assert (await pages.send("/email/verify", {"token": token})).status_code == 204
    for email in (EMAIL, "nobody@example.com", "no address"):
        answers.append(await pages.send("/email/verify-request", {"email": email}))
        assert await pages.post.taken(pages.kit) == []
    assert {(answer.status_code, answer.content) for answer in answers} == {
        (202, answers[0].content)
    }


@pytest.mark.std(98)
async def test_a_link_verifies_the_address_that_it_went_to(pages: Pages) -> None:
    """Not the one that the account has by then; and not for ever."""
    token = await pages.post.token(pages.kit, MailKind.VERIFY_EMAIL)
    user = await ann(pages)
    pages.users._users[user.id] = MemoryUser(
        id=user.id, login="ann", email=NEW, password_hash=user.password_hash
    )
    refused(await pages.send("/email/verify", {"token": token}), 400, "invalid_link")
    assert not (await ann(pages)).email_verified
    await pages.kit.accounts.request_verification(NEW)
    late = await pages.post.token(pages.kit, MailKind.VERIFY_EMAIL)
    pages.clock.step(86_400)
    refused(await pages.send("/email/verify", {"token": late}), 400, "invalid_link")


async def test_where_it_is_required_nobody_logs_in_before() -> None:
    """And nobody is told why: it would tell that the password is right."""
    async with opened(Pages(email_verification="require")) as pages:
        await pages.register()
        token = await pages.post.token(pages.kit, MailKind.VERIFY_EMAIL)
        assert not await pages.log_in()
        assert pages.heard.of(EventName.LOGIN_FAILED)[0].reason == "email_unverified"
        assert (await pages.send("/email/verify", {"token": token})).status_code == 204
        assert await pages.log_in()


async def test_verification_needs_an_address(pages: Pages) -> None:
    """One that can be one."""
    for email in (None, "", "ann", "a@b@c", "a b@example.com", "a@example.com>\r\nBcc: x@y"):
        refused(await pages.register("bob", email=email), 422, "email_rejected")


@pytest.mark.std(107)
async def test_an_address_changes_once_the_link_to_the_new_one_is_opened(pages: Pages) -> None:
    """The old one is told twice: that it was asked for, and that it is done."""
    await pages.post.taken(pages.kit)
    token = await pages.log_in()
    link, notice = await ask_change(pages, token)
    assert (link.kind, link.to) == (MailKind.CHANGE_EMAIL, NEW)
    assert (notice.kind, notice.to, notice.link) == (MailKind.EMAIL_CHANGE_ASKED, EMAIL, None)
    assert (await ann(pages)).email == EMAIL
    body = {"token": token_of(link)}
    assert (await pages.send("/email/change/confirm", body)).status_code == 204
    user = await ann(pages)
    assert (user.email, user.email_verified) == (NEW, True)
    told = await pages.post.only(pages.kit, MailKind.EMAIL_CHANGED)
    assert (told.to, told.link) == (EMAIL, None)
    assert await pages.lives(token)
    refused(await pages.send("/email/change/confirm", body), 400, "invalid_link")
    names = (EventName.EMAIL_CHANGE_REQUESTED, EventName.EMAIL_CHANGED)
    assert [len(pages.heard.of(name)) for name in names] == [1, 1]


@pytest.mark.std(107)
async def test_a_change_of_address_needs_the_password(pages: Pages) -> None:
    """However young the login is: whoever has the address has the account."""
    await pages.post.taken(pages.kit)
    token = await pages.log_in()
    for body in ({"email": NEW}, {"email": NEW, "password": "wrong, wrong, wrong"}):
        answer = await pages.send("/email/change", body, token=token)
        refused(answer, 401, "invalid_credentials")
    refused(await pages.send("/email/change", {"email": NEW}), 401, "not_authenticated")
    body = {"email": "no address", "password": PASSWORD}
    refused(await pages.send("/email/change", body, token=token), 422, "email_rejected")
    assert await pages.post.taken(pages.kit) == []
    reasons = {event.reason for event in pages.heard.of(EventName.REAUTHENTICATION_FAILED)}
    assert reasons == {"password_missing", "wrong_password"}


async def test_a_user_without_a_password_needs_a_recent_login(pages: Pages) -> None:
    """There is nothing else that they could prove anew."""
    user = await ann(pages)
    await pages.users.set_password_hash(user.id, "", expected=user.password_hash)
    await pages.post.taken(pages.kit)
    pair = await pages.kit.open_session(user, amr=("swk",))
    assert (
        await pages.send("/email/change", {"email": NEW}, token=pair.access_token)
    ).status_code == 202
    pages.clock.step(599)
    late = (await pages.kit.rotate(pair.refresh_token)).access_token
    pages.clock.step(1)
    answer = await pages.send("/email/change", {"email": NEW}, token=late)
    refused(answer, 401, "reauthentication_required")
    challenge = 'Bearer error="insufficient_user_authentication", max_age="600"'
    assert answer.headers["www-authenticate"] == challenge


@pytest.mark.std(98)
async def test_a_thiefs_link_dies_when_the_owner_takes_the_account_back(pages: Pages) -> None:
    """It is bound to the password that held when it was made."""
    await pages.post.taken(pages.kit)
    link, _ = await ask_change(pages, await pages.log_in(), "thief@example.com")
    assert (await pages.reset(await pages.forgot())).status_code == 204
    answer = await pages.send("/email/change/confirm", {"token": token_of(link)})
    refused(answer, 400, "invalid_link")
    assert (await ann(pages)).email == EMAIL
    assert await pages.log_in(password=NEW_PASSWORD)


async def test_of_two_changes_the_later_link_is_overtaken(pages: Pages) -> None:
    """It was made while the old address held."""
    await pages.post.taken(pages.kit)
    token = await pages.log_in()
    first, _ = await ask_change(pages, token)
    second, _ = await ask_change(pages, token, "other@example.com")
    for mail, status in ((first, 204), (second, 400)):
        answer = await pages.send("/email/change/confirm", {"token": token_of(mail)})
        assert answer.status_code == status


class TestLoginsThatAreAddresses:
    """``login_is_email``: the login moves with the address."""

    @pytest.fixture
    async def pages(self) -> AsyncIterator[Pages]:
        """Return an application in which ann has an account."""
        async with opened(Pages(login_is_email=True)) as pages:
            assert (await pages.register(EMAIL, email=None)).status_code == 202
            await pages.kit.accounts.drain()
            yield pages

    async def test_the_login_is_the_address(self, pages: Pages) -> None:
        """Whatever else was sent as one; and what is no address is no login."""
        answer = await pages.register("bob@example.com", email="ann@other.example")
        assert answer.status_code == 202
        await pages.kit.accounts.drain()
        assert (await ann(pages, "bob@example.com")).email == "bob@example.com"
        refused(await pages.register("carol"), 422, "login_rejected")

    async def test_a_change_moves_the_login(self, pages: Pages) -> None:
        """The old one logs nobody in any more."""
        token = await pages.log_in(EMAIL)
        link, _ = await ask_change(pages, token)
        answer = await pages.send("/email/change/confirm", {"token": token_of(link)})
        assert answer.status_code == 204
        assert not await pages.log_in(EMAIL)
        assert await pages.log_in(NEW)
        assert await pages.lives(token)

    async def test_an_address_that_is_somebodys_login_cannot_be_taken(self, pages: Pages) -> None:
        """The answer to asking does not tell; the link is no good."""
        await pages.register(NEW, email=None)
        await pages.kit.accounts.drain()
        link, _ = await ask_change(pages, await pages.log_in(EMAIL))
        answer = await pages.send("/email/change/confirm", {"token": token_of(link)})
        refused(answer, 400, "invalid_link")
        assert await pages.log_in(EMAIL)

    async def test_a_reset_finds_the_login(self, pages: Pages) -> None:
        """There is one of it, verified or not."""
        assert (await pages.reset(await pages.forgot())).status_code == 204
        assert await pages.log_in(EMAIL, NEW_PASSWORD)


@pytest.mark.std(95)
async def test_requests_that_mail_nothing_do_not_stop_a_recovery(pages: Pages) -> None:
    """A stranger asks to verify what is verified; its owner has forgotten the password."""
    token = SecretStr(await pages.post.token(pages.kit, MailKind.VERIFY_EMAIL))
    await pages.kit.accounts.verify_email(token)
    for _ in range(4):
        await pages.send("/email/verify-request", {"email": EMAIL})
    assert await pages.post.taken(pages.kit) == []
    assert await pages.forgot()


async def test_an_address_that_somebody_verified_is_taken_over_by_nobody_else(pages: Pages) -> None:
    """Though its owner opens the link that a stranger asked for: their recovery has to go on."""
    token = SecretStr(await pages.post.token(pages.kit, MailKind.VERIFY_EMAIL))
    await pages.kit.accounts.verify_email(token)
    mal = await pages.kit.register(credentials("mal", PASSWORD), email="mal@example.com")
    await pages.kit.accounts.request_email_change(mal.id, EMAIL, password=SecretStr(PASSWORD))
    (mail,) = [m for m in await pages.post.taken(pages.kit) if m.kind is MailKind.CHANGE_EMAIL]
    with pytest.raises(InvalidLinkError):
        await pages.kit.accounts.change_email(SecretStr(token_of(mail)))
    assert await pages.forgot()
