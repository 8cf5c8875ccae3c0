"""The application's users table behind the kit's port."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest

from examples.todo.app.core.database import Database, shown_url
from examples.todo.app.schemas.profile import ProfileChanges
from examples.todo.app.services.profile_service import ProfileService
from examples.todo.app.services.user_store import SqlUserStore
from examples.todo.tests.below import Services
from fastapi_jwtkit import Principal
from fastapi_jwtkit.errors import InvalidTokenError, LoginTakenError, StoreUnavailableError
from fastapi_jwtkit.protocols import RegisteringUserStore, UserStore
from fastapi_jwtkit.records import NewUser


def new(login: str = "ada") -> NewUser:
    """Return a user about to be stored."""
    return NewUser(login=login, password_hash="first", scopes=frozenset({"tasks:read"}))


async def test_the_store_has_the_shape_of_the_port(services: Services) -> None:
    """No class of the kit is inherited."""
    store: UserStore = services.users
    assert isinstance(store, RegisteringUserStore)


async def test_a_stored_user_is_found_by_login_and_by_id(services: Services) -> None:
    """As plain data, the same both ways, and its repr holds no hash."""
    user = await services.users.add(new())
    assert await services.users.find_by_login("ada") == user
    assert await services.users.find_by_id(user.id) == user
    assert await services.users.find_by_login("eve") is None
    assert await services.users.find_by_id("1") is None
    assert (user.is_active, user.scopes, user.roles) == (
        True,
        frozenset({"tasks:read"}),
        frozenset(),
    )
    assert "first" not in repr(user)


@pytest.mark.spec("P-9")
async def test_of_ten_who_register_one_login_at_once_one_gets_it(services: Services) -> None:
    """The unique index decides, not a look-up before the insert."""
    answers = await asyncio.gather(
        *(services.users.add(new()) for _ in range(10)), return_exceptions=True
    )
    assert sum(isinstance(answer, LoginTakenError) for answer in answers) == 9


@pytest.mark.spec("P-10")
async def test_ids_are_random_and_not_counted(services: Services) -> None:
    """A counter would give the newest user's id again after they were removed."""
    ids = [(await services.users.add(new(f"user{number}"))).id for number in range(5)]
    assert len(set(ids)) == 5
    assert all(len(user_id) == 36 for user_id in ids)


@pytest.mark.spec("P-11")
async def test_of_ten_who_change_one_hash_one_wins(services: Services) -> None:
    """Compare and set, in one statement; a missing user and a missing hash included."""
    user = await services.users.add(new())
    won = await asyncio.gather(
        *(
            services.users.set_password_hash(user.id, f"hash {number}", expected="first")
            for number in range(10)
        )
    )
    assert won.count(True) == 1
    assert not await services.users.set_password_hash(user.id, "second", expected=None)
    assert not await services.users.set_password_hash("nobody", "second", expected=None)


async def test_an_admin_keeps_what_they_had(services: Services) -> None:
    """The scope and the role are added, once."""
    user = await services.users.add(new())
    assert not await services.users.has_admin()
    for _ in range(2):
        await services.users.make_admin(user.id)
    admin = await services.users.find_by_id(user.id)
    assert admin is not None
    assert admin.scopes == {"tasks:read", "tasks:admin"}
    assert admin.roles == {"admin"}
    assert await services.users.has_admin()


@pytest.mark.spec("P-13")
async def test_a_database_that_cannot_answer_is_said_to_be_unavailable(tmp_path: Path) -> None:
    """Not a user who does not exist: that would be an answer."""
    # It opens and knows no table: aiosqlite ends the thread of a file that cannot be
    # opened at a moment of its own, and so at times after the loop of this test.
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}")
    store = SqlUserStore(database.sessions)
    for attempt in (
        store.find_by_login("ada"),
        store.find_by_id("1"),
        store.add(new()),
        store.set_password_hash("1", "x", expected=None),
        store.make_admin("1"),
    ):
        with pytest.raises(StoreUnavailableError):
            await attempt
    await database.close()


async def test_the_database_file_is_its_owners_alone(tmp_path: Path) -> None:
    """It holds password hashes."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'data' / 'todo.db'}")
    await database.create_tables()
    await SqlUserStore(database.sessions).add(new())
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "data").iterdir()}
    await database.close()
    assert modes == {0o600}


def test_a_printed_database_url_has_no_password() -> None:
    """A banner ends up in logs."""
    assert "hunter2" not in shown_url("postgresql+asyncpg://ada:hunter2@db/todo")


@pytest.mark.spec("P-2", "P-3", "P-7")
async def test_a_profile_change_touches_the_callers_own_row_only(services: Services) -> None:
    """There is nothing to name another one with."""
    profiles = ProfileService(services.database.sessions)
    ada, eve = await services.person("ada"), await services.person("eve")
    await profiles.change(ada, ProfileChanges(display_name="Ada"))
    changed = await profiles.change(ada, ProfileChanges(time_zone="Europe/Berlin"))
    assert (changed.display_name, changed.time_zone) == ("Ada", "Europe/Berlin")
    other = await profiles.find(eve)
    assert (other.display_name, other.time_zone) == (None, "UTC")


@pytest.mark.spec("T-42")
async def test_a_profile_of_an_account_that_is_gone_is_refused(services: Services) -> None:
    """Both to read and to change."""
    profiles = ProfileService(services.database.sessions)
    nobody = Principal(subject="nobody")
    with pytest.raises(InvalidTokenError):
        await profiles.find(nobody)
    with pytest.raises(InvalidTokenError):
        await profiles.change(nobody, ProfileChanges(display_name="Ada"))
