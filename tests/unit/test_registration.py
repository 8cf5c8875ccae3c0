"""How a new user comes to be."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import SecretStr

from fastapi_jwtkit.accounts.registration import Registration
from fastapi_jwtkit.clock import SystemClock
from fastapi_jwtkit.credentials import Credentials
from fastapi_jwtkit.errors import (
    LoginRejectedError,
    LoginTakenError,
    PasswordRejectedError,
    StoreUnavailableError,
)
from fastapi_jwtkit.event_sinks import Events
from fastapi_jwtkit.hashing import HashingExecutor
from fastapi_jwtkit.passwords.rules import PasswordRules
from fastapi_jwtkit.records import NewUser
from fastapi_jwtkit.stores.memory.users import MemoryUser, MemoryUserStore
from password_doubles import WatchedHasher

PASSWORD = "correct horse battery"


def credentials(login: str = "alice", password: str = PASSWORD) -> Credentials:
    """Return what somebody typed."""
    return Credentials(login=login, password=SecretStr(password))


class Desk:
    """A registration, and everything under it."""

    def __init__(self, users: MemoryUserStore | None = None) -> None:
        self.users = users or MemoryUserStore()
        self.hasher = WatchedHasher()
        self.registration = Registration(
            self.users,
            HashingExecutor(self.hasher),
            rules=PasswordRules(),
            events=Events((), realm="r", clock=SystemClock()),
            default_scopes=frozenset({"tasks:read"}),
        )


@pytest.mark.attack(19)
async def test_a_new_user_holds_the_default_scopes_and_nothing_else() -> None:
    """The password is stored as a hash, the login in its canonical spelling."""
    desk = Desk()
    user = await desk.registration.register(credentials("  ALICE "), email="a@example.org")
    assert user.login == "alice"
    assert user.is_active
    assert set(user.scopes) == {"tasks:read"}
    assert set(user.roles) == set(user.permissions) == set()
    stored = await desk.users.find_by_login("alice")
    assert stored is not None
    assert stored.email == "a@example.org"
    assert stored.password_hash is not None
    assert stored.password_hash.startswith("$argon2id$")
    assert desk.hasher.real.matches(PASSWORD, stored.password_hash)


@pytest.mark.std(96)
@pytest.mark.attack(15)
async def test_a_taken_login_costs_the_same_hash_as_a_free_one() -> None:
    """The answer may say that it is taken; its time says nothing more."""
    desk = Desk()
    await desk.registration.register(credentials())
    assert desk.hasher.hashed == 1
    with pytest.raises(LoginTakenError):
        await desk.registration.register(credentials("Alice"))
    assert desk.hasher.hashed == 2


@pytest.mark.attack(17)
async def test_of_thirty_registrations_of_one_login_at_once_one_wins() -> None:
    """The store's unique index decides, not a look-up before."""
    desk = Desk()
    spellings = ["alice", "ALICE", " alice", "\N{FULLWIDTH LATIN SMALL LETTER A}lice", "Alice"] * 6
    outcomes = await asyncio.gather(
        *(desk.registration.register(credentials(s)) for s in spellings), return_exceptions=True
    )
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, LoginTakenError) for outcome in outcomes) == len(spellings) - 1


async def test_a_rejected_password_is_never_hashed_and_says_why() -> None:
    """Whether the login is free plays no part."""
    desk = Desk()
    for password, reason in [
        ("short", "password_too_short"),
        ("x" * 1_000_000, "password_too_long"),
        ("alice-alice-alice", "password_is_login"),
        ("a long enough \x00 password", "password_malformed"),
    ]:
        with pytest.raises(PasswordRejectedError) as caught:
            await desk.registration.register(credentials(password=password))
        assert caught.value.reason == reason
    assert desk.hasher.hashed == 0


async def test_a_login_that_can_be_nobodys_is_rejected() -> None:
    """Empty, invisible and endless logins cannot be taken."""
    desk = Desk()
    for login in ("", "   ", "x" * 255, "al\x00ice", "al\N{ZERO WIDTH SPACE}ice", "\ud800"):
        with pytest.raises(LoginRejectedError) as caught:
            await desk.registration.register(credentials(login))
        assert caught.value.reason == "login_malformed"


async def test_a_failing_store_is_unavailable() -> None:
    """It is not a taken login."""

    class Failing(MemoryUserStore):
        async def add(self, new: NewUser, /) -> MemoryUser:
            raise OSError(new.password_hash)

    with pytest.raises(StoreUnavailableError) as caught:
        await Desk(Failing()).registration.register(credentials())
    assert caught.value.reason == "user_store_failed"
    assert isinstance(caught.value.__cause__, OSError)
