"""Whether an address is known: nothing that a stranger asks tells it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from account_pages import Pages, opened, refused
from fastapi_jwtkit.accounts import background
from fastapi_jwtkit.mail import MailKind
from fastapi_jwtkit.stores.memory.users import MemoryUserStore
from mailed import EMAIL
from password_doubles import WatchedHasher
from web_kits import PASSWORD


class WatchedUsers(MemoryUserStore):
    """A store that notes each verb that is called."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        """Note the verbs of the ports."""
        if name in {"find_by_login", "find_by_email", "find_by_id", "add", "set_email"}:
            self.asked.append(name)
        return super().__getattribute__(name)


class Watched:
    """Pages, and what their answers cost."""

    def __init__(self, **settings: Any) -> None:
        self.users = WatchedUsers()
        self.hasher = WatchedHasher()
        parts = {"users": self.users, "hasher": self.hasher}
        self.pages = Pages(parts=parts, **settings)

    async def ask(self, path: str, body: dict[str, str]) -> tuple[httpx.Response, list[str], int]:
        """Return the answer, and what store and hasher were asked until it came."""
        self.users.asked.clear()
        before = self.hasher.hashed
        # The client returns as soon as the last byte was sent.
        answer = await self.pages.send(path, body)
        return answer, list(self.users.asked), self.hasher.hashed - before


@pytest.fixture(params=[{"email_verification": "ask"}, {"login_is_email": True}])
async def watched(request: pytest.FixtureRequest) -> AsyncIterator[Watched]:
    """Return pages on which ann@example.com is known."""
    watched = Watched(**request.param)
    async with opened(watched.pages) as pages:
        assert (await pages.register(EMAIL, email=EMAIL)).status_code == 202
        await pages.post.taken(pages.kit)
        yield watched


def comparable(answer: httpx.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    """Return all that a stranger sees."""
    return answer.status_code, answer.content, sorted(answer.headers.items())


@pytest.mark.std(96)
@pytest.mark.attack(15)
@pytest.mark.parametrize("path", ["/password/forgot", "/email/verify-request"])
async def test_an_answer_by_address_is_given_before_anything_is_looked_up(
    watched: Watched, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Same status, body and headers, and the same work: none. The look-up comes after."""
    held = []
    monkeypatch.setattr(watched.pages.kit.accounts._parts.post.work, "submit", held.append)
    known = await watched.ask(path, {"email": EMAIL})
    unknown = await watched.ask(path, {"email": "nobody@example.com"})
    malformed = await watched.ask(path, {"email": "no address"})
    assert comparable(known[0]) == comparable(unknown[0]) == comparable(malformed[0])
    assert known[0].status_code == 202
    assert known[1:] == unknown[1:] == malformed[1:] == ([], 0)
    assert len(held) == 3


@pytest.mark.std(96)
@pytest.mark.attack(15)
async def test_a_registration_answers_alike_whether_the_login_is_taken(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One hash and no store in each; a mail tells the owner."""
    pages = watched.pages
    held: list[background.Job] = []
    monkeypatch.setattr(pages.kit.accounts._parts.post.work, "submit", held.append)
    answers = []
    for login in (EMAIL, "new@example.com"):
        body = {"username": login, "password": PASSWORD, "email": login}
        answers.append(await watched.ask("/register", body))
    assert comparable(answers[0][0]) == comparable(answers[1][0])
    assert answers[0][1:] == answers[1][1:] == ([], 1)
    for job in held:
        await job()
    mails = {(mail.kind, mail.to) for mail in pages.post.mails}
    assert (MailKind.ALREADY_REGISTERED, EMAIL) in mails
    assert await watched.users.find_by_login("new@example.com") is not None


async def test_who_asks_for_a_user_name_that_is_taken_is_told_by_mail() -> None:
    """At the address that they gave; the owner of the name is not bothered."""
    async with opened(Pages(email_verification="ask")) as pages:
        await pages.register()
        await pages.post.taken(pages.kit)
        answer = await pages.register(email="stranger@example.com")
        assert answer.status_code == 202
        (mail,) = await pages.post.taken(pages.kit)
        assert (mail.kind, mail.to, mail.link) == (
            MailKind.LOGIN_TAKEN,
            "stranger@example.com",
            None,
        )


@pytest.mark.std(96)
@pytest.mark.parametrize("path", ["/password/forgot", "/email/verify-request"])
async def test_a_line_that_is_full_is_full_for_everybody(
    watched: Watched, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused before anything is looked up, with the time to come again."""
    monkeypatch.setattr(background, "MAX_WAITING", 0)
    answers = [
        (await watched.ask(path, {"email": email}))[0] for email in (EMAIL, "nobody@example.com")
    ]
    assert comparable(answers[0]) == comparable(answers[1])
    refused(answers[0], 503, "temporarily_unavailable")
    assert int(answers[0].headers["retry-after"]) > 0


@pytest.mark.std(98)
async def test_whoever_claims_an_address_cannot_shadow_its_owner() -> None:
    """A reset goes to the account of whoever verified it (pre-hijacking)."""
    async with opened(Pages(email_verification="ask")) as pages:
        await pages.register()
        token = await pages.post.token(pages.kit, MailKind.VERIFY_EMAIL)
        await pages.send("/email/verify", {"token": token})
        await pages.register("mallory", email=EMAIL)
        await pages.post.taken(pages.kit)
        await pages.send("/password/forgot", {"email": EMAIL})
        mail = await pages.post.only(pages.kit, MailKind.RESET_PASSWORD)
        assert mail.context["login"] == "ann"
