"""What every user store must do, whatever it stands on."""

from __future__ import annotations

import asyncio
from typing import Protocol

import pytest

from fastapi_jwtkit.errors import LoginTakenError
from fastapi_jwtkit.protocols import RegisteringUserStore, User, UserStore
from fastapi_jwtkit.records import NewUser

__all__ = ["RegisteringUserStoreContract", "UserStoreContract"]

HASH = "h4sh"


def new_user(login: str = "ann", password_hash: str = HASH) -> NewUser:
    """Return a registration."""
    return NewUser(
        login=login,
        password_hash=password_hash,
        email=f"{login}@example.com",
        scopes=frozenset({"b", "a"}),
    )


class RegisteringStore(UserStore, RegisteringUserStore, Protocol):
    """A user store that also takes new users."""


class UserStoreContract:
    """The promises of the port ``UserStore``.

    A subclass gives a fixture ``store``, which returns an empty one, and ``make_user``,
    which puts a user into it in whatever way your application does.
    """

    async def make_user(self, store: UserStore, login: str, password_hash: str, /) -> User:
        """Store an active user and return them."""
        del store, login, password_hash
        message = f"{type(self).__name__} needs make_user(store, login, password_hash)"
        raise NotImplementedError(message)

    @pytest.mark.asyncio
    async def test_a_user_is_found_by_login_and_by_id(self, store: UserStore) -> None:
        """And whoever is not there is not found."""
        ann = await self.make_user(store, "ann", HASH)
        bob = await self.make_user(store, "bob", "other")
        for login, user_id, password_hash in (("ann", ann.id, HASH), ("bob", bob.id, "other")):
            found = await store.find_by_login(login)
            again = await store.find_by_id(user_id)
            for user in (found, again):
                assert user is not None
                assert (user.id, user.login) == (user_id, login)
                assert user.password_hash == password_hash
                assert user.is_active is True
        for nobody in ("carol", "", "ann ", "%", "*"):
            assert await store.find_by_login(nobody) is None
            assert await store.find_by_id(nobody) is None

    @pytest.mark.asyncio
    async def test_a_user_is_what_tokens_are_made_of(self, store: UserStore) -> None:
        """Texts, and collections of texts."""
        made = await self.make_user(store, "ann", HASH)
        user = await store.find_by_id(made.id)
        assert user is not None
        assert isinstance(user.id, str)
        assert user.id
        for names in (user.scopes, user.roles, user.permissions):
            assert not isinstance(names, str)
            assert all(isinstance(name, str) for name in names)

    @pytest.mark.asyncio
    async def test_a_login_that_is_not_ascii_is_found(self, store: UserStore) -> None:
        """In its canonical spelling, which is how the kit asks for it."""
        made = await self.make_user(store, "zoë@exämple.com", HASH)
        found = await store.find_by_login("zoë@exämple.com")
        assert found is not None
        assert found.id == made.id

    @pytest.mark.asyncio
    async def test_a_hash_is_replaced_only_where_it_is_the_expected_one(
        self, store: UserStore
    ) -> None:
        """An upgrade loses against a password change; of many at once one wins."""
        user = await self.make_user(store, "ann", HASH)
        other = await self.make_user(store, "bob", HASH)
        assert not await store.set_password_hash(user.id, "new", expected="other")
        assert not await store.set_password_hash(user.id, "new", expected=None)
        assert not await store.set_password_hash("nobody", "new", expected=HASH)
        won = await asyncio.gather(
            *(store.set_password_hash(user.id, f"new{n}", expected=HASH) for n in range(50))
        )
        assert sum(won) == 1
        found = await store.find_by_id(user.id)
        assert found is not None
        assert found.password_hash == f"new{won.index(True)}"
        untouched = await store.find_by_id(other.id)
        assert untouched is not None
        assert untouched.password_hash == HASH


class RegisteringUserStoreContract(UserStoreContract):
    """The promises of ``UserStore`` and ``RegisteringUserStore`` together.

    A subclass gives a fixture ``store``, which returns an empty one, and ``remove_user``,
    which takes a user away as your application does, or as a person with SQL would.
    """

    async def make_user(self, store: UserStore, login: str, password_hash: str, /) -> User:
        """Register a user."""
        assert isinstance(store, RegisteringUserStore)
        return await store.add(new_user(login, password_hash))

    async def remove_user(self, store: UserStore, user_id: str, /) -> None:
        """Take a user away, so that the login is free."""
        del store, user_id
        message = f"{type(self).__name__} needs remove_user(store, user_id)"
        raise NotImplementedError(message)

    @pytest.mark.asyncio
    async def test_a_registration_comes_back_whole(self, store: RegisteringStore) -> None:
        """With the scopes that the kit gave it, and nothing more."""
        added = await store.add(new_user())
        for user in (added, await store.find_by_login("ann"), await store.find_by_id(added.id)):
            assert user is not None
            assert (user.id, user.login, user.password_hash) == (added.id, "ann", HASH)
            assert set(user.scopes) == {"a", "b"}
            assert (set(user.roles), set(user.permissions)) == (set(), set())
            assert user.is_active is True

    @pytest.mark.asyncio
    async def test_a_login_is_given_to_one_of_many_who_ask_at_once(
        self, store: RegisteringStore
    ) -> None:
        """The index decides, not a look-up before."""
        answers = await asyncio.gather(
            *(store.add(new_user(password_hash=f"h{n}")) for n in range(50)),
            return_exceptions=True,
        )
        refused = [answer for answer in answers if isinstance(answer, BaseException)]
        assert [type(error) for error in refused] == [LoginTakenError] * 49
        found = await store.find_by_login("ann")
        assert found is not None
        added = [answer for answer in answers if not isinstance(answer, BaseException)]
        assert [(user.id, user.password_hash) for user in added] == [
            (found.id, found.password_hash)
        ]

    @pytest.mark.asyncio
    async def test_an_id_is_never_given_twice(self, store: RegisteringStore) -> None:
        """Whoever takes the login of a removed user is somebody else (OIDC Core 2)."""
        ids: set[str] = set()
        for _ in range(10):
            user = await store.add(new_user())
            ids.add(user.id)
            await self.remove_user(store, user.id)
            assert await store.find_by_id(user.id) is None
            assert await store.find_by_login("ann") is None
        assert len(ids) == 10
