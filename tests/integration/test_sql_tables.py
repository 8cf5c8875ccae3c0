"""How the tables come to be: by the first statement, and by several workers at once."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import update
from sqlalchemy.ext.asyncio import create_async_engine

from fastapi_jwtkit import JWTAuth, JWTKit, Settings
from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.stores.memory.users import MemoryUserStore
from fastapi_jwtkit.stores.sqlalchemy import LoopEngines, SQLStores, sql_stores
from fastapi_jwtkit.testing.contracts.session_data import REALM, new_session
from kits import PASSWORD
from sql_databases import sqlite_threads_ended, statements_of, tables_at

OURS = {"jwtkit_sessions", "jwtkit_revocations", "jwtkit_one_time", "jwtkit_counters"}
PERSON = {"username": "ann", "password": PASSWORD}


FIRST: list[Callable[[SQLStores], Awaitable[object]]] = [
    lambda stores: stores.prepare(),
    lambda stores: stores.sessions.add(new_session()),
    lambda stores: stores.sessions.find(REALM, "s1"),
    lambda stores: stores.revocations.snapshot(REALM),
    lambda stores: stores.one_time.consume(REALM, "t1", expires_at=2e9),
    lambda stores: stores.counters.increment(REALM, "k", by=1, window=60),
    lambda stores: stores.prune(),
]


@pytest.mark.parametrize("first", range(len(FIRST)))
async def test_whatever_comes_first_creates_the_tables(empty_url: str, first: int) -> None:
    """Under a test client without ``with`` no application is ever started."""
    stores = sql_stores(empty_url, create_tables=True)
    await FIRST[first](stores)
    await stores.close()
    assert await tables_at(empty_url) == OURS


async def test_callers_at_once_share_one_creation_and_later_ones_pay_none(
    empty_url: str,
) -> None:
    """The lock is taken once, and then never asked for again."""
    stores = sql_stores(empty_url, create_tables=True)
    assert isinstance(stores.engine, LoopEngines)
    with statements_of(stores.engine.here()) as noted:
        await asyncio.gather(
            *(stores.sessions.find(REALM, f"s{n}") for n in range(10)),
            *(stores.revocations.publish(REALM, []) for _ in range(10)),
        )
        texts = [statement for statement, _ in noted]
        assert sum("CREATE TABLE" in text for text in texts) == 4
        assert sum("BEGIN IMMEDIATE" in text or "advisory" in text for text in texts) == 1
        noted.clear()
        await stores.sessions.find(REALM, "s1")
        assert len(noted) == 1
    await stores.close()


async def test_who_gives_up_does_not_take_the_tables_of_the_others(empty_url: str) -> None:
    """The request that came first was cancelled; those that wait are answered."""
    stores = sql_stores(empty_url, create_tables=True)
    first = asyncio.create_task(stores.sessions.find(REALM, "s1"))
    others = [asyncio.create_task(stores.sessions.find(REALM, f"s{n}")) for n in range(3)]
    await asyncio.sleep(0)
    first.cancel()
    assert await asyncio.gather(*others) == [None] * 3
    assert first.cancelled()
    await stores.close()


async def test_nobody_creates_tables_who_was_not_told_to(empty_url: str) -> None:
    """Where Alembic migrates, a table that is missing is an error."""
    stores = sql_stores(empty_url)
    assert await stores.prepare() == ()
    with pytest.raises(StoreUnavailableError):
        await stores.sessions.find(REALM, "s1")
    await stores.close()
    assert await tables_at(empty_url) == set()


async def test_a_creation_that_failed_is_tried_again(tmp_path: Path) -> None:
    """Everybody who waited is told, and the next call finds the database."""
    folder = tmp_path / "later"
    stores = sql_stores(f"sqlite+aiosqlite:///{folder / 'x.db'}", create_tables=True)
    answers = await asyncio.gather(
        *(stores.sessions.find(REALM, "s1") for _ in range(3)), return_exceptions=True
    )
    assert [type(answer) for answer in answers] == [StoreUnavailableError] * 3
    folder.mkdir()
    assert await stores.sessions.find(REALM, "s1") is None
    await stores.close()
    await sqlite_threads_ended()


def test_an_application_that_is_never_started_keeps_sessions(empty_url: str) -> None:
    """Nothing but the URL was set, and the test client runs no lifespan."""
    kit = JWTKit(
        Settings(env="dev", issuer="https://never-started.example", store_url=SecretStr(empty_url)),
        users=MemoryUserStore(),
    )
    app = FastAPI()
    JWTAuth(kit).install(app)
    client = TestClient(app)
    assert client.post("/auth/register", json=PERSON).status_code == 201
    pair = client.post("/auth/login", json=PERSON).json()
    headers = {"Authorization": f"Bearer {pair['access_token']}"}
    assert answer(client, "GET", "/auth/me", headers) == 200
    assert answer(client, "POST", "/auth/logout", headers) == 204
    assert answer(client, "GET", "/auth/me", headers) == 401


def answer(client: TestClient, method: str, path: str, headers: dict[str, str]) -> int:
    """Return the status; each request reads the feed anew, and a busy machine is slow at that."""
    for _ in range(50):
        status = client.request(method, path, headers=headers).status_code
        if status != 503:
            return status
    return 503


async def test_a_kit_on_an_engine_of_ones_own_prunes_and_leaves_it_open(empty_url: str) -> None:
    """It is for its owner to dispose of."""
    engine = create_async_engine(empty_url)
    stores = sql_stores(engine, create_tables=True)
    kit = JWTKit(Settings(env="dev", issuer="https://prune.example"), stores=stores)
    for number in range(3):
        await stores.sessions.add(new_session(f"s{number}"))
    async with engine.begin() as connection:
        await connection.execute(update(stores.tables.sessions).values(absolute_expiry=1.0))
    assert await kit.prune() == 3
    await kit.stop()
    assert await stores.sessions.find(REALM, "s1") is None
    await engine.dispose()


# --- several processes -------------------------------------------------------------------


def test_several_processes_create_and_write_one_database(empty_url: str) -> None:
    """They wait for each other: one of all attempts wins, and nobody gets an error."""
    command = [sys.executable, "-W", "error", "-c", RACE, empty_url]
    racers = [
        subprocess.Popen([*command, str(n)], stdout=subprocess.PIPE, text=True)  # noqa: S603
        for n in range(3)
    ]
    try:
        won = [int(racer.communicate(timeout=60)[0]) for racer in racers]
    finally:
        for racer in racers:
            racer.kill()
            racer.communicate()
    assert [racer.returncode for racer in racers] == [0, 0, 0]
    assert sum(won) == 10


RACE = """
import asyncio, contextlib, sys
from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.records import Advance, NewSession
from fastapi_jwtkit.stores.sqlalchemy import sql_stores

async def race(empty_url, name):
    stores = sql_stores(empty_url, create_tables=True)
    with contextlib.suppress(StoreUnavailableError):  # another was first
        await stores.sessions.add(NewSession(
            realm="r", sid="s", line=b"l", subject="u", client_id="c", scope=None, audience=(),
            transport="bearer", auth_time=1, amr=(), mac_key_id="k", idle_ttl=1e6,
            absolute_ttl=1e6))
    won = 0
    for number in range(10):
        rows = await asyncio.gather(*(
            stores.sessions.advance("r", "s", Advance(presented=number, epoch=0, idle_ttl=1e6,
                mac_key_id="k", attempt=f"{name}-{number}-{n}")) for n in range(5)))
        won += sum(row is not None for row in rows)
        # The others are not to be left behind: a number above the counter wins as well.
        while (await stores.sessions.find("r", "s")).session.counter <= number:
            await asyncio.sleep(0.01)
    await stores.close()
    print(won)

asyncio.run(race(*sys.argv[1:]))
"""
