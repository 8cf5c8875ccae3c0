"""Defects that were found in other libraries by running them: passwords, mails, accounts.

See ``test_peer_defects.py``.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from account_pages import NEW_PASSWORD, Pages, opened, refused
from account_scenes import Scene
from fastapi_jwtkit.errors import InvalidGrantError, InvalidLinkError
from fastapi_jwtkit.mail import Mail, MailKind
from fastapi_jwtkit.stores.memory.users import MemoryUserStore
from fastapi_jwtkit.stores.sqlalchemy import LoopEngines
from fastapi_jwtkit.stores.sqlalchemy.users import SQLUserStore
from kits import House, credentials
from mailed import EMAIL
from password_doubles import HeldHasher, WatchedHasher
from shared_places import Place, place_of
from web_kits import PASSWORD

ANN = credentials("ann", PASSWORD)


@pytest.fixture
async def pages() -> AsyncIterator[Pages]:
    """Return an application in which ann has an account."""
    async with opened(Pages()) as pages:
        assert (await pages.register()).status_code == 201
        yield pages


@pytest.fixture(params=["memory", "sqlite", "valkey", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place | None]:
    """Return where sessions and users live; ``None`` for the memory of this process."""
    if request.param == "memory":
        yield None
        return
    with place_of(request.param, request, tmp_path) as place:
        yield place


@pytest.fixture
async def scene(place: Place | None) -> AsyncIterator[Scene]:
    """Return a kit with mail on each store."""
    if place is None:
        yield Scene(MemoryUserStore())
        return
    engines = LoopEngines(place.users_url)
    users = SQLUserStore(engines)
    await users.create_tables()
    scene = Scene(users, store_url=place.store_url, realm=place.realm)
    await scene.kit.start()
    yield scene
    await scene.kit.stop()
    await engines.close()


async def test_a_token_outlived_the_password_it_was_got_by(pages: Pages) -> None:
    """A thief who logged in before the change stayed in after it."""
    here, thief = await pages.log_in(), await pages.log_in()
    assert [await pages.lives(token) for token in (here, thief)] == [True, True]
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert (await pages.send("/password/change", body, token=here)).status_code == 204
    assert [await pages.lives(token) for token in (here, thief)] == [True, False]


async def test_a_reset_left_the_thief_in(pages: Pages) -> None:
    """Old access token and old refresh token went on as if nothing had happened."""
    thief = await pages.kit.login(ANN)
    assert await pages.lives(thief.access_token)
    assert (await pages.reset(await pages.forgot())).status_code == 204
    assert not await pages.lives(thief.access_token)
    with pytest.raises(InvalidGrantError):
        await pages.kit.rotate(thief.refresh_token)


async def test_one_link_of_a_mail_was_used_twice_at_once(scene: Scene) -> None:
    """Both were answered with success: what was read was not what was written."""
    await scene.register("ann")
    token = await scene.reset_token("ann")
    answers = await asyncio.gather(
        *(scene.kit.accounts.reset_password(token, new=SecretStr(NEW_PASSWORD)) for _ in "ab"),
        return_exceptions=True,
    )
    assert [type(each) for each in answers if each is not None] == [InvalidLinkError]
    await scene.kit.accounts.request_verification("ann@example.com")
    # The reset has verified the address already; another user's is still to be.
    await scene.register("bob")
    await scene.kit.accounts.request_verification("bob@example.com")
    link = SecretStr(await scene.post.token(scene.kit, MailKind.VERIFY_EMAIL))
    answers = await asyncio.gather(
        *(scene.kit.accounts.verify_email(link) for _ in "ab"), return_exceptions=True
    )
    assert [type(each) for each in answers if each is not None] == [InvalidLinkError]


async def test_hashing_stopped_the_event_loop() -> None:
    """Fifteen logins at once stopped every other request for two seconds."""
    hasher = WatchedHasher()
    house = House(parts={"hasher": hasher})
    await house.register()
    await asyncio.gather(*(house.kit.login(credentials()) for _ in range(3)))
    assert hasher.threads
    assert threading.current_thread().name not in hasher.threads
    # And while one is hashed nothing else waits.
    held = HeldHasher()
    busy = House(parts={"hasher": held})
    registering = asyncio.create_task(busy.register())
    await asyncio.to_thread(held.started.acquire)
    assert not registering.done()
    held.go.set()
    await registering


async def test_an_answer_by_address_took_longer_for_a_known_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The mail was written before the answer: 200 ms for a known address, 3 for another."""
    sent: list[Mail] = []

    class Mailer:
        async def send(self, mail: Mail, /) -> None:
            sent.append(mail)

    looked_up: list[str] = []

    class Users(MemoryUserStore):
        async def find_by_email(self, email: str, /) -> Any:
            looked_up.append(email)
            return await super().find_by_email(email)

    async with opened(Pages(parts={"mailer": Mailer(), "users": Users()})) as pages:
        held: list[Any] = []
        assert (await pages.register()).status_code == 201
        work = pages.kit.accounts._parts.post.work
        monkeypatch.setattr(work, "submit", held.append)
        answers = [
            await pages.send("/password/forgot", {"email": address})
            for address in (EMAIL, "nobody@example.com")
        ]
    assert (looked_up, sent) == ([], [])
    assert len(held) == 2
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].content == answers[1].content


@pytest.mark.parametrize("short", ["a", "14 characters."])
async def test_a_password_of_one_character_was_taken(pages: Pages, short: str) -> None:
    """At registration, at a change and by a reset alike."""
    body = {"current_password": PASSWORD, "new_password": short}
    login = {"username": "bob", "password": short, "email": "bob@example.com"}
    for answer in (
        await pages.send("/register", login),
        await pages.send("/password/change", body, token=await pages.log_in()),
        await pages.reset(await pages.forgot(), short),
    ):
        refused(answer, 422, "password_rejected")
    assert await pages.log_in()


async def test_a_password_changed_without_the_one_that_held(pages: Pages) -> None:
    """Whoever had a token for a minute had the account for good."""
    token = await pages.log_in()
    for body in (
        {"new_password": NEW_PASSWORD},
        {"current_password": "", "new_password": NEW_PASSWORD},
        {"current_password": NEW_PASSWORD, "new_password": NEW_PASSWORD},
    ):
        answer = await pages.send("/password/change", body, token=token)
        assert answer.status_code in {401, 422}
    for method in ("PATCH", "PUT", "POST"):
        answer = await pages.send("/me", {"password": NEW_PASSWORD}, token=token, method=method)
        assert answer.status_code == 405
    assert not await pages.log_in(password=NEW_PASSWORD)
    assert await pages.log_in()
