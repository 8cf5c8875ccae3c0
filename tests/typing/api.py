"""What mypy and pyright, both strict, must accept from somebody who uses the package.

Never run: types alone are at stake. What they must refuse is in ``refused.py``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, assert_type

import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from fastapi_jwtkit import (
    JWTAuth,
    JWTKit,
    JWTKitError,
    KeyRing,
    Session,
    Settings,
    TokenPair,
)
from fastapi_jwtkit.accounts.sync_users import SyncUserStore
from fastapi_jwtkit.accounts.throttle import LimitsThrottle, read_rates
from fastapi_jwtkit.claims import Claims
from fastapi_jwtkit.credentials import Credentials
from fastapi_jwtkit.events import AuthEvent
from fastapi_jwtkit.keys.signing_key import SigningKey
from fastapi_jwtkit.protocols import (
    ClaimsFor,
    Clock,
    EventSink,
    RegisteringUserStore,
    RevocationStore,
    SessionStore,
    Stores,
    User,
    UserStore,
)
from fastapi_jwtkit.records import FeedPage, NewUser, RevocationEntry
from fastapi_jwtkit.stores.from_url import stores_from_url
from fastapi_jwtkit.stores.memory import MemoryCounterStore
from fastapi_jwtkit.stores.redis import RedisStores, redis_stores
from fastapi_jwtkit.stores.sqlalchemy import JWTKitTables, SQLStores, sql_stores, tables
from fastapi_jwtkit.stores.sqlalchemy.users import SQLUserStore, UserColumns
from fastapi_jwtkit.testing.contracts import (
    RegisteringUserStoreContract,
    RevocationStoreContract,
    SessionStoreContract,
)
from fastapi_jwtkit.throttling import CounterStore, Throttle

# --- parts of one's own, by shape: no base class, no cast --------------------------------


@dataclass(frozen=True)
class Person:
    id: str
    login: str
    password_hash: str | None
    is_active: bool
    scopes: frozenset[str]
    roles: list[str]
    permissions: tuple[str, ...]


@dataclass
class Row:
    """An ORM row can be written to; that is nobody's business here."""

    id: str
    login: str
    password_hash: str
    is_active: bool
    scopes: set[str]
    roles: set[str]
    permissions: set[str]


class People:
    async def find_by_login(self, login: str, /) -> Person | None: ...
    async def find_by_id(self, user_id: str, /) -> Person | None: ...
    async def set_password_hash(
        self, user_id: str, password_hash: str, /, *, expected: str | None
    ) -> bool:
        return expected is None

    async def add(self, new: NewUser, /) -> Person:
        return Person(new.login, new.login, new.password_hash, True, new.scopes, [], ())


class Table:
    """Its parameters have names of its own, and it takes no new users."""

    async def find_by_login(self, name: str) -> Row | None: ...
    async def find_by_id(self, key: str) -> Row | None: ...
    async def set_password_hash(self, key: str, new: str, *, expected: str | None) -> bool:
        return expected is None


class PlainTable:
    def find_by_login(self, login: str, /) -> Row | None: ...
    def find_by_id(self, user_id: str, /) -> Row | None: ...
    def set_password_hash(
        self, user_id: str, password_hash: str, /, *, expected: str | None
    ) -> bool:
        return expected is None


class Sink:
    def emit(self, event: AuthEvent) -> None:
        assert_type(event.subject, str | None)
        assert_type(event.detail, Mapping[str, str | int])


class Stopped:
    def now(self) -> float:
        return 0.0

    def monotonic(self) -> float:
        return 0.0


async def claims_for(user: User) -> dict[str, Any]:
    return {"tenant": user.login}


user: User = Person("1", "ann", None, True, frozenset(), [], ())
store: UserStore = People()
registering: RegisteringUserStore = People()
table: UserStore = Table()
wrapped: UserStore = SyncUserStore(PlainTable())
sink: EventSink = Sink()
clock: Clock = Stopped()
extra: ClaimsFor = claims_for

# --- the kit ------------------------------------------------------------------------------

kit = JWTKit(
    Settings(env="dev", issuer="https://example.com"),
    users=People(),
    claims_for=claims_for,
    events=[Sink()],
    clock=Stopped(),
)


async def use_the_kit() -> None:
    credentials = Credentials(login="ann", password=SecretStr("correct horse battery"))
    assert_type(await kit.register(credentials), User)
    pair = await kit.login(credentials, scopes=frozenset({"tasks:read"}))
    assert_type(pair, TokenPair)
    assert_type(pair.scope, frozenset[str])
    assert_type(pair.session, Session)
    assert_type(await kit.open_session(user, amr=("swk",)), TokenPair)
    assert_type(await kit.rotate(pair.refresh_token), TokenPair)
    claims = await kit.verify(pair.access_token)
    assert_type(claims, Claims)
    assert_type(claims.expires_at, float)
    assert_type(kit.verify_fast(pair.access_token.encode()), Claims | None)
    assert_type(await kit.list_sessions("1"), Sequence[Session])
    assert_type(await kit.close_all("1"), int)
    assert_type(await kit.expire_claims("1"), int)
    await kit.close(await kit.prove_access(pair.access_token))


# --- stores -------------------------------------------------------------------------------

in_sql = sql_stores("sqlite+aiosqlite:///./app.db", create_tables=True, poll=0.5)
in_redis = redis_stores("redis://127.0.0.1", prefix="shop")
assert_type(in_sql, SQLStores)
assert_type(in_redis, RedisStores)
assert_type(stores_from_url("redis://127.0.0.1"), Stores)
anywhere: list[Stores] = [in_sql, in_redis]
shared = JWTKit(Settings(env="dev"), users=People(), stores=in_sql)
apart = JWTKit(Settings(env="dev"), sessions=in_sql.sessions, revocations=in_redis.revocations)
assert_type(JWTAuth.from_env(users=People(), stores=in_redis), JWTAuth)
counted: list[CounterStore] = [in_sql.counters, in_redis.counters, MemoryCounterStore()]
throttle: Throttle = LimitsThrottle(counted[0], read_rates(Settings(env="dev")))
limited = JWTKit(Settings(env="dev", throttle_guesses="5/minute"), throttle=throttle)


class Model(DeclarativeBase):
    pass


class Account(UserColumns, Model):
    __tablename__ = "accounts"
    city: Mapped[str | None] = mapped_column()


assert_type(tables(Model.metadata), JWTKitTables)
accounts: UserStore = SQLUserStore(create_async_engine("sqlite+aiosqlite:///x.db"), model=Account)


class Feed:
    """A feed of one's own."""

    sync_after = 1.0

    async def publish(self, realm: str, entries: Sequence[RevocationEntry]) -> None: ...
    async def snapshot(self, realm: str) -> FeedPage:
        return FeedPage(entries=(), position="0", whole=True, born_at=0.0)

    async def follow(self, realm: str, position: str) -> FeedPage:
        return await self.snapshot(realm)


async def use_the_stores() -> None:
    assert_type(await in_sql.prepare(), Sequence[str])
    assert_type(await shared.prune(), int)
    page = await in_redis.revocations.snapshot("shop")
    assert_type(page.whole, bool)
    assert_type(await in_redis.one_time.consume("shop", "id", expires_at=1.0), bool)


# A contract takes its store from a fixture: synchronous or not, of any type that fits.


class TestFeed(RevocationStoreContract):
    @pytest.fixture
    def store(self) -> RevocationStore:
        return Feed()

    def step(self, seconds: float) -> None: ...


class TestSessions(SessionStoreContract):
    slack = 0.0

    @pytest.fixture
    async def store(self) -> AsyncIterator[SessionStore]:
        yield in_sql.sessions
        await in_sql.close()

    def step(self, by: float, /) -> None: ...


class TestAccounts(RegisteringUserStoreContract):
    @pytest.fixture
    def store(self) -> UserStore:
        return accounts

    async def remove_user(self, _: UserStore, user_id: str) -> None: ...


def use_keys() -> None:
    ring = KeyRing.generate("EdDSA", now=0.0)
    assert_type(ring, KeyRing)
    assert_type(ring.active, SigningKey)
    assert_type(ring.find("kid"), SigningKey | None)
    assert_type(KeyRing.from_text(ring.to_text()), KeyRing)


def errors_have_reasons(error: JWTKitError) -> str:
    return error.reason
