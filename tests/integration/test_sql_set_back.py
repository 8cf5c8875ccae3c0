"""Followers of a database that was set back to a backup while nobody's connection ended."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from clocks import FakeClock
from fastapi_jwtkit.records import RevocationEntry
from fastapi_jwtkit.stores.sqlalchemy import SQLRevocationStore
from sql_databases import StandingTime, sqlite_database, sqlite_threads_ended

REALM = "https://a.example"


def copy(source: Path, target: Path) -> None:
    """Copy a database as SQLite itself does, whoever has it open."""
    with closing(sqlite3.connect(source)) as of, closing(sqlite3.connect(target)) as to:
        of.backup(to)


def entry(sid: str) -> RevocationEntry:
    """Return the entry that ends a session."""
    return RevocationEntry(kind="sid", value=sid)


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock to step."""
    return FakeClock()


@pytest.fixture
async def store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[SQLRevocationStore]:
    """Return an empty store whose time stands still."""
    async with sqlite_database(tmp_path) as database:
        yield SQLRevocationStore(
            database.engine, tables=database.tables, time=StandingTime(clock), poll=0.01
        )
    await sqlite_threads_ended()


@pytest.mark.parametrize("new", [1, 4, 9])
async def test_a_follower_hears_what_a_database_that_was_set_back_numbers_again(
    store: SQLRevocationStore, clock: FakeClock, tmp_path: Path, new: int
) -> None:
    """And of the whole state, so that it can put back what was forgotten."""
    live, backup = tmp_path / "test.db", tmp_path / "backup.db"
    await store.publish(REALM, [entry("old")])
    page = await store.snapshot(REALM)
    copy(live, backup)
    await store.publish(REALM, [entry(f"forgotten{number}") for number in range(4)])
    for _ in range(4):  # what is younger than a few seconds is read again and again anyway
        clock.step(6)
        page = await store.follow(REALM, page.position)
    copy(backup, live)
    published = [entry(f"new{number}") for number in range(new)]
    await store.publish(REALM, published)
    page = await store.follow(REALM, page.position)
    assert set(page.entries) == {entry("old"), *published}
    assert page.whole


@pytest.mark.parametrize("new", [0, 1, 2])
async def test_a_backup_may_be_as_young_as_the_last_poll(
    store: SQLRevocationStore, clock: FakeClock, tmp_path: Path, new: int
) -> None:
    """What a follower heard of last is gone, though all that is older is there."""
    live, backup = tmp_path / "test.db", tmp_path / "backup.db"
    await store.publish(REALM, [entry("old")])
    page = await store.snapshot(REALM)
    copy(live, backup)
    clock.step(6)
    await store.publish(REALM, [entry("forgotten")])
    page = await store.follow(REALM, page.position)
    assert entry("forgotten") in page.entries
    copy(backup, live)
    clock.step(1)
    published = [entry(f"new{number}") for number in range(new)]
    await store.publish(REALM, published)
    page = await store.follow(REALM, page.position)
    assert (page.whole, set(page.entries)) == (True, {entry("old"), *published})


async def test_an_entry_that_grows_again_and_again_makes_few_reads_whole(
    store: SQLRevocationStore, clock: FakeClock
) -> None:
    """Whoever logs out in a loop must not make every worker read everything each second."""
    page = await store.snapshot(REALM)
    whole = 0
    for _ in range(20):
        clock.step(1)
        until = clock.now() + 600
        await store.publish(REALM, [RevocationEntry(kind="sid", value="s1", expires_at=until)])
        page = await store.follow(REALM, page.position)
        assert [grown.expires_at for grown in page.entries] == [until]
        whole += page.whole
    assert 0 < whole <= 10


async def test_a_follower_that_stands_on_an_entry_that_is_over_reads_everything(
    store: SQLRevocationStore, clock: FakeClock
) -> None:
    """It cannot tell the one from the other, and reading once more harms nobody."""
    await store.publish(
        REALM, [RevocationEntry(kind="sid", value="s1", expires_at=clock.now() + 30)]
    )
    page = await store.snapshot(REALM)
    for _ in range(4):
        clock.step(6)
        page = await store.follow(REALM, page.position)
        assert not page.whole
    clock.step(7)
    assert (await store.follow(REALM, page.position)).whole
    assert not (await store.follow(REALM, (await store.snapshot(REALM)).position)).whole


async def test_a_follower_hurries_after_its_database_went_back(
    tmp_path: Path, clock: FakeClock
) -> None:
    """What others put back reaches it within a part of a poll, for some seconds."""
    poll = 1.5
    live, backup = tmp_path / "test.db", tmp_path / "backup.db"
    async with sqlite_database(tmp_path) as database:
        other, slow = (
            SQLRevocationStore(
                database.engine, tables=database.tables, time=StandingTime(clock), poll=each
            )
            for each in (0.01, poll)
        )
        await other.publish(REALM, [entry("old")])
        page = await slow.snapshot(REALM)
        copy(live, backup)
        clock.step(6)
        await other.publish(REALM, [entry("forgotten")])
        page = await slow.follow(REALM, page.position)
        copy(backup, live)
        clock.step(6)
        page = await slow.follow(REALM, page.position)
        assert page.whole
        await other.publish(REALM, [entry("forgotten")])
        async with asyncio.timeout(poll / 2):
            page = await slow.follow(REALM, page.position)
        assert entry("forgotten") in page.entries
    await sqlite_threads_ended()
