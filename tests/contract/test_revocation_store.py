"""Every revocation feed keeps the promises of the port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from clocks import FakeClock
from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.protocols import RevocationStore
from fastapi_jwtkit.records import FeedPage, RevocationEntry
from fastapi_jwtkit.stores.memory import MemoryRevocationStore
from fastapi_jwtkit.stores.sqlalchemy import DatabaseTime, SQLRevocationStore
from sql_databases import Database, StandingTime, postgres_database, sqlite_database

REALM = "https://a.example"
POLL = 0.01


class RevocationStoreContract:
    """Subclass it, give ``store`` and ``clock``, and run."""

    @pytest.fixture
    def clock(self) -> FakeClock:
        """Return the store's own clock."""
        return FakeClock()

    def entry(self, kind: Any, value: str, **changes: Any) -> RevocationEntry:
        """Return an entry."""
        return RevocationEntry(kind=kind, value=value, **changes)

    async def test_what_was_published_is_in_the_state(self, store: RevocationStore) -> None:
        """Every kind and every field comes back."""
        entries = {
            self.entry("sid", "s1", reason="logout", expires_at=2_000_000_000.5),
            self.entry("sid", "s2", min_epoch=3, expires_at=2_000_000_000.0),
            self.entry("jti", "s1", expires_at=2_000_000_000.0),
            self.entry("subject", "u1", not_before=1_800_000_000.25, expires_at=2e9),
            self.entry("kid", "k1"),
        }
        await store.publish(REALM, tuple(entries))
        assert set((await store.snapshot(REALM)).entries) == entries

    async def test_a_realm_has_a_feed_of_its_own(self, store: RevocationStore) -> None:
        """Realms share a store and not an entry."""
        await store.publish(REALM, [self.entry("sid", "s1")])
        assert (await store.snapshot("https://b.example")).entries == ()

    async def test_a_follower_hears_what_came_after(self, store: RevocationStore) -> None:
        """Once is enough; the position moves on."""
        page = await store.snapshot(REALM)
        await store.publish(REALM, [self.entry("sid", "s1")])
        page = await store.follow(REALM, page.position)
        assert self.entry("sid", "s1") in page.entries
        await store.publish(REALM, [self.entry("sid", "s2")])
        page = await store.follow(REALM, page.position)
        assert self.entry("sid", "s2") in page.entries

    async def test_followers_that_publish_at_once_all_hear_everything(
        self, store: RevocationStore
    ) -> None:
        """No entry is lost between writers that race."""
        page = await store.snapshot(REALM)
        entries = [self.entry("sid", f"s{number}") for number in range(50)]
        heard: set[RevocationEntry] = set()

        async def listen(page: FeedPage) -> None:
            while len(heard) < len(entries):
                page = await store.follow(REALM, page.position)
                heard.update(page.entries)

        async with asyncio.timeout(20):
            await asyncio.gather(
                listen(page), *(store.publish(REALM, [entry]) for entry in entries)
            )
        assert heard == set(entries)

    async def test_an_entry_is_forgotten_when_it_is_over(
        self, store: RevocationStore, clock: FakeClock
    ) -> None:
        """What names no time is never over."""
        await store.publish(
            REALM,
            [self.entry("sid", "s1", expires_at=clock.now() + 100), self.entry("kid", "k1")],
        )
        clock.step(100)
        assert (await store.snapshot(REALM)).entries == (self.entry("kid", "k1"),)

    async def test_the_birth_stays_the_same(self, store: RevocationStore, clock: FakeClock) -> None:
        """What was revoked after it, the state knows."""
        born_at = (await store.snapshot(REALM)).born_at
        clock.step(100)
        await store.publish(REALM, [self.entry("sid", "s1")])
        page = await store.snapshot(REALM)
        assert page.born_at == born_at
        assert (await store.follow(REALM, page.position)).born_at == born_at


class TestMemoryRevocationStore(RevocationStoreContract):
    """In one process."""

    @pytest.fixture
    def store(self, clock: FakeClock) -> MemoryRevocationStore:
        """Return an empty store."""
        return MemoryRevocationStore(clock=clock)


class SQLRevocationStoreContract(RevocationStoreContract):
    """What holds for SQL beside the port; a subclass gives the database."""

    @pytest.fixture
    def database(self) -> Database:
        """Return an empty database."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, database: Database, clock: FakeClock) -> SQLRevocationStore:
        """Return an empty store whose time stands still."""
        return SQLRevocationStore(
            database.engine, tables=database.tables, time=StandingTime(clock), poll=POLL
        )

    def test_a_map_is_stale_after_two_polls_and_a_half(self, database: Database) -> None:
        """A followed map is never stale."""
        assert SQLRevocationStore(database.engine).sync_after == 2.5

    async def test_an_entry_grows_and_never_shrinks(self, store: SQLRevocationStore) -> None:
        """Whoever reads the state anew must not know less than who followed it."""
        await store.publish(REALM, [self.entry("sid", "s1", min_epoch=3, expires_at=2e9)])
        await store.publish(REALM, [self.entry("sid", "s1", min_epoch=2, expires_at=3e9)])
        assert (await store.snapshot(REALM)).entries == (
            self.entry("sid", "s1", min_epoch=3, expires_at=3e9),
        )
        both = [
            self.entry("sid", "s1", expires_at=1.9e9, reason="logout"),
            self.entry("sid", "s1", min_epoch=9, expires_at=1.9e9, reason="logout"),
        ]
        await store.publish(REALM, both)
        assert (await store.snapshot(REALM)).entries == (
            self.entry("sid", "s1", expires_at=3e9, reason="logout"),
        )

    async def test_an_entry_that_is_over_leaves_nothing_behind(
        self, store: SQLRevocationStore, clock: FakeClock
    ) -> None:
        """A subject that was wholly revoked once is not so for ever."""
        await store.publish(REALM, [self.entry("subject", "u1", expires_at=clock.now() + 10)])
        clock.step(11)
        later = self.entry("subject", "u1", not_before=5.0, expires_at=clock.now() + 10)
        await store.publish(REALM, [later])
        assert (await store.snapshot(REALM)).entries == (later,)

    async def test_a_follower_hears_of_an_entry_that_grew(self, store: SQLRevocationStore) -> None:
        """It gets a new number."""
        await store.publish(REALM, [self.entry("sid", "s1", min_epoch=3)])
        page = await store.snapshot(REALM)
        await store.publish(REALM, [self.entry("sid", "s1")])
        assert self.entry("sid", "s1") in (await store.follow(REALM, page.position)).entries

    async def test_what_was_read_long_ago_is_not_read_again(
        self, store: SQLRevocationStore, clock: FakeClock
    ) -> None:
        """A poll costs what is new, not what there is."""
        await store.publish(REALM, [self.entry("sid", "s1")])
        page = await store.snapshot(REALM)
        assert len((await store.follow(REALM, page.position)).entries) == 1
        for _ in range(3):
            clock.step(6)
            page = await store.follow(REALM, page.position)
        assert page.entries == ()
        clock.step(60)
        assert len((await store.follow(REALM, page.position)).entries) == 1

    async def test_a_follower_of_a_table_that_was_emptied_hears_of_its_new_birth(
        self, store: SQLRevocationStore, clock: FakeClock, database: Database
    ) -> None:
        """What the state forgot is then looked up in the rows of the sessions."""
        page = await store.snapshot(REALM)
        clock.step(1)
        async with database.engine.begin() as connection:
            await connection.execute(delete(database.tables.revocations))
        again = await store.follow(REALM, page.position)
        assert again.born_at == page.born_at + 1

    async def test_a_position_of_another_store_reads_everything(
        self, store: SQLRevocationStore
    ) -> None:
        """A follower that cannot know where it stands starts anew."""
        await store.publish(REALM, [self.entry("sid", "s1")])
        assert len((await store.follow(REALM, "17-0")).entries) == 1

    async def test_many_entries_are_published_at_once(self, store: SQLRevocationStore) -> None:
        """As many as a subject may have sessions."""
        entries = {self.entry("sid", f"s{number}") for number in range(2_500)}
        await store.publish(REALM, tuple(entries))
        await store.publish(REALM, [])
        assert set((await store.snapshot(REALM)).entries) == entries

    async def test_entries_that_are_over_are_deleted(
        self, store: SQLRevocationStore, clock: FakeClock, database: Database
    ) -> None:
        """A few with each publish, and the rest by ``prune``; the birth stays."""
        old = [self.entry("sid", f"s{n}", expires_at=clock.now() + 1) for n in range(50)]
        await store.publish(REALM, old)
        born_at = (await store.snapshot(REALM)).born_at
        clock.step(2)
        await store.publish(REALM, [self.entry("sid", "new")])
        assert await store.prune() == 30
        async with database.engine.connect() as connection:
            statement = select(func.count()).select_from(database.tables.revocations)
            assert (await connection.execute(statement)).scalar_one() == 2
        assert (await store.snapshot(REALM)).born_at == born_at

    async def test_an_entry_of_a_later_format_lets_nobody_in(
        self, store: SQLRevocationStore, database: Database
    ) -> None:
        """What it kills is not known, so the map must grow stale."""
        await store.publish(REALM, [self.entry("sid", "s1")])
        async with database.engine.begin() as connection:
            await connection.execute(update(database.tables.revocations).values(version=2))
        with pytest.raises(StoreUnavailableError, match="revocation_version_unknown"):
            await store.snapshot(REALM)

    async def test_the_birth_is_told_by_the_clock_of_the_database(self, database: Database) -> None:
        """Without a clock of the tests the database's own decides."""
        time = DatabaseTime(offset=0)
        store = SQLRevocationStore(database.engine, tables=database.tables, time=time)
        pages = await asyncio.gather(*(store.snapshot(REALM) for _ in range(8)))
        assert len({page.born_at for page in pages}) == 1
        await store.publish(REALM, [self.entry("sid", "s1", expires_at=pages[0].born_at + 100)])
        assert len((await store.snapshot(REALM)).entries) == 1
        time.offset = 101
        assert (await store.snapshot(REALM)).entries == ()


class TestSQLiteRevocationStore(SQLRevocationStoreContract):
    """In a file."""

    @pytest.fixture
    async def database(self, tmp_path: Path) -> AsyncIterator[Database]:  # type: ignore[override]
        """Return an empty database."""
        async with sqlite_database(tmp_path) as database:
            yield database


class TestPostgreSQLRevocationStore(SQLRevocationStoreContract):
    """On a real server."""

    @pytest.fixture
    async def database(self, postgres_url: str) -> AsyncIterator[Database]:  # type: ignore[override]
        """Return an empty database."""
        async with postgres_database(postgres_url) as database:
            yield database

    async def test_an_entry_that_commits_late_is_heard(
        self, store: SQLRevocationStore, clock: FakeClock, database: Database
    ) -> None:
        """Numbers are given before they are committed: the later one shows first."""
        table = database.tables.revocations
        page = await store.snapshot(REALM)
        row = {"realm": REALM, "kind": "sid", "value": "slow", "version": 1, "reason": ""}
        async with database.engine.connect() as slow:
            await slow.execute(table.insert().values(**row, added_at=clock.now()))
            await store.publish(REALM, [self.entry("sid", "quick")])
            for _ in range(4):
                page = await store.follow(REALM, page.position)
                assert [entry.value for entry in page.entries] == ["quick"]
                clock.step(1)
            await slow.commit()
        page = await store.follow(REALM, page.position)
        assert {entry.value for entry in page.entries} == {"quick", "slow"}
