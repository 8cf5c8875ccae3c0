"""A plain user store, made into one the kit can await."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from pydantic import SecretStr

from fastapi_jwtkit.account_protocols import (
    DisablingUserStore,
    EmailUserStore,
    RemovingUserStore,
)
from fastapi_jwtkit.accounts.authenticator import Authenticator
from fastapi_jwtkit.accounts.registration import Registration
from fastapi_jwtkit.accounts.sync_users import SyncUserStore
from fastapi_jwtkit.accounts.user_reads import UserReads
from fastapi_jwtkit.clock import SystemClock
from fastapi_jwtkit.credentials import Credentials
from fastapi_jwtkit.errors import ConfigurationError, LoginTakenError, StoreUnavailableError
from fastapi_jwtkit.event_sinks import Events
from fastapi_jwtkit.hashing import HashingExecutor
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from fastapi_jwtkit.passwords.rules import PasswordRules
from fastapi_jwtkit.protocols import RegisteringUserStore
from fastapi_jwtkit.records import NewUser
from fastapi_jwtkit.stores.memory.users import MemoryUser, MemoryUserStore

CREDENTIALS = Credentials(login="alice", password=SecretStr("correct horse battery"))


class PlainUsers:
    """Users in a dict, with plain methods that note their thread."""

    def __init__(self) -> None:
        self.users: dict[str, MemoryUser] = {}
        self.threads: set[threading.Thread] = set()

    def find_by_login(self, login: str, /) -> MemoryUser | None:
        """Search."""
        self.threads.add(threading.current_thread())
        return next((user for user in self.users.values() if user.login == login), None)

    def find_by_id(self, user_id: str, /) -> MemoryUser | None:
        """Look up."""
        self.threads.add(threading.current_thread())
        return self.users.get(user_id)

    def set_password_hash(
        self, user_id: str, password_hash: str, /, *, expected: str | None
    ) -> bool:
        """Replace conditionally."""
        self.threads.add(threading.current_thread())
        user = self.users.get(user_id)
        if user is None or user.password_hash != expected:
            return False
        self.users[user_id] = MemoryUser(id=user_id, login=user.login, password_hash=password_hash)
        return True


class PlainRegisteringUsers(PlainUsers):
    """The same, taking new users."""

    def add(self, new: NewUser, /) -> MemoryUser:
        """Add."""
        self.threads.add(threading.current_thread())
        if self.find_by_login(new.login) is not None:
            raise LoginTakenError("login_taken")
        user = MemoryUser(id=str(len(self.users)), login=new.login, password_hash=new.password_hash)
        self.users[user.id] = user
        return user


async def test_a_plain_store_registers_and_logs_in_off_the_event_loop() -> None:
    """Every verb runs in a worker thread and gives what the store gave."""
    plain = PlainRegisteringUsers()
    store = SyncUserStore(plain)
    hashing = HashingExecutor(PasslibHasher.cheap_for_tests())
    registration = Registration(
        store,
        hashing,
        rules=PasswordRules(),
        events=Events((), realm="r", clock=SystemClock()),
    )
    user = await registration.register(CREDENTIALS)
    with pytest.raises(LoginTakenError):
        await registration.register(CREDENTIALS)
    authenticator = Authenticator(store, hashing)
    found = await authenticator.authenticate(CREDENTIALS)
    assert found.user == user
    new_hash = await hashing.hash("correct horse battery")
    assert await store.set_password_hash(user.id, new_hash, expected=found.verified_hash)
    assert not await store.set_password_hash(user.id, new_hash, expected=found.verified_hash)
    await authenticator.confirm(user.id, CREDENTIALS, verified_hash=found.verified_hash)
    assert threading.main_thread() not in plain.threads
    hashing.close()


def test_the_adapter_can_register_exactly_if_its_store_can() -> None:
    """The register route appears by the shape of the store."""
    assert isinstance(SyncUserStore(PlainRegisteringUsers()), RegisteringUserStore)
    assert not isinstance(SyncUserStore(PlainUsers()), RegisteringUserStore)


class PlainWholeUsers(PlainUsers):
    """The same, with the verbs of the account flows."""

    def find_by_email(self, email: str, /) -> MemoryUser | None:
        """Search."""
        self.threads.add(threading.current_thread())
        return next((user for user in self.users.values() if user.email == email), None)

    def set_email(
        self, user_id: str, email: str, /, *, expected: str | None, login: str | None = None
    ) -> bool:
        """Say what came."""
        self.threads.add(threading.current_thread())
        return (user_id, email, expected, login) == ("1", "new", "old", "login")

    def set_active(self, user_id: str, active: bool, /) -> bool:
        """Say what came."""
        self.threads.add(threading.current_thread())
        return active and user_id == "1"

    def remove(self, user_id: str, /) -> bool:
        """Say what came."""
        self.threads.add(threading.current_thread())
        return user_id == "1"


async def test_the_adapter_has_the_verbs_of_the_flows_exactly_if_its_store_has() -> None:
    """They run in threads like the others."""
    store: Any = SyncUserStore(plain := PlainWholeUsers())
    ports = (EmailUserStore, DisablingUserStore, RemovingUserStore)
    assert all(isinstance(store, port) for port in ports)
    assert not any(isinstance(SyncUserStore(PlainUsers()), port) for port in ports)
    assert await store.find_by_email("nobody") is None
    assert await store.set_email("1", "new", expected="old", login="login")
    assert await store.set_active("1", True)  # noqa: FBT003 - the port's
    assert await store.remove("1")
    assert threading.main_thread() not in plain.threads


def test_an_async_store_is_not_wrapped() -> None:
    """Its coroutines would never be awaited."""
    with pytest.raises(ConfigurationError, match="MemoryUserStore is async already"):
        SyncUserStore(MemoryUserStore())  # type: ignore[arg-type]


async def test_what_a_plain_store_raises_is_unavailable_too() -> None:
    """The thread hands the exception on."""

    class Failing(PlainUsers):
        def find_by_id(self, user_id: str, /) -> MemoryUser | None:
            raise ConnectionError(user_id)

    with pytest.raises(StoreUnavailableError) as caught:
        await UserReads(SyncUserStore(Failing())).by_id("1")
    assert isinstance(caught.value.__cause__, ConnectionError)


async def test_a_kit_without_a_user_store_says_so_when_it_needs_one() -> None:
    """It is a mistake of the developer, not a failing store."""
    reads = UserReads(None)
    for reading in (reads.by_id("1"), reads.by_login("alice")):
        with pytest.raises(ConfigurationError, match="no user store"):
            await reading
