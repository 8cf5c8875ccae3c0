"""Passwords changed and reset over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from account_pages import NEW_PASSWORD, Pages, opened, refused
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.mail import MailKind
from mailed import EMAIL, PUBLIC_URL, token_of
from web_kits import PASSWORD


@pytest.fixture
async def pages() -> AsyncIterator[Pages]:
    """Return an application in which ann has an account."""
    async with opened(Pages()) as pages:
        assert (await pages.register()).status_code == 201
        yield pages


def change(current: str = PASSWORD, new: str = NEW_PASSWORD) -> dict[str, str]:
    """Return the body that changes a password."""
    return {"current_password": current, "new_password": new}


@pytest.mark.std(21, 97)
@pytest.mark.attack(10)
async def test_a_change_ends_the_other_sessions_and_keeps_this_one(pages: Pages) -> None:
    """Their access tokens are dead at once; the old password is."""
    here, there = await pages.log_in(), await pages.log_in()
    answer = await pages.send("/password/change", change(), token=here)
    assert (answer.status_code, answer.content) == (204, b"")
    assert [await pages.lives(token) for token in (here, there)] == [True, False]
    assert not await pages.log_in()
    assert await pages.log_in(password=NEW_PASSWORD)
    (event,) = pages.heard.of(EventName.PASSWORD_CHANGED)
    assert (event.detail["how"], event.outcome) == ("change", True)


@pytest.mark.std(100)
async def test_a_change_is_told_to_the_owner(pages: Pages) -> None:
    """By a mail without a link (ASVS 6.3.7)."""
    await pages.send("/password/change", change(), token=await pages.log_in())
    mail = await pages.post.only(pages.kit, MailKind.PASSWORD_CHANGED)
    assert (mail.to, mail.link, dict(mail.context)) == (EMAIL, None, {"login": "ann"})


@pytest.mark.std(97, 107)
async def test_a_change_needs_the_password_that_holds(pages: Pages) -> None:
    """A stolen access token is not enough."""
    here, there = await pages.log_in(), await pages.log_in()
    refused(
        await pages.send("/password/change", change("a wrong one, and long"), token=here),
        401,
        "invalid_credentials",
    )
    assert await pages.lives(there)
    assert await pages.log_in()
    (event,) = pages.heard.of(EventName.PASSWORD_CHANGE_FAILED)
    assert (event.reason, event.outcome) == ("wrong_password", False)
    refused(await pages.send("/password/change", change()), 401, "not_authenticated")


@pytest.mark.std(93)
async def test_a_new_password_keeps_the_rules(pages: Pages) -> None:
    """And says why it does not; nothing has changed."""
    here, there = await pages.log_in(), await pages.log_in()
    refused(
        await pages.send("/password/change", change(new="short"), token=here),
        422,
        "password_rejected",
    )
    assert await pages.lives(there)


@pytest.mark.std(98)
@pytest.mark.attack(17)
async def test_whoever_forgot_the_password_gets_a_link_to_the_stored_address(
    pages: Pages,
) -> None:
    """It begins with the configured URL, and its token is where no server sees it."""
    answer = await pages.send("/password/forgot", {"email": " \uff21nn@Example.COM "})
    assert answer.status_code == 202
    mail = await pages.post.only(pages.kit, MailKind.RESET_PASSWORD)
    assert mail.to == EMAIL
    assert mail.link is not None
    assert mail.link.startswith(f"{PUBLIC_URL}/reset-password#token=ey")
    assert dict(mail.context) == {"login": "ann", "minutes": "30"}
    assert (await pages.reset(token_of(mail))).status_code == 204


@pytest.mark.std(21, 98)
@pytest.mark.attack(10)
async def test_a_reset_ends_every_session_and_every_access_token(pages: Pages) -> None:
    """Whoever took the account over is out."""
    here, there = await pages.log_in(), await pages.log_in()
    assert (await pages.reset(await pages.forgot())).status_code == 204
    assert [await pages.lives(token) for token in (here, there)] == [False, False]
    assert not await pages.log_in()
    assert await pages.log_in(password=NEW_PASSWORD)
    (event,) = pages.heard.of(EventName.PASSWORD_CHANGED)
    assert event.detail["how"] == "reset"
    assert (await pages.post.only(pages.kit, MailKind.PASSWORD_CHANGED)).to == EMAIL


@pytest.mark.std(98)
async def test_a_link_works_once(pages: Pages) -> None:
    """And a second link that went out before is dead with the password it was bound to."""
    first, second = await pages.forgot(), await pages.forgot()
    assert (await pages.reset(first)).status_code == 204
    for token in (first, second):
        refused(await pages.reset(token, "yet another long one"), 400, "invalid_link")
    assert await pages.log_in(password=NEW_PASSWORD)
    assert {event.reason for event in pages.heard.of(EventName.LINK_REFUSED)} == {"overtaken"}


@pytest.mark.std(98)
async def test_a_link_is_over_after_half_an_hour(pages: Pages) -> None:
    """As its mail says."""
    token = await pages.forgot()
    pages.clock.step(1_800)
    refused(await pages.reset(token), 400, "invalid_link")


@pytest.mark.std(98)
@pytest.mark.parametrize("what", ["password", "email", "disabled", "removed"])
async def test_a_link_is_overtaken_by_what_happens_to_the_account(pages: Pages, what: str) -> None:
    """It was made for the account as it was."""
    token = await pages.forgot()
    user = await pages.users.find_by_login("ann")
    assert user is not None
    match what:
        case "password":
            await pages.send("/password/change", change(), token=await pages.log_in())
        case "email":
            assert await pages.users.set_email(user.id, "new@example.com", expected=EMAIL)
        case "disabled":
            assert await pages.kit.accounts.disable(user.id)
        case _:
            assert await pages.kit.accounts.delete(user.id)
    refused(await pages.reset(token, "yet another long one"), 400, "invalid_link")


async def test_a_password_that_is_refused_costs_no_link(pages: Pages) -> None:
    """What fails before the hash is written spends nothing."""
    token = await pages.forgot()
    refused(await pages.reset(token, "short"), 422, "password_rejected")
    assert (await pages.reset(token)).status_code == 204


@pytest.mark.std(96)
@pytest.mark.parametrize("email", ["nobody@example.com", "no address", "ann", "\x00@\ud800"])
async def test_an_address_that_is_nobodys_gets_no_mail(pages: Pages, email: str) -> None:
    """And the same answer."""
    await pages.kit.accounts.request_reset(email)
    assert await pages.post.taken(pages.kit) == []
    (event,) = pages.heard.of(EventName.RESET_REQUESTED)
    assert (event.outcome, event.reason) == (False, "unknown_email")


@pytest.mark.parametrize("what", ["disabled", "no_password"])
async def test_an_account_that_no_password_opens_gets_no_link(pages: Pages, what: str) -> None:
    """A link would make a way in where there is none."""
    user = await pages.users.find_by_login("ann")
    assert user is not None
    if what == "disabled":
        await pages.kit.accounts.disable(user.id)
    else:
        await pages.users.set_password_hash(user.id, "", expected=user.password_hash)
    await pages.kit.accounts.request_reset(EMAIL)
    assert await pages.post.taken(pages.kit) == []
    assert pages.heard.of(EventName.RESET_REQUESTED)[0].reason == what


async def test_whoever_opened_the_mail_has_shown_that_the_address_is_theirs(pages: Pages) -> None:
    """So the one reset verifies it as well."""
    assert (await pages.reset(await pages.forgot())).status_code == 204
    user = await pages.users.find_by_login("ann")
    assert user is not None
    assert user.email_verified
