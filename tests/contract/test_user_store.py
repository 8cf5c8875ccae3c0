"""Every user store that the package brings keeps the promises of the port."""

from __future__ import annotations

import asyncio
from typing import Protocol

import pytest
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from contract.places import OnPostgreSQL, OnSQLite
from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.protocols import RegisteringUserStore, User, UserStore
from fastapi_jwtkit.stores.memory.users import MemoryUserStore
from fastapi_jwtkit.stores.sqlalchemy.users import SQLUserStore, UserColumns
from fastapi_jwtkit.testing.contracts import (
    DisablingUserStoreContract,
    EmailUserStoreContract,
    RemovingUserStoreContract,
)
from fastapi_jwtkit.testing.contracts.users import new_user
from sql_databases import Database


class WholeUserStore(UserStore, RegisteringUserStore, Protocol):
    """A user store that takes new users, changes them and forgets them."""

    async def remove(self, user_id: str, /) -> bool:
        """Forget a user."""
        ...

    async def change(self, user_id: str, *, roles: set[str], is_active: bool) -> User | None:
        """Change a user."""
        ...


class OwnUserStoreContract(
    EmailUserStoreContract, DisablingUserStoreContract, RemovingUserStoreContract
):
    """What the user stores of the package do beside the port."""

    @pytest.mark.attack(17)
    async def test_a_login_is_stored_in_its_canonical_spelling_alone(
        self, store: WholeUserStore
    ) -> None:
        """Any other could never log in."""
        for spelling in ("Ann", " ann", "", "x" * 255):
            with pytest.raises(ValueError, match="canonical"):
                await store.add(new_user(spelling))

    async def test_a_user_hides_the_hash(self, store: WholeUserStore) -> None:
        """Users end up in logs."""
        await store.add(new_user(password_hash="s3cret"))
        found = await store.find_by_login("ann")
        assert "s3cret" not in repr(found)

    async def test_what_is_changed_holds_at_the_next_read(self, store: WholeUserStore) -> None:
        """And only what was given is changed."""
        user = await store.add(new_user())
        await store.change(user.id, roles={"admin"}, is_active=False)
        found = await store.find_by_id(user.id)
        assert found is not None
        assert (found.roles, found.is_active, found.scopes) == ({"admin"}, False, {"a", "b"})
        assert await store.change("nobody", roles={"admin"}, is_active=False) is None


class TestMemoryUserStore(OwnUserStoreContract):
    """In one process."""

    @pytest.fixture
    def store(self) -> MemoryUserStore:
        """Return an empty store."""
        return MemoryUserStore()


class SQLUserStoreContract(OwnUserStoreContract):
    """What holds for SQL beside that."""

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


class TestSQLiteUserStore(OnSQLite, SQLUserStoreContract):
    """In a file."""


class TestPostgreSQLUserStore(OnPostgreSQL, SQLUserStoreContract):
    """On a real server."""
