"""Links used at once, and logins under way while an account changes: on every store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from fastapi_jwtkit.errors import (
    InvalidCredentialsError,
    InvalidLinkError,
    InvalidTokenError,
    JWTKitError,
)
from fastapi_jwtkit.kit import JWTKit
from fastapi_jwtkit.mail import MailKind
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from fastapi_jwtkit.protocols import User
from fastapi_jwtkit.stores.memory.users import MemoryUserStore
from fastapi_jwtkit.stores.sqlalchemy import LoopEngines
from fastapi_jwtkit.stores.sqlalchemy.users import SQLUserStore
from kits import PASSWORD, credentials
from mailed import PUBLIC_URL, Postbox
from shared_places import Place, place_of
from web_kits import make_settings

NEW = SecretStr("another rather long one")
MOMENTS = ("before the comparison", "before it is confirmed", "after it was confirmed")


class Held:
    """A user store in which one login can be held at a moment of it."""

    def __init__(self, users: Any) -> None:
        self._users = users
        self.moment = ""
        self.reached = asyncio.Event()
        self.go = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        """Be the store in everything else."""
        return getattr(self._users, name)

    async def find_by_login(self, login: str, /) -> User | None:
        """Read; a login is held before its password is compared."""
        user: User | None = await self._users.find_by_login(login)
        await self._hold(MOMENTS[0])
        return user

    async def find_by_id(self, user_id: str, /) -> User | None:
        """Read; a login is held before, or with what it has read."""
        await self._hold(MOMENTS[1])
        user: User | None = await self._users.find_by_id(user_id)
        await self._hold(MOMENTS[2])
        return user

    async def _hold(self, moment: str) -> None:
        if self.moment == moment:
            self.moment = ""
            self.reached.set()
            await self.go.wait()


class Scene:
    """A kit on a store, its users and its mails."""

    def __init__(self, users: Any, **settings: Any) -> None:
        self.users = Held(users)
        self.post = Postbox()
        self.kit = JWTKit(
            make_settings(public_url=PUBLIC_URL, email_verification="ask", **settings),
            users=self.users,
            mailer=self.post,
            hasher=PasslibHasher.cheap_for_tests(),
        )

    async def register(self, login: str) -> User:
        """Store a user with an address."""
        return await self.kit.register(credentials(login), email=f"{login}@example.com")

    async def reset_token(self, login: str) -> SecretStr:
        """Return the token of a link."""
        await self.kit.accounts.request_reset(f"{login}@example.com")
        return SecretStr(await self.post.token(self.kit, MailKind.RESET_PASSWORD))

    async def during_login(
        self, user: User, moment: str, act: Callable[[], Awaitable[object]]
    ) -> str:
        """Do something while a login is held, and return its access token; empty if refused."""
        self.users.reached, self.users.go = asyncio.Event(), asyncio.Event()
        self.users.moment = moment
        login = asyncio.create_task(self.kit.login(credentials(user.login)))
        await self.users.reached.wait()
        await act()
        self.users.go.set()
        try:
            return (await login).access_token
        except InvalidCredentialsError:
            return ""


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
    """Return a scene on each store."""
    if place is None:
        scene = Scene(MemoryUserStore())
        yield scene
        await scene.kit.stop()
        return
    engines = LoopEngines(place.users_url)
    users = SQLUserStore(engines)
    await users.create_tables()
    scene = Scene(users, store_url=place.store_url, realm=place.realm)
    await scene.kit.start()
    yield scene
    await scene.kit.stop()
    await engines.close()


async def is_dead(kit: JWTKit, token: str) -> bool:
    """Say whether an access token is refused."""
    try:
        await kit.verify(token)
    except InvalidTokenError:
        return True
    return False


@pytest.mark.std(98)
async def test_of_twenty_resets_by_one_link_one_gets_on(scene: Scene) -> None:
    """And its password is the one that holds."""
    await scene.register("ann")
    token = await scene.reset_token("ann")
    passwords = [SecretStr(f"a long password, number {number}") for number in range(20)]
    answers = await asyncio.gather(
        *(scene.kit.accounts.reset_password(token, new=each) for each in passwords),
        return_exceptions=True,
    )
    assert [type(each) for each in answers if each is not None] == [InvalidLinkError] * 19
    winner = passwords[answers.index(None)].get_secret_value()
    assert await scene.kit.login(credentials(password=winner))


@pytest.mark.std(98)
async def test_of_twenty_who_open_one_link_one_verifies(scene: Scene) -> None:
    """Nothing else would stop the others: the address is still the same."""
    await scene.register("ann")
    await scene.kit.accounts.request_verification("ann@example.com")
    token = SecretStr(await scene.post.token(scene.kit, MailKind.VERIFY_EMAIL))
    answers = await asyncio.gather(
        *(scene.kit.accounts.verify_email(token) for _ in range(20)), return_exceptions=True
    )
    assert [type(each) for each in answers if each is not None] == [InvalidLinkError] * 19


@pytest.mark.std(98)
async def test_of_twenty_who_open_one_link_one_changes_the_address(scene: Scene) -> None:
    """Once."""
    user = await scene.register("ann")
    await scene.kit.accounts.request_email_change(
        user.id, "new@example.com", password=SecretStr(PASSWORD)
    )
    token = SecretStr(await scene.post.token(scene.kit, MailKind.CHANGE_EMAIL))
    answers = await asyncio.gather(
        *(scene.kit.accounts.change_email(token) for _ in range(20)), return_exceptions=True
    )
    assert [type(each) for each in answers if each is not None] == [InvalidLinkError] * 19


@pytest.mark.std(21, 97, 103)
@pytest.mark.attack(10, 12)
async def test_a_login_under_way_does_not_survive_what_ends_the_account(scene: Scene) -> None:
    """Wherever it is: it is refused, or what it gets is dead."""
    accounts = scene.kit.accounts
    for number, moment in enumerate(MOMENTS):
        for what in ("change", "reset", "disable", "delete"):
            user = await scene.register(f"{what}{number}")
            await scene.post.taken(scene.kit)
            acts: dict[str, Callable[[], Awaitable[object]]] = {
                "disable": lambda user=user: accounts.disable(user.id),
                "delete": lambda user=user: accounts.delete(user.id),
                "change": lambda user=user: accounts.change_password(
                    user.id, current=SecretStr(PASSWORD), new=NEW
                ),
            }
            if what == "reset":
                token = await scene.reset_token(user.login)
                acts["reset"] = lambda token=token: accounts.reset_password(token, new=NEW)
            access = await scene.during_login(user, moment, acts[what])
            where = f"{what}, {moment}"
            assert not access or await is_dead(scene.kit, access), where
            assert await scene.kit.list_sessions(user.id) == [], where


@pytest.mark.std(97)
async def test_of_twenty_changes_of_one_password_one_gets_on(scene: Scene) -> None:
    """Each knew the password that held; the others did not know the next."""
    user = await scene.register("ann")
    here = await scene.kit.login(credentials())
    answers: list[JWTKitError | None] = await asyncio.gather(  # type: ignore[assignment]
        *(
            scene.kit.accounts.change_password(
                user.id,
                current=SecretStr(PASSWORD),
                new=SecretStr(f"a long password, number {number}"),
                keep_sid=here.session.sid,
            )
            for number in range(20)
        ),
        return_exceptions=True,
    )
    assert [type(each) for each in answers if each] == [InvalidCredentialsError] * 19
    winner = f"a long password, number {answers.index(None)}"
    assert not await is_dead(scene.kit, here.access_token)
    assert await scene.kit.login(credentials(password=winner))
