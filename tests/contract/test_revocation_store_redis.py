"""The Redis revocation feed keeps the promises of the port, on one server and on a Cluster."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from clocks import FakeClock
from contract.test_revocation_store import REALM, RevocationStoreContract
from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.stores.redis import RedisRevocationStore, ServerTime
from fastapi_jwtkit.stores.redis.keys import KeyNames
from fastapi_jwtkit.stores.redis.urls import client_maker
from redis_servers import StandingTime, clients_of, own_prefix


class RedisRevocationStoreContract(RevocationStoreContract):
    """What holds for Redis beside the port; a subclass gives the server."""

    @pytest.fixture
    def url(self) -> str:
        """Return where the server answers."""
        raise NotImplementedError

    @pytest.fixture
    def prefix(self) -> str:
        """Return a prefix that no other test has."""
        return own_prefix()

    @pytest.fixture
    def store(self, url: str, prefix: str, clock: FakeClock) -> RedisRevocationStore:
        """Return an empty store whose time stands still."""
        return RedisRevocationStore(clients_of(url), prefix=prefix, time=StandingTime(clock))

    def test_a_map_is_stale_after_a_second(self, store: RedisRevocationStore) -> None:
        """Two and a half times as long as a follower waits."""
        assert store.sync_after == 1.0

    async def test_an_entry_grows_and_never_shrinks(self, store: RedisRevocationStore) -> None:
        """Whoever reads the state anew must not know less than who followed it."""
        await store.publish(REALM, [self.entry("sid", "s1", min_epoch=3, expires_at=2e9)])
        await store.publish(REALM, [self.entry("sid", "s1", min_epoch=2, expires_at=3e9)])
        await store.publish(REALM, [self.entry("sid", "s1", min_epoch=2, expires_at=1.9e9)])
        assert (await store.snapshot(REALM)).entries == (
            self.entry("sid", "s1", min_epoch=3, expires_at=3e9),
        )
        both = [
            self.entry("sid", "s1", expires_at=1.9e9, reason="logout"),
            self.entry("sid", "s1", min_epoch=9, expires_at=1.9e9, reason="roles"),
        ]
        await store.publish(REALM, both)
        assert (await store.snapshot(REALM)).entries == (
            self.entry("sid", "s1", expires_at=3e9, reason="logout"),
        )

    async def test_an_entry_that_is_over_leaves_nothing_behind(
        self, store: RedisRevocationStore, clock: FakeClock
    ) -> None:
        """A subject that was wholly revoked once is not so for ever."""
        await store.publish(REALM, [self.entry("subject", "u1", expires_at=clock.now() + 10)])
        clock.step(11)
        later = self.entry("subject", "u1", not_before=5.0, expires_at=clock.now() + 10)
        await store.publish(REALM, [later])
        assert (await store.snapshot(REALM)).entries == (later,)

    async def test_a_follower_hears_of_an_entry_that_grew(
        self, store: RedisRevocationStore
    ) -> None:
        """And of one that lives longer; of one that was known already it does not."""
        await store.publish(REALM, [self.entry("sid", "s1", min_epoch=3, expires_at=2e9)])
        page = await store.snapshot(REALM)
        await store.publish(REALM, [self.entry("sid", "s1", min_epoch=3, expires_at=2e9)])
        await store.publish(REALM, [self.entry("sid", "s1", expires_at=2e9)])
        page = await store.follow(REALM, page.position)
        assert page.entries == (self.entry("sid", "s1", expires_at=2e9),)
        await store.publish(REALM, [self.entry("sid", "s1", expires_at=3e9)])
        page = await store.follow(REALM, page.position)
        assert page.entries == (self.entry("sid", "s1", expires_at=3e9),)
        assert (await store.follow(REALM, page.position)).entries == ()

    async def test_the_whole_state_comes_once_a_minute(
        self, store: RedisRevocationStore, clock: FakeClock
    ) -> None:
        """So that whatever went wrong is right within a minute."""
        await store.publish(REALM, [self.entry("sid", "s1")])
        page = await store.snapshot(REALM)
        clock.step(59)
        page = await store.follow(REALM, page.position)
        assert (page.whole, page.entries) == (False, ())
        clock.step(1)
        page = await store.follow(REALM, page.position)
        assert (page.whole, page.entries) == (True, (self.entry("sid", "s1"),))

    async def test_a_position_of_another_store_reads_everything(
        self, store: RedisRevocationStore
    ) -> None:
        """A follower that cannot know where it stands starts anew."""
        await store.publish(REALM, [self.entry("sid", "s1")])
        for position in ("", "17", "17-0:1:x:2.0:r", "x-y:1:1.0:2.0:r", "17-0:1:nan:2.0:r"):
            page = await store.follow(REALM, position)
            assert (page.whole, len(page.entries)) == (True, 1), position

    async def test_a_position_of_another_run_of_the_server_reads_everything(
        self, store: RedisRevocationStore
    ) -> None:
        """It may have lost what it did not write to its disk, or to its replica."""
        page = await store.snapshot(REALM)
        assert not (await store.follow(REALM, page.position)).whole
        *rest, run_id = page.position.split(":")
        assert (await store.follow(REALM, ":".join([*rest, run_id[::-1]]))).whole

    async def test_many_entries_are_published_at_once(self, store: RedisRevocationStore) -> None:
        """As many as a subject may have sessions, and more than a page of the state."""
        entries = {self.entry("sid", f"s{number}") for number in range(6_000)}
        await store.publish(REALM, tuple(entries))
        await store.publish(REALM, [])
        assert set((await store.snapshot(REALM)).entries) == entries

    async def test_a_follower_far_behind_reads_page_by_page(
        self, store: RedisRevocationStore
    ) -> None:
        """None is lost between the pages, and none comes twice."""
        page = await store.snapshot(REALM)
        entries = [self.entry("sid", f"s{number}") for number in range(2_500)]
        await store.publish(REALM, entries)
        heard = []
        for _ in range(3):
            page = await store.follow(REALM, page.position)
            assert not page.whole
            heard += page.entries
        assert heard == entries

    async def test_an_entry_of_a_later_format_lets_nobody_in(
        self, store: RedisRevocationStore, server: Redis, keys: KeyNames
    ) -> None:
        """What it kills is not known, so the map must grow stale."""
        page = await store.snapshot(REALM)
        later = b'[2,"sid","s1","whatever comes then"]'
        state, log = keys.feed(REALM)
        await server.execute_command("XADD", log, "*", "inf", later)
        with pytest.raises(StoreUnavailableError, match="revocation_version_unknown"):
            await store.follow(REALM, page.position)
        for stored in (later, b"\xff", b"5", b"[]"):
            await server.execute_command("ZADD", state, "inf", stored)
            with pytest.raises(StoreUnavailableError):
                await store.snapshot(REALM)
            await server.execute_command("ZREM", state, stored)

    async def test_a_follower_of_a_log_that_was_cut_reads_everything(
        self, store: RedisRevocationStore, server: Redis, keys: KeyNames
    ) -> None:
        """Only if it had not read what was cut away."""
        page = await store.snapshot(REALM)
        entries = [self.entry("sid", f"s{number}") for number in range(10)]
        await store.publish(REALM, entries[:5])
        read = await store.follow(REALM, page.position)
        await store.publish(REALM, entries[5:])
        await server.execute_command("XTRIM", keys.feed(REALM)[1], "MAXLEN", "5")
        now = await store.follow(REALM, read.position)
        assert (now.whole, now.entries) == (False, tuple(entries[5:]))
        late = await store.follow(REALM, page.position)
        assert (late.whole, set(late.entries)) == (True, set(entries))

    async def test_a_state_that_was_emptied_is_born_anew(
        self, store: RedisRevocationStore, server: Redis, keys: KeyNames, clock: FakeClock
    ) -> None:
        """What it forgot is then looked up in the rows of the sessions."""
        await store.publish(REALM, [self.entry("sid", "s1")])
        page = await store.snapshot(REALM)
        clock.step(1)
        await server.execute_command("DEL", keys.feed(REALM)[0])
        again = await store.follow(REALM, page.position)
        assert (again.whole, again.entries, again.born_at) == (True, (), page.born_at + 1)

    async def test_a_log_that_was_lost_is_noticed(
        self, store: RedisRevocationStore, server: Redis, keys: KeyNames
    ) -> None:
        """The state still says what it said."""
        await store.publish(REALM, [self.entry("sid", "s1")])
        page = await store.snapshot(REALM)
        await server.execute_command("DEL", keys.feed(REALM)[1])
        await store.publish(REALM, [self.entry("sid", "s2")])
        page = await store.follow(REALM, page.position)
        assert page.whole
        assert {entry.value for entry in page.entries} == {"s1", "s2"}

    async def test_entries_that_are_over_are_deleted(
        self, store: RedisRevocationStore, clock: FakeClock, server: Redis, keys: KeyNames
    ) -> None:
        """A few with each publish, and the rest by ``prune``; the birth stays."""
        old = [self.entry("sid", f"s{n}", expires_at=clock.now() + 1) for n in range(50)]
        born_at = (await store.snapshot(REALM)).born_at
        await store.publish(REALM, old)
        clock.step(2)
        await store.publish(REALM, [self.entry("sid", "new")])
        assert await store.prune() == 30
        assert await server.execute_command("ZCARD", keys.feed(REALM)[0]) == 2
        assert (await store.snapshot(REALM)).born_at == born_at
        assert await store.prune() == 0

    async def test_the_birth_is_told_by_the_clock_of_the_server(
        self, url: str, prefix: str
    ) -> None:
        """Without a clock of the tests the server's own decides."""
        time = ServerTime()
        store = RedisRevocationStore(clients_of(url), prefix=prefix, time=time)
        pages = await asyncio.gather(*(store.snapshot(REALM) for _ in range(8)))
        assert len({page.born_at for page in pages}) == 1
        await store.publish(REALM, [self.entry("sid", "s1", expires_at=pages[0].born_at + 100)])
        assert len((await store.snapshot(REALM)).entries) == 1
        time.offset = 101
        assert (await store.snapshot(REALM)).entries == ()

    @pytest.fixture
    def keys(self, prefix: str) -> KeyNames:
        """Return the names of the store's keys."""
        return KeyNames(prefix)

    @pytest.fixture
    async def server(self, url: str) -> AsyncIterator[Redis]:
        """Return a client that changes what the store keeps."""
        client, others = client_maker(url)()
        yield client
        for one in (client, *others):
            await one.aclose()


class TestRedisRevocationStore(RedisRevocationStoreContract):
    """On one server."""

    @pytest.fixture
    def url(self, valkey_url: str) -> str:
        """Return where the server answers."""
        return valkey_url


class TestClusterRevocationStore(RedisRevocationStoreContract):
    """On three nodes."""

    @pytest.fixture
    def url(self, valkey_cluster_url: str) -> str:
        """Return where the nodes answer."""
        return valkey_cluster_url


class TestSentinelRevocationStore(RedisRevocationStoreContract):
    """On a master with a replica, found by sentinels."""

    @pytest.fixture
    def url(self, valkey_sentinel_url: str) -> str:
        """Return where the sentinels answer."""
        return valkey_sentinel_url
