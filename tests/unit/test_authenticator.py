"""From credentials to a user."""

from __future__ import annotations

import logging

import pytest
from pydantic import SecretStr

from fastapi_jwtkit.accounts.authenticator import Authenticator
from fastapi_jwtkit.credentials import Credentials
from fastapi_jwtkit.errors import (
    ConfigurationError,
    HashingBusyError,
    InvalidCredentialsError,
    StoreUnavailableError,
)
from fastapi_jwtkit.hashing import HashingExecutor
from fastapi_jwtkit.protocols import User, UserStore
from fastapi_jwtkit.stores.memory.users import MemoryUserStore
from password_doubles import WatchedHasher, add_user

PASSWORD = "correct horse battery"


def credentials(login: str = "alice", password: str = PASSWORD) -> Credentials:
    """Return what somebody typed."""
    return Credentials(login=login, password=SecretStr(password))


class Desk:
    """An authenticator, and everything under it."""

    def __init__(self) -> None:
        self.users = MemoryUserStore()
        self.hasher = WatchedHasher()
        self.hashing = HashingExecutor(self.hasher)
        self.authenticator = Authenticator(self.users, self.hashing)

    async def add(self, login: str = "alice") -> str:
        """Add a user and return the id."""
        return (await add_user(self.users, login, self.hasher.real.hash(PASSWORD))).id

    async def refusal(self, login: str = "alice", password: str = PASSWORD) -> str:
        """Return the reason a login is refused for."""
        with pytest.raises(InvalidCredentialsError) as caught:
            await self.authenticator.authenticate(credentials(login, password))
        return caught.value.reason


async def test_a_right_password_gives_the_user_and_the_hash_it_matches() -> None:
    """Nothing is upgraded that is strong enough."""
    desk = Desk()
    user_id = await desk.add()
    found = await desk.authenticator.authenticate(credentials())
    assert found.user.id == user_id
    assert found.verified_hash == found.user.password_hash
    assert not found.upgraded
    assert found.verified_hash not in repr(found)


@pytest.mark.attack(17)
async def test_a_login_is_looked_up_in_its_canonical_spelling() -> None:
    """Case, compatibility forms and surrounding space make no other user."""
    desk = Desk()
    user_id = await desk.add()
    for spelling in ("ALICE", "  Alice ", "\N{FULLWIDTH LATIN SMALL LETTER A}lice"):
        assert (await desk.authenticator.authenticate(credentials(spelling))).user.id == user_id


async def test_each_refusal_has_its_reason_inside() -> None:
    """The reasons are for events; the class is the same for all."""
    desk = Desk()
    user_id = await desk.add()
    await desk.add("bob")
    passwordless = await desk.add("carol")
    desk.users._users[passwordless] = type(desk.users._users[passwordless])(
        id=passwordless, login="carol"
    )
    assert await desk.refusal("nobody") == "unknown_login"
    assert await desk.refusal("") == "malformed_login"
    assert await desk.refusal("a\x00b") == "malformed_login"
    assert await desk.refusal("x" * 1_000_000) == "malformed_login"
    assert await desk.refusal(password="wrong") == "wrong_password"
    assert await desk.refusal(password="x" * 257) == "password_too_long"
    assert await desk.refusal(password="\ud800") == "password_malformed"
    assert await desk.refusal("carol") == "no_password"
    assert await desk.refusal("carol", "") == "no_password"
    await desk.users.change(user_id, is_active=False)
    assert await desk.refusal(password="wrong") == "wrong_password"
    assert await desk.refusal() == "disabled"


@pytest.mark.std(94)
async def test_an_old_hash_is_replaced_when_its_password_comes_by() -> None:
    """The new hash is the verified one; the next login finds nothing to do."""
    desk = Desk()
    user_id = await desk.add()
    user = await desk.users.find_by_id(user_id)
    assert user is not None
    assert user.password_hash is not None
    desk.hasher.outdated.add(user.password_hash)
    found = await desk.authenticator.authenticate(credentials())
    assert found.upgraded
    assert found.verified_hash != user.password_hash
    after = await desk.users.find_by_id(user_id)
    assert after is not None
    assert after.password_hash == found.verified_hash
    assert not (await desk.authenticator.authenticate(credentials())).upgraded


async def test_a_wrong_password_or_a_disabled_user_upgrades_nothing() -> None:
    """Only a login that succeeds writes."""
    desk = Desk()
    user_id = await desk.add()
    user = await desk.users.find_by_id(user_id)
    assert user is not None
    assert user.password_hash is not None
    desk.hasher.outdated.add(user.password_hash)
    await desk.refusal(password="wrong")
    await desk.users.change(user_id, is_active=False)
    await desk.refusal()
    after = await desk.users.find_by_id(user_id)
    assert after is not None
    assert after.password_hash == user.password_hash


async def test_an_upgrade_that_fails_does_not_fail_the_login(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The password was right; the store may be read-only for a while."""

    class ReadOnly(MemoryUserStore):
        async def set_password_hash(
            self, user_id: str, password_hash: str, /, *, expected: str | None
        ) -> bool:
            raise OSError(user_id, password_hash, expected)

    desk = Desk()
    desk.users = ReadOnly()
    desk.authenticator = Authenticator(desk.users, desk.hashing)
    user_id = await desk.add()
    user = await desk.users.find_by_id(user_id)
    assert user is not None
    assert user.password_hash is not None
    desk.hasher.outdated.add(user.password_hash)
    with caplog.at_level(logging.DEBUG):
        found = await desk.authenticator.authenticate(credentials())
    assert not found.upgraded
    assert found.verified_hash == user.password_hash
    assert "not upgraded" in caplog.text
    assert "$argon2" not in caplog.text
    assert user_id not in caplog.text


async def test_an_upgrade_loses_to_a_password_that_was_changed_meanwhile() -> None:
    """The hash is set only where the old one still stands."""

    class Overtaken(MemoryUserStore):
        async def set_password_hash(
            self, user_id: str, password_hash: str, /, *, expected: str | None
        ) -> bool:
            await super().set_password_hash(user_id, changed, expected=expected)
            return await super().set_password_hash(user_id, password_hash, expected=expected)

    desk = Desk()
    changed = desk.hasher.real.hash("another password altogether")
    desk.users = Overtaken()
    desk.authenticator = Authenticator(desk.users, desk.hashing)
    user_id = await desk.add()
    user = await desk.users.find_by_id(user_id)
    assert user is not None
    assert user.password_hash is not None
    desk.hasher.outdated.add(user.password_hash)
    found = await desk.authenticator.authenticate(credentials())
    assert not found.upgraded
    with pytest.raises(InvalidCredentialsError) as caught:
        await desk.authenticator.confirm(user_id, credentials(), verified_hash=found.verified_hash)
    assert caught.value.reason == "password_changed"


async def test_confirming_compares_nothing_while_the_hash_is_the_same() -> None:
    """The common case costs one read, and returns what holds now."""
    desk = Desk()
    user_id = await desk.add()
    found = await desk.authenticator.authenticate(credentials())
    await desk.users.change(user_id, roles={"admin"})
    desk.hasher.compared.clear()
    user = await desk.authenticator.confirm(
        user_id, credentials(), verified_hash=found.verified_hash
    )
    assert set(user.roles) == {"admin"}
    assert desk.hasher.compared == []


async def test_confirming_compares_once_when_the_hash_is_another() -> None:
    """The same password under a new salt passes."""
    desk = Desk()
    user_id = await desk.add()
    found = await desk.authenticator.authenticate(credentials())
    rehashed = desk.hasher.real.hash(PASSWORD)
    assert await desk.users.set_password_hash(user_id, rehashed, expected=found.verified_hash)
    desk.hasher.compared.clear()
    await desk.authenticator.confirm(user_id, credentials(), verified_hash=found.verified_hash)
    assert desk.hasher.compared == [rehashed]


async def test_confirming_refuses_a_user_who_is_gone_or_disabled_by_now() -> None:
    """A new user under the old login is another user."""
    desk = Desk()
    user_id = await desk.add()
    found = await desk.authenticator.authenticate(credentials())

    async def reason() -> str:
        with pytest.raises(InvalidCredentialsError) as caught:
            await desk.authenticator.confirm(
                user_id, credentials(), verified_hash=found.verified_hash
            )
        return caught.value.reason

    await desk.users.change(user_id, is_active=False)
    assert await reason() == "disabled"
    await desk.users.remove(user_id)
    await desk.add()
    assert await reason() == "user_gone"


async def test_a_full_hashing_queue_is_no_wrong_password() -> None:
    """The caller is told to come again."""
    desk = Desk()
    await desk.add()
    desk.hashing = HashingExecutor(desk.hasher, workers=1, queue=0)
    desk.authenticator = Authenticator(desk.users, desk.hashing)
    await desk.hashing.warm()
    lanes = desk.hashing._lanes_here()
    assert lanes.places.acquire(blocking=False)
    with pytest.raises(HashingBusyError):
        await desk.authenticator.authenticate(credentials())


class Failing:
    """A user store whose database is down, with a driver that tells everything."""

    async def find_by_login(self, login: str, /) -> User | None:
        """Fail with the values of the row in the message."""
        raise LookupError(f"SELECT ... WHERE login = {login}")

    async def find_by_id(self, user_id: str, /) -> User | None:
        """Fail with the values of the row in the message."""
        raise TimeoutError(user_id)

    async def set_password_hash(
        self, user_id: str, password_hash: str, /, *, expected: str | None
    ) -> bool:
        """Never reached."""
        raise NotImplementedError(user_id, password_hash, expected)


async def test_a_failing_user_store_is_unavailable_and_keeps_its_cause(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It never reads like an unknown user, and its message stays out of the log."""
    authenticator = Authenticator(Failing(), Desk().hashing)
    with caplog.at_level(logging.DEBUG), pytest.raises(StoreUnavailableError) as caught:
        await authenticator.authenticate(credentials("secret-login"))
    assert caught.value.reason == "user_store_failed"
    assert isinstance(caught.value.__cause__, LookupError)
    with pytest.raises(StoreUnavailableError) as caught:
        await authenticator.confirm("id", credentials(), verified_hash="x")
    assert isinstance(caught.value.__cause__, TimeoutError)
    assert "LookupError" in caplog.text
    assert "secret-login" not in caplog.text


async def test_a_plain_store_where_an_async_one_belongs_is_named_as_the_mistake_it_is() -> None:
    """The error says how to wrap it."""

    class Plain(Failing):
        def find_by_login(self, login: str, /) -> User | None:  # type: ignore[override]
            del login
            return None

    store: UserStore = Plain()
    with pytest.raises(ConfigurationError, match="not async") as caught:
        await Authenticator(store, Desk().hashing).authenticate(credentials())
    assert "SyncUserStore" in caught.value.fix
