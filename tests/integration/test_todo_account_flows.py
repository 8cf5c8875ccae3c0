"""The whole life of an account with the todo application, on every store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from examples.todo.app.core.config import TodoSettings
from examples.todo.app.main import create_app
from fastapi_jwtkit import JWTKit, accounts_assembly
from fastapi_jwtkit.mail import MailKind
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from mailed import Postbox, token_of
from shared_places import place_of
from web_kits import bearer

FIRST, SECOND, THIRD = (f"the {number} rather long one" for number in ("first", "2nd", "3rd"))


class Person:
    """Somebody with a browser, a mailbox, and an account."""

    def __init__(self, client: httpx.AsyncClient, kit: JWTKit, post: Postbox) -> None:
        self.client = client
        self.kit = kit
        self.post = post

    async def auth(self, path: str, access: str = "", /, **body: Any) -> httpx.Response:
        """Call a route below ``/auth``."""
        headers = bearer(access) if access else {}
        return await self.client.post(f"/auth{path}", json=body, headers=headers)

    async def log_in(self, password: str) -> str:
        """Return an access token; empty if it was refused."""
        answer = await self.auth("/login", username="ada", password=password)
        token: str = answer.json().get("access_token", "")
        return token

    async def tasks(self, token: str) -> int:
        """Return how the application answers."""
        return (await self.client.get("/api/v1/tasks", headers=bearer(token))).status_code

    async def link(self, kind: MailKind) -> str:
        """Return the token of the mail that came."""
        return token_of(await self.post.only(self.kit, kind))


@pytest.fixture(params=["memory", "sqlite", "valkey", "postgresql"])
def settings(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TodoSettings]:
    """Return the settings of an application whose sessions are in each store."""
    monkeypatch.setenv("JWTKIT_ENV", "dev")
    monkeypatch.setenv("JWTKIT_DEV_DIRECTORY", str(tmp_path / "keys"))
    monkeypatch.setenv("JWTKIT_EMAIL_VERIFICATION", "ask")
    monkeypatch.setenv("JWTKIT_PUBLIC_URL", "https://todo.example")
    monkeypatch.setattr(accounts_assembly, "PasslibHasher", PasslibHasher.cheap_for_tests)
    if request.param == "memory":
        yield TodoSettings(database_url="sqlite+aiosqlite:///:memory:")
        return
    with place_of(request.param, request, tmp_path) as place:
        monkeypatch.setenv("JWTKIT_REALM", place.realm)
        if request.param == "valkey":
            monkeypatch.setenv("JWTKIT_STORE_URL", place.store_url)
        yield TodoSettings(database_url=place.users_url)


@pytest.fixture
async def ada(settings: TodoSettings) -> AsyncIterator[Person]:
    """Return ada, who has no account yet."""
    post = Postbox()
    app = create_app(settings, mailer=post)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://todo.test") as client:
            yield Person(client, app.state.kit, post)


@pytest.mark.std(21, 97, 98, 102, 103)
async def test_an_account_lives_and_ends(ada: Person) -> None:
    """Register, verify, change and reset the password, change the address, delete."""
    made = await ada.auth("/register", username="ada", password=FIRST, email="ada@example.com")
    assert (made.status_code, "id" in made.json()) == (202, False)
    token = await ada.link(MailKind.VERIFY_EMAIL)
    assert [(await ada.auth("/email/verify", token=token)).status_code for _ in "12"] == [204, 400]

    here, there = await ada.log_in(FIRST), await ada.log_in(FIRST)
    answer = await ada.auth("/password/change", here, current_password=FIRST, new_password=SECOND)
    assert answer.status_code == 204, answer.text
    assert [await ada.tasks(each) for each in (here, there)] == [200, 401]
    assert not await ada.log_in(FIRST)

    assert (await ada.auth("/password/forgot", email="ada@example.com")).status_code == 202
    token = await ada.link(MailKind.RESET_PASSWORD)
    there = await ada.log_in(SECOND)
    answer = await ada.auth("/password/reset", token=token, password=THIRD)
    assert answer.status_code == 204, answer.text
    assert [await ada.tasks(each) for each in (here, there)] == [401, 401]
    again = await ada.auth("/password/reset", token=token, password=FIRST)
    assert (again.status_code, again.json()["error_code"]) == (400, "invalid_link")

    here = await ada.log_in(THIRD)
    answer = await ada.auth("/email/change", here, email="new@example.com", password=THIRD)
    assert answer.status_code == 202
    token = await ada.link(MailKind.CHANGE_EMAIL)
    assert (await ada.auth("/email/change/confirm", token=token)).status_code == 204
    profile = await ada.client.get("/api/v1/profile", headers=bearer(here))
    assert profile.json()["email"] == "new@example.com"

    task = await ada.client.post("/api/v1/tasks", json={"title": "x"}, headers=bearer(here))
    assert task.status_code == 201
    answer = await ada.auth("/account/delete", here, password=THIRD)
    assert answer.status_code == 204, answer.text
    assert await ada.tasks(here) == 401
    assert not await ada.log_in(THIRD)


@pytest.mark.std(103)
async def test_whoever_is_disabled_is_out_and_comes_back(ada: Person) -> None:
    """By the kit's verb, as an administrator's tool would."""
    await ada.auth("/register", username="ada", password=FIRST, email="ada@example.com")
    await ada.kit.accounts.drain()
    token = await ada.log_in(FIRST)
    assert ada.kit.users is not None
    user = await ada.kit.users.find_by_login("ada")
    assert user is not None
    assert await ada.kit.accounts.disable(user.id)
    assert (await ada.tasks(token), await ada.log_in(FIRST)) == (401, "")
    assert await ada.kit.accounts.enable(user.id)
    assert await ada.tasks(await ada.log_in(FIRST)) == 200
