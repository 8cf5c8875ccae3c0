"""Every user store that the package brings keeps the promises of the port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import pytest
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from fastapi_jwtkit.errors import LoginTakenError, StoreUnavailableError
from fastapi_jwtkit.protocols import RegisteringUserStore, User, UserStore
from fastapi_jwtkit.records import NewUser
from fastapi_jwtkit.stores.memory.users import MemoryUserStore
from fastapi_jwtkit.stores.sqlalchemy.users import SQLUserStore, UserColumns
from sql_databases import Database, postgres_database, sqlite_database

HASH = "h4sh"


class WholeUserStore(UserStore, RegisteringUserStore, Protocol):
    """A user store that takes new users and forgets old ones."""

    async def remove(self, user_id: str, /) -> bool:
        """Forget a user."""
        ...

    async def change(self, user_id: str, *, roles: set[str], is_active: bool) -> User | None:
        """Change a user."""
        ...


def new_user(login: str = "ann", password_hash: str = HASH) -> NewUser:
    """Return a registration."""
    return NewUser(
        login=login, password_hash=password_hash, email="a@x", scopes=frozenset({"b", "a"})
    )


class UserStoreContract:
    """Subclass it, give ``store``, and run."""

    async def test_a_user_is_found_by_login_and_by_id(self, store: WholeUserStore) -> None:
        """What was added comes back whole, and the hash stays out of its repr."""
        added = await store.add(new_user())
        for user in (added, await store.find_by_login("ann"), await store.find_by_id(added.id)):
            assert user is not None
            assert (user.id, user.login, user.password_hash) == (added.id, "ann", "h4sh")
            assert (user.scopes, user.roles, user.permissions) == ({"a", "b"}, set(), set())
            assert user.is_active
            assert "h4sh" not in repr(user)
        assert await store.find_by_login("bob") is None
        assert await store.find_by_id("bob") is None
        assert isinstance(store, RegisteringUserStore)

    @pytest.mark.attack(17)
    async def test_a_login_is_given_to_one_of_many_who_ask_at_once(
        self, store: WholeUserStore
    ) -> None:
        """The index decides, not a look-up before."""
        answers = await asyncio.gather(
            *(store.add(new_user(password_hash=f"h{n}")) for n in range(20)),
            return_exceptions=True,
        )
        refused = [answer for answer in answers if isinstance(answer, BaseException)]
        assert len(refused) == 19
        assert all(isinstance(answer, LoginTakenError) for answer in refused)

    @pytest.mark.attack(17)
    async def test_a_login_is_stored_in_its_canonical_spelling_alone(
        self, store: WholeUserStore
    ) -> None:
        """Any other could never log in."""
        for spelling in ("Ann", " ann", "", "x" * 255):
            with pytest.raises(ValueError, match="canonical"):
                await store.add(new_user(spelling))

    async def test_a_hash_is_replaced_only_where_it_is_the_expected_one(
        self, store: WholeUserStore
    ) -> None:
        """An upgrade loses against a password change; of many at once one wins."""
        user = await store.add(new_user())
        assert not await store.set_password_hash(user.id, "new", expected="other")
        assert not await store.set_password_hash(user.id, "new", expected=None)
        assert not await store.set_password_hash("nobody", "new", expected="h4sh")
        won = await asyncio.gather(
            *(store.set_password_hash(user.id, f"new{n}", expected="h4sh") for n in range(20))
        )
        assert sum(won) == 1
        found = await store.find_by_id(user.id)
        assert found is not None
        assert found.password_hash == f"new{won.index(True)}"

    async def test_an_id_is_never_given_twice(self, store: WholeUserStore) -> None:
        """Whoever takes the login of a removed user is somebody else."""
        ids: set[str] = set()
        for _ in range(10):
            user = await store.add(new_user())
            ids.add(user.id)
            assert await store.remove(user.id)
            assert not await store.remove(user.id)
            assert await store.find_by_id(user.id) is None
        assert len(ids) == 10

    async def test_what_is_changed_holds_at_the_next_read(self, store: WholeUserStore) -> None:
        """And only what was given is changed."""
        user = await store.add(new_user())
        await store.change(user.id, roles={"admin"}, is_active=False)
        found = await store.find_by_id(user.id)
        assert found is not None
        assert (found.roles, found.is_active, found.scopes) == ({"admin"}, False, {"a", "b"})
        assert await store.change("nobody", roles={"admin"}, is_active=False) is None


class TestMemoryUserStore(UserStoreContract):
    """In one process."""

    @pytest.fixture
    def store(self) -> MemoryUserStore:
        """Return an empty store."""
        return MemoryUserStore()


class SQLUserStoreContract(UserStoreContract):
    """What holds for SQL beside the port; a subclass gives the database."""

    @pytest.fixture
    def database(self) -> Database:
        """Return an empty database."""
        raise NotImplementedError

    @pytest.fixture
    def model(self, database: Database) -> type[UserColumns]:
        """Return a model of one's own, with a column of one's own."""

        class Table(DeclarativeBase):
            metadata = MetaData(schema=database.tables.sessions.schema)

        class Person(UserColumns, Table):
            __tablename__ = "people"
            city: Mapped[str] = mapped_column(server_default="Rome")

        return Person

    @pytest.fixture
    async def store(self, database: Database, model: type[UserColumns]) -> SQLUserStore:
        """Return an empty store."""
        store = SQLUserStore(database.engine, model=model)
        await asyncio.gather(*(store.create_tables() for _ in range(4)))
        return store

    async def test_a_row_has_the_columns_of_its_own_model(self, store: SQLUserStore) -> None:
        """A claim can be made of them."""
        for user in (await store.add(new_user()), await store.find_by_login("ann")):
            assert getattr(user, "city", None) == "Rome"

    async def test_a_broken_rule_of_ones_own_is_no_login_that_is_taken(
        self, database: Database
    ) -> None:
        """Nobody is told that a login is taken which is free."""

        class Table(DeclarativeBase):
            metadata = MetaData(schema=database.tables.sessions.schema)

        class OneBadge(UserColumns, Table):
            __tablename__ = "one_badge"
            badge: Mapped[int] = mapped_column(unique=True, default=1)

        store = SQLUserStore(database.engine, model=OneBadge)
        await store.create_tables()
        await store.add(new_user())
        with pytest.raises(StoreUnavailableError):
            await store.add(new_user("bob"))

    def test_a_model_takes_canonical_logins_only(self, model: type[UserColumns]) -> None:
        """Also where a row is made without the store."""
        with pytest.raises(ValueError, match="canonical"):
            model().login = "Ann"

    async def test_a_missing_table_is_a_store_that_does_not_answer(
        self, database: Database
    ) -> None:
        """And no user that does not exist: sessions would end."""
        with pytest.raises(StoreUnavailableError):
            await SQLUserStore(database.engine).find_by_login("ann")


class TestSQLiteUserStore(SQLUserStoreContract):
    """In a file."""

    @pytest.fixture
    async def database(self, tmp_path: Path) -> AsyncIterator[Database]:  # type: ignore[override]
        """Return an empty database."""
        async with sqlite_database(tmp_path) as database:
            yield database


class TestPostgreSQLUserStore(SQLUserStoreContract):
    """On a real server."""

    @pytest.fixture
    async def database(self, postgres_url: str) -> AsyncIterator[Database]:  # type: ignore[override]
        """Return an empty database."""
        async with postgres_database(postgres_url) as database:
            yield database
