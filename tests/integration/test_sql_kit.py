"""A kit on SQL: several kits and restarts see one truth, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from fastapi_jwtkit.clock import SystemClock
from fastapi_jwtkit.errors import (
    InvalidGrantError,
    InvalidTokenError,
)
from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.keys.secret_ring import SecretRing
from fastapi_jwtkit.kit import JWTKit
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from fastapi_jwtkit.settings import Settings
from fastapi_jwtkit.stores.sqlalchemy import sql_stores
from fastapi_jwtkit.stores.sqlalchemy.users import SQLUser, SQLUserStore
from kits import SCOPES, credentials
from sql_databases import sqlite_threads_ended

ISSUER = "https://sql.example"


class Place:
    """A database that several kits share, each with an engine of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        now = SystemClock().now()
        self._settings: dict[str, Any] = {
            "env": "dev",
            "issuer": ISSUER,
            "keys": SecretStr(KeyRing.generate(now=now).to_text()),
            "refresh_secrets": SecretStr(SecretRing.generate(now=now).to_text()),
            "default_scopes": SCOPES,
        }

    @contextlib.asynccontextmanager
    async def kit(self, **settings: Any) -> AsyncIterator[JWTKit]:
        """Return a kit as a worker would make it, and stop it as a worker would."""
        stores = sql_stores(self.url)
        await stores.create_tables()
        users = SQLUserStore(stores.engine)
        await users.create_tables()
        kit = JWTKit(
            Settings(**(self._settings | settings)),
            users=users,
            sessions=stores.sessions,
            revocations=stores.revocations,
            one_time=stores.one_time,
            hasher=PasslibHasher.cheap_for_tests(),
        )
        try:
            yield kit
        finally:
            await kit.stop()
            await stores.close()


@pytest.fixture(params=["sqlite", "postgresql"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """Return an empty database of each kind."""
    if request.param == "sqlite":
        yield Place(f"sqlite+aiosqlite:///{tmp_path / 'kit.db'}")
        await sqlite_threads_ended()
        return
    url: str = request.getfixturevalue("postgres_url")
    engine = create_async_engine(url)
    await clear(engine)
    yield Place(url)
    await clear(engine)
    await engine.dispose()


async def clear(engine: AsyncEngine) -> None:
    """Drop the tables of this package, where the tests use them without a schema."""
    metadata = MetaData()
    stores = sql_stores(engine, metadata=metadata)
    async with engine.begin() as connection:
        await connection.run_sync(stores.tables.sessions.metadata.drop_all)
        await connection.run_sync(SQLUser.metadata.drop_all)


async def test_fifty_refreshes_of_one_token_over_two_kits_converge(place: Place) -> None:
    """Each is answered, and all with the same successor."""
    async with place.kit() as one, place.kit() as two:
        await one.register(credentials())
        pair = await one.login(credentials())
        pairs = await asyncio.gather(
            *(kit.rotate(pair.refresh_token) for kit in (one, two) for _ in range(25))
        )
        assert len({answer.refresh_token for answer in pairs}) == 1
        [session] = await two.list_sessions(pair.session.subject)
        assert session.counter == 1


async def test_a_logout_is_seen_by_another_kit_within_its_poll(place: Place) -> None:
    """The other polls each second, and its map is stale after two and a half."""
    async with place.kit() as one, place.kit() as two:
        await one.register(credentials())
        pair = await one.login(credentials())
        await two.verify(pair.access_token)
        await one.close(await one.prove_refresh(pair.refresh_token))
        async with asyncio.timeout(2.5):
            while await is_alive(two, pair.access_token):  # noqa: ASYNC110 - the map has no event
                await asyncio.sleep(0.05)
        with pytest.raises(InvalidGrantError):
            await two.rotate(pair.refresh_token)


async def is_alive(kit: JWTKit, token: str) -> bool:
    """Say whether a kit takes the token, as its guards do."""
    try:
        if kit.verify_fast(token.encode()) is None:
            await kit.verify(token)
    except InvalidTokenError:
        return False
    return True


async def test_everything_survives_a_restart(place: Place) -> None:
    """Logins, logouts and users are where they were, in a new kit on a new engine."""
    async with place.kit() as before:
        await before.register(credentials())
        kept = await before.login(credentials())
        closed = await before.login(credentials())
        await before.close(await before.prove_refresh(closed.refresh_token))
    async with place.kit() as after:
        claims = await after.verify(kept.access_token, strict=True)
        assert claims.session_id == kept.session.sid
        assert (await after.rotate(kept.refresh_token)).session.counter == 1
        with pytest.raises(InvalidTokenError):
            await after.verify(closed.access_token)
        with pytest.raises(InvalidGrantError):
            await after.rotate(closed.refresh_token)
        assert (await after.login(credentials())).session.subject == kept.session.subject


@pytest.mark.std(103)
async def test_a_reuse_ends_the_session_although_the_answer_is_an_error(place: Place) -> None:
    """What was written before the error stays written, for every kit."""
    async with place.kit(grace=0) as one:
        await one.register(credentials())
        first = await one.login(credentials())
        second = await one.rotate(first.refresh_token)
        with pytest.raises(InvalidGrantError):
            await one.rotate(first.refresh_token)
    async with place.kit(grace=0) as two:
        with pytest.raises(InvalidTokenError):
            await two.verify(second.access_token)
        with pytest.raises(InvalidGrantError):
            await two.rotate(second.refresh_token)
        assert await two.list_sessions(first.session.subject) == []


async def test_what_was_thrown_away_is_checked_against_the_rows(place: Place) -> None:
    """A feed that was emptied revives no token: its birth is younger than they are."""
    async with place.kit() as one:
        await one.register(credentials())
        live, dead = await one.login(credentials()), await one.login(credentials())
        await one.close(await one.prove_refresh(dead.refresh_token))
    engine = create_async_engine(place.url)
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM jwtkit_revocations"))
    await engine.dispose()
    async with place.kit() as two:
        await two.verify(live.access_token)
        with pytest.raises(InvalidTokenError):
            await two.verify(dead.access_token)


def test_each_event_loop_has_an_engine_of_its_own(place: Place) -> None:
    """As with a test client per test, or an event loop per thread."""

    async def serve() -> str:
        async with place.kit() as kit:
            if await kit.users.find_by_login("ann") is None:  # type: ignore[union-attr]
                await kit.register(credentials())
            subject = (await kit.login(credentials())).session.subject
        await sqlite_threads_ended()
        return subject

    assert len({asyncio.run(serve()) for _ in range(3)}) == 1
