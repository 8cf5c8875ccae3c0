"""What mypy and pyright must refuse: each line that ends in ``# refused``, and no other.

Checked by ``.ci/check_refusals.py``; never run.
"""

from __future__ import annotations

from fastapi import FastAPI

from fastapi_jwtkit import (
    JWTKit,
    Principal,
    Settings,
    TokenPair,
    require_auth,
    require_policy,
    require_scopes,
)
from fastapi_jwtkit.account_protocols import EmailUserStore, Mailer
from fastapi_jwtkit.mail import Mail
from fastapi_jwtkit.policies import has_roles, policy
from fastapi_jwtkit.protocols import EventSink, OneTimeStore, SessionStore, Stores, User, UserStore
from fastapi_jwtkit.records import Session
from fastapi_jwtkit.stores.redis import redis_stores
from fastapi_jwtkit.stores.sqlalchemy import sql_stores
from fastapi_jwtkit.testing.acting import acting_as
from fastapi_jwtkit.testing.contracts import OneTimeStoreContract, RegisteringUserStoreContract
from fastapi_jwtkit.testing.dead import assert_token_dead
from fastapi_jwtkit.testing.tokens import forge

from fastapi_jwtkit import nope  # isort: skip  # refused


class NumberedUser:
    id: int = 1
    login: str = "ann"
    password_hash: str | None = None
    is_active: bool = True
    scopes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()


class PlainStore:
    def find_by_login(self, login: str, /) -> User | None: ...
    def find_by_id(self, user_id: str, /) -> User | None: ...
    def set_password_hash(
        self, user_id: str, password_hash: str, /, *, expected: str | None
    ) -> bool:
        return expected is None


class LooseIds:
    """Its answer says nothing, and it takes no time."""

    async def consume(self, realm: str, token_id: str, /) -> None: ...


class HalfAStore:
    async def prune(self) -> int:
        return 0


class DeafSink:
    def emit(self) -> None: ...


class PlainMailer:
    def send(self, mail: Mail, /) -> None: ...


class HastyStore:
    """It asks nobody what the address was."""

    async def find_by_email(self, email: str, /) -> User | None: ...
    async def set_email(self, user_id: str, email: str, /) -> bool:
        return bool(email)


async def asks_a_store(_: Principal) -> bool:
    return True


def maybe(_: Principal) -> str:
    return "yes"


numbered: User = NumberedUser()  # refused
plain: UserStore = PlainStore()  # refused
deaf: EventSink = DeafSink()  # refused
loose: OneTimeStore = LooseIds()  # refused
half: Stores = HalfAStore()  # refused
swapped: SessionStore = sql_stores("sqlite+aiosqlite:///x.db").one_time  # refused
sql_stores("sqlite+aiosqlite:///x.db", create_table=True)  # refused
sql_stores("sqlite+aiosqlite:///x.db", None)  # refused
redis_stores("redis://127.0.0.1", "prefix")  # refused
redis_stores(6379)  # refused
kit = JWTKit(Settings(env="dev"), users=PlainStore())  # refused
JWTKit(Settings(env="dev"), stores=sql_stores("sqlite+aiosqlite:///x.db").sessions)  # refused
JWTKit(Settings(env="dev"), throttle="off")  # refused
guard = require_scopes(["tasks:read"])  # refused
require_scopes("a", covers=len)  # refused
acting_as("app", "ann")  # refused
acting_as(FastAPI(), "ann", scopes=1)  # refused
acting_as(FastAPI(), "ann", auth_tme=1)  # refused
forge(FastAPI(), "expird")  # refused
assert_token_dead(FastAPI(), b"token")  # refused
require_policy(maybe)  # refused
policy(asks_a_store)  # refused
policy(maybe)  # refused
has_roles("admin") & True  # refused
require_auth(300)  # refused
wider = require_scopes("a", any_of=1)  # refused
positional = Principal("ann")  # refused
plain_mailer: Mailer = PlainMailer()  # refused
hasty: EmailUserStore = HastyStore()  # refused
JWTKit(Settings(env="dev"), mailer=PlainMailer())  # refused


class TestIds(OneTimeStoreContract):
    async def now(self) -> float:  # refused
        return 0.0

    def step(self, seconds: str) -> None: ...  # refused


class TestPeople(RegisteringUserStoreContract):
    async def remove_user(self, user_id: str) -> None: ...  # refused


def change(principal: Principal, pair: TokenPair, session: Session) -> None:
    principal.subject = "bob"  # refused
    pair.access_token = ""  # refused
    session.counter += 1  # refused


async def misuse(kit: JWTKit) -> None:
    number: int = await kit.verify("token")  # refused
    print(kit.verify("token").subject, number)  # refused
    await kit.rotate(b"bytes")  # refused
    await kit.close("sid")  # refused
    print(kit.verify_fast(b"token").subject)  # refused
    await kit.login("ann", "password")  # refused
    await kit.accounts.change_password("1", current="a", new="b")  # refused
    await kit.accounts.reset_password("token", new="b")  # refused
    kit.accounts.can("password-rest")  # refused
