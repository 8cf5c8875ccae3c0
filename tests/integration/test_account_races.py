"""Links used at once, and logins under way while an account changes: on every store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from account_scenes import ENDS, MOMENTS, NEW, Scene
from fastapi_jwtkit.errors import (
    InvalidCredentialsError,
    InvalidLinkError,
    InvalidTokenError,
    JWTKitError,
)
from fastapi_jwtkit.kit import JWTKit
from fastapi_jwtkit.mail import Mail, MailKind
from fastapi_jwtkit.protocols import User
from fastapi_jwtkit.stores.memory.users import MemoryUserStore
from fastapi_jwtkit.stores.sqlalchemy import LoopEngines
from fastapi_jwtkit.stores.sqlalchemy.users import SQLUserStore
from kits import PASSWORD, credentials
from shared_places import Place, place_of


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


async def no_sessions(kit: JWTKit, user: User) -> bool:
    """Say whether a user has none."""
    return await kit.list_sessions(user.id) == []


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what goes on without its caller."""
    async with asyncio.timeout(20):
        while not await holds():  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.01)


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
    for number, moment in enumerate(MOMENTS):
        for what in ENDS:
            user = await scene.register(f"{what}{number}")
            act = (await scene.acts_on(user))[what]
            access = await scene.during_login(user, moment, act)
            where = f"{what}, {moment}"
            assert not access or await is_dead(scene.kit, access), where
            assert await scene.kit.list_sessions(user.id) == [], where


@pytest.mark.std(21, 97, 103)
@pytest.mark.attack(10, 12)
async def test_a_login_that_comes_just_before_the_write_does_not_survive_it(scene: Scene) -> None:
    """After the sessions were ended for the first time: so they are ended once more."""
    for what in ENDS:
        user = await scene.register(what)
        act = (await scene.acts_on(user))[what]
        tokens: list[str] = []

        async def log_in(login: str = user.login, tokens: list[str] = tokens) -> None:
            tokens.append((await scene.kit.login(credentials(login))).access_token)

        assert await scene.held_before_its_write(act, log_in) is None, what
        assert await is_dead(scene.kit, tokens[0]), what
        assert await scene.kit.list_sessions(user.id) == [], what


@pytest.mark.std(97, 103)
async def test_whoever_hangs_up_half_way_leaves_no_session_behind(scene: Scene) -> None:
    """What was begun is finished without them."""
    for what in ENDS:
        user = await scene.register(what)
        act = (await scene.acts_on(user))[what]
        tokens: list[str] = []

        async def meanwhile(login: str = user.login, tokens: list[str] = tokens) -> None:
            tokens.append((await scene.kit.login(credentials(login))).access_token)
            scene.acting.cancel()
            await asyncio.wait({scene.acting})

        gone = await scene.held_before_its_write(act, meanwhile)
        assert isinstance(gone, asyncio.CancelledError), what
        await until(lambda token=tokens[0]: is_dead(scene.kit, token))
        await until(lambda user=user: no_sessions(scene.kit, user))
        if what in {"change", "reset"}:
            assert await scene.post.only(scene.kit, MailKind.PASSWORD_CHANGED)
        with pytest.raises(InvalidCredentialsError):
            await scene.kit.login(credentials(what))


@pytest.mark.std(100)
async def test_whoever_hangs_up_does_not_keep_a_new_address_from_the_owner(scene: Scene) -> None:
    """The one who opens the link may be a thief."""
    user = await scene.register("ann")
    await scene.kit.accounts.request_email_change(
        user.id, "thief@example.com", password=SecretStr(PASSWORD)
    )
    token = SecretStr(await scene.post.token(scene.kit, MailKind.CHANGE_EMAIL))

    async def hang_up() -> None:
        scene.acting.cancel()
        await asyncio.wait({scene.acting})

    gone = await scene.held_before_its_write(
        lambda: scene.kit.accounts.change_email(token), hang_up
    )
    assert isinstance(gone, asyncio.CancelledError)
    mails: list[Mail] = []

    async def told() -> bool:
        mails.extend(await scene.post.taken(scene.kit))
        return bool(mails)

    await until(told)
    assert [(mail.kind, mail.to) for mail in mails] == [(MailKind.EMAIL_CHANGED, "ann@example.com")]


@pytest.mark.std(98)
async def test_a_reset_loses_against_a_change_that_came_just_before_its_write(
    scene: Scene,
) -> None:
    """The password that was set last by its owner holds."""
    user = await scene.register("ann")
    acts = await scene.acts_on(user)
    lost = await scene.held_before_its_write(acts["reset"], acts["change"])
    assert isinstance(lost, InvalidLinkError)
    assert lost.reason == "overtaken"


@pytest.mark.std(98)
async def test_a_link_that_was_used_stays_used_if_the_old_password_comes_back(
    scene: Scene,
) -> None:
    """As after a restored backup: its id was consumed, whatever the hash says."""
    user = await scene.register("ann")
    token = await scene.reset_token("ann")
    await scene.kit.accounts.reset_password(token, new=NEW)
    now = await scene.kit.find_user(user.id)
    assert now is not None
    old_hash, new_hash = user.password_hash or "", now.password_hash
    assert await scene.users.set_password_hash(user.id, old_hash, expected=new_hash)
    with pytest.raises(InvalidLinkError, match="used"):
        await scene.kit.accounts.reset_password(token, new=NEW)


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


@pytest.mark.std(106)
async def test_of_many_logins_at_once_the_limit_stays(scene: Scene) -> None:
    """Whoever looks last sees them all; each that was ended is dead."""
    user = await scene.register("ann")
    pairs = await asyncio.gather(*(scene.kit.login(credentials()) for _ in range(8)))
    lives = {session.sid for session in await scene.kit.list_sessions(user.id)}
    assert 1 <= len(lives) <= 3
    for pair in pairs:
        assert await is_dead(scene.kit, pair.access_token) is (pair.session.sid not in lives)
