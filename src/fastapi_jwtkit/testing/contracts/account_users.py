"""What a user store must do that has the verbs of the account flows."""

from __future__ import annotations

import asyncio
from typing import Protocol

import pytest

from fastapi_jwtkit.account_protocols import (
    DisablingUserStore,
    EmailUser,
    EmailUserStore,
    RemovingUserStore,
)
from fastapi_jwtkit.errors import LoginTakenError
from fastapi_jwtkit.protocols import RegisteringUserStore, User, UserStore
from fastapi_jwtkit.records import NewUser
from fastapi_jwtkit.testing.contracts.users import (
    HASH,
    RegisteringUserStoreContract,
    UserStoreContract,
)

__all__ = [
    "DisablingUserStoreContract",
    "EmailUserStoreContract",
    "RemovingUserStoreContract",
]

OURS = "ann@example.com"


class EmailStore(UserStore, RegisteringUserStore, EmailUserStore, Protocol):
    """A user store that takes new users and knows addresses."""


class DisablingStore(UserStore, DisablingUserStore, Protocol):
    """A user store that shuts users out."""


class RemovingStore(UserStore, RegisteringUserStore, RemovingUserStore, Protocol):
    """A user store that takes new users and forgets them."""


def with_email(login: str, email: str | None = OURS) -> NewUser:
    """Return a registration with an address."""
    return NewUser(login=login, password_hash=HASH, email=email)


async def address(store: UserStore, user_id: str) -> tuple[str | None, bool]:
    """Return the address of a user and whether it was verified."""
    user = await store.find_by_id(user_id)
    assert isinstance(user, EmailUser)
    return user.email, user.email_verified


class EmailUserStoreContract(RegisteringUserStoreContract):
    """The promises of ``EmailUserStore``; what it asks of a subclass is the same."""

    @pytest.mark.asyncio
    async def test_an_address_that_nobody_verified_is_found(self, store: EmailStore) -> None:
        """It is that of the one user who has it, and not verified yet."""
        ann = await store.add(with_email("ann"))
        await store.add(with_email("bob", "bob@example.com"))
        await store.add(with_email("carol", None))
        found = await store.find_by_email(OURS)
        assert found is not None
        assert found.id == ann.id
        assert await address(store, ann.id) == (OURS, False)
        for nobody in ("", "nobody@example.com", "%", "ann@example.co", "ann"):
            assert await store.find_by_email(nobody) is None

    @pytest.mark.asyncio
    async def test_an_address_belongs_to_whoever_verified_it(self, store: EmailStore) -> None:
        """Who only says that it is theirs takes nothing from them."""
        users = [await store.add(with_email(f"user{number}")) for number in range(4)]
        assert await store.find_by_email(OURS) is None
        assert await store.set_email(users[2].id, OURS, expected=OURS)
        found = await store.find_by_email(OURS)
        assert found is not None
        assert found.id == users[2].id
        assert await address(store, users[2].id) == (OURS, True)
        assert await address(store, users[1].id) == (OURS, False)
        assert await store.set_email(users[1].id, OURS, expected=OURS)
        assert await store.find_by_email(OURS) is None

    @pytest.mark.asyncio
    async def test_an_address_is_replaced_only_where_it_is_the_expected_one(
        self, store: EmailStore
    ) -> None:
        """Of many at once one wins, and nobody else is touched."""
        ann = await store.add(with_email("ann"))
        bob = await store.add(with_email("bob"))
        nobodys = await store.add(with_email("carol", None))
        assert not await store.set_email(ann.id, "new@example.com", expected="x@example.com")
        assert not await store.set_email(ann.id, "new@example.com", expected=None)
        assert not await store.set_email("nobody", "new@example.com", expected=OURS)
        assert await address(store, ann.id) == (OURS, False)
        won = await asyncio.gather(
            *(store.set_email(ann.id, f"n{n}@example.com", expected=OURS) for n in range(20))
        )
        assert sum(won) == 1
        assert await address(store, ann.id) == (f"n{won.index(True)}@example.com", True)
        assert await address(store, bob.id) == (OURS, False)
        assert await store.set_email(nobodys.id, "carol@example.com", expected=None)
        assert await address(store, nobodys.id) == ("carol@example.com", True)

    @pytest.mark.asyncio
    async def test_a_login_moves_with_the_address_or_both_stay(self, store: EmailStore) -> None:
        """The unique index decides, as it does for a registration."""
        ann = await store.add(with_email(OURS))
        await store.add(with_email("bob@example.com", "bob@example.com"))
        with pytest.raises(LoginTakenError):
            await store.set_email(ann.id, "bob@example.com", expected=OURS, login="bob@example.com")
        assert await address(store, ann.id) == (OURS, False)
        found = await store.find_by_login(OURS)
        assert found is not None
        assert found.id == ann.id
        assert await store.set_email(ann.id, "a@example.com", expected=OURS, login="a@example.com")
        assert await store.find_by_login(OURS) is None
        moved = await store.find_by_login("a@example.com")
        assert moved is not None
        assert moved.id == ann.id
        assert await store.set_email(
            ann.id, "a@example.com", expected="a@example.com", login="a@example.com"
        )


class DisablingUserStoreContract(UserStoreContract):
    """The promises of ``DisablingUserStore``; what it asks of a subclass is the same."""

    @pytest.mark.asyncio
    async def test_a_user_is_shut_out_and_let_in_again(self, store: DisablingStore) -> None:
        """And again; nobody else is touched."""
        ann = await self.make_user(store, "ann", HASH)
        bob = await self.make_user(store, "bob", HASH)
        for active in (False, False, True, True):
            assert await store.set_active(ann.id, active)
            for found in (await store.find_by_id(ann.id), await store.find_by_login("ann")):
                assert found is not None
                assert found.is_active is active
                assert found.password_hash == HASH
        assert not await store.set_active("nobody", False)  # noqa: FBT003 - the port's
        other = await store.find_by_id(bob.id)
        assert other is not None
        assert other.is_active is True


class RemovingUserStoreContract(RegisteringUserStoreContract):
    """The promises of ``RemovingUserStore``; a subclass gives a fixture ``store`` alone."""

    async def remove_user(self, store: UserStore, user_id: str, /) -> None:
        """Forget a user by the verb of the port."""
        assert isinstance(store, RemovingUserStore)
        assert await store.remove(user_id)

    @pytest.mark.asyncio
    async def test_a_user_is_forgotten_once(self, store: RemovingStore) -> None:
        """Of many at once one did it; nobody else is touched."""
        ann, bob = await self.two(store)
        done = await asyncio.gather(*(store.remove(ann.id) for _ in range(20)))
        assert sum(done) == 1
        assert not await store.remove(ann.id)
        assert not await store.remove("nobody")
        assert await store.find_by_id(ann.id) is None
        assert not await store.set_password_hash(ann.id, "new", expected=HASH)
        assert await store.find_by_id(bob.id) is not None

    @pytest.mark.asyncio
    async def test_whoever_comes_after_is_somebody_else(self, store: RemovingStore) -> None:
        """A token of the user who was forgotten must not be theirs (OIDC Core 2)."""
        ann, _ = await self.two(store)
        await store.remove(ann.id)
        again = await store.add(with_email("ann"))
        assert again.id != ann.id
        assert await store.find_by_id(ann.id) is None

    async def two(self, store: RemovingStore) -> tuple[User, User]:
        """Store two users."""
        return await store.add(with_email("ann")), await store.add(with_email("bob"))
