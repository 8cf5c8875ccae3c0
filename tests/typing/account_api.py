"""What type checkers must accept of the account flows: as ``api.py``, never run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_type

import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import create_async_engine

from fastapi_jwtkit import JWTAuth, JWTKit, Settings
from fastapi_jwtkit.account_protocols import (
    DisablingUserStore,
    EmailUser,
    EmailUserStore,
    Mailer,
    RemovingUserStore,
)
from fastapi_jwtkit.accounts.flows import AccountFlows
from fastapi_jwtkit.accounts.outbox import Outbox
from fastapi_jwtkit.credentials import Credentials, canonical_email
from fastapi_jwtkit.mail import Mail, MailKind
from fastapi_jwtkit.protocols import UserStore
from fastapi_jwtkit.stores.memory.users import MemoryUserStore
from fastapi_jwtkit.stores.sqlalchemy.users import SQLUserStore
from fastapi_jwtkit.testing.contracts import (
    DisablingUserStoreContract,
    EmailUserStoreContract,
    RemovingUserStoreContract,
)
from fastapi_jwtkit.web.mounted_kit import ALL, BY_NAME_ONLY


@dataclass(frozen=True)
class Person:
    id: str
    login: str
    password_hash: str | None
    email: str | None
    email_verified: bool
    is_active: bool
    scopes: frozenset[str]
    roles: frozenset[str]
    permissions: frozenset[str]


class People:
    """A store of one's own with every verb, its parameters named as it likes."""

    async def find_by_login(self, login: str) -> Person | None: ...
    async def find_by_id(self, key: str) -> Person | None: ...
    async def set_password_hash(self, key: str, new: str, *, expected: str | None) -> bool:
        return expected is None

    async def find_by_email(self, address: str) -> Person | None: ...
    async def set_email(
        self, key: str, address: str, *, expected: str | None, login: str | None = None
    ) -> bool:
        return expected == login

    async def set_active(self, key: str, yes: bool) -> bool:
        return yes

    async def remove(self, key: str) -> bool:
        return bool(key)


class Post:
    async def send(self, mail: Mail) -> None:
        assert_type(mail.to, str)
        assert_type(mail.kind, MailKind)
        assert_type(mail.link, str | None)
        assert_type(mail.context, Mapping[str, str])


in_sql = SQLUserStore(create_async_engine("sqlite+aiosqlite:///x.db"))
mailers: list[Mailer] = [Post(), Outbox(echo=False)]
knowing: list[EmailUserStore] = [People(), MemoryUserStore(), in_sql]
disabling: list[DisablingUserStore] = [People(), MemoryUserStore(), in_sql]
removing: list[RemovingUserStore] = [People(), MemoryUserStore(), in_sql]
users: UserStore = People()


def known(person: Person) -> EmailUser:
    return person


kit = JWTKit(Settings(env="dev", login_is_email=True), users=People(), mailer=Post())
auth = JWTAuth(kit, routes=ALL | BY_NAME_ONLY)
assert_type(JWTAuth.from_env(users=People(), mailer=Post()), JWTAuth)


async def use_the_flows(credentials: Credentials, password: SecretStr) -> None:
    assert_type(kit.accounts, AccountFlows)
    assert_type(kit.accounts.can("password-reset"), bool)
    await kit.accounts.sign_up(credentials, email="ann@example.com")
    await kit.accounts.change_password("1", current=password, new=password, keep_sid=None)
    await kit.accounts.request_reset("ann@example.com")
    await kit.accounts.reset_password(password, new=password)
    await kit.accounts.verify_email(password)
    await kit.accounts.request_email_change("1", "b@example.com", auth_time=1)
    await kit.accounts.change_email(password)
    await kit.accounts.reauthenticate("1", password=None, auth_time=None)
    assert_type(await kit.accounts.disable("1"), bool)
    assert_type(await kit.accounts.delete("1"), bool)
    assert_type(kit.accounts.mail_failures, int)
    assert_type(canonical_email("ann@example.com"), str | None)


class TestPeople(EmailUserStoreContract, DisablingUserStoreContract, RemovingUserStoreContract):
    @pytest.fixture
    def store(self) -> UserStore:
        return MemoryUserStore()
