"""The Redis revocation feed keeps the promises of the port, alone, in a Cluster, under Sentinel."""

from __future__ import annotations

import pytest

from contract.redis_places import OnCluster, OnSentinel, OnServerClock, OnValkey, StandingServer
from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.records import RevocationEntry
from fastapi_jwtkit.stores.redis import LoopClients, RedisRevocationStore
from fastapi_jwtkit.stores.redis.keys import KeyNames
from fastapi_jwtkit.stores.redis.server_time import StoreTime
from fastapi_jwtkit.testing.contracts import RevocationStoreContract
from fastapi_jwtkit.testing.contracts.following import REALM, entry


class RedisRevocationStoreContract(RevocationStoreContract):
    """What holds for Redis beside the port."""

    @pytest.fixture
    def store(self, clients: LoopClients, prefix: str, time: StoreTime) -> RedisRevocationStore:
        """Return an empty store."""
        return RedisRevocationStore(clients, prefix=prefix, time=time)

    @pytest.fixture
    def keys(self, prefix: str) -> tuple[str, str, str]:
        """Return the names of its keys: the state, what is known, the log."""
        return KeyNames(prefix).feed(REALM)

    def test_a_map_is_stale_after_a_second(self, store: RedisRevocationStore) -> None:
        """Two and a half times as long as a follower waits."""
        assert store.sync_after == 1.0

    async def test_of_what_was_known_a_follower_hears_nothing(
        self, store: RedisRevocationStore
    ) -> None:
        """Of what lives longer it does."""
        known = entry("sid", "s1", min_epoch=3, expires_at=3e9)
        await store.publish(REALM, [known])
        page = await store.snapshot(REALM)
        weaker = entry("sid", "s1", min_epoch=2, expires_at=2.9e9)
        await store.publish(REALM, [known, weaker])
        page = await store.follow(REALM, page.position)
        assert (page.entries, page.whole) == ((), False)
        longer = entry("sid", "s1", min_epoch=2, expires_at=4e9)
        await store.publish(REALM, [longer])
        page = await store.follow(REALM, page.position)
        assert page.entries == (entry("sid", "s1", min_epoch=3, expires_at=4e9),)

    async def test_the_reason_is_that_of_what_kills_more(self, store: RedisRevocationStore) -> None:
        """And the first of several that kill as much."""
        for epoch, reason in ((3, "roles"), (2, "late"), (3, "again"), (None, "logout"), (9, "x")):
            await store.publish(REALM, [entry("sid", "s1", min_epoch=epoch, reason=reason)])
        assert [one.reason for one in (await store.snapshot(REALM)).entries] == ["logout"]

    async def test_whatever_names_an_entry_and_its_reason_comes_back(
        self, store: RedisRevocationStore
    ) -> None:
        """Marks of the format and what is no text included."""
        entries = {
            entry("sid", value, reason=value)
            for value in ("", "a:b", "|", "-", "1|2|3", "\0", "\ud800", "a\nb|\n")
        }
        page = await store.snapshot(REALM)
        await store.publish(REALM, tuple(entries))
        assert set((await store.snapshot(REALM)).entries) == entries
        assert set((await store.follow(REALM, page.position)).entries) == entries

    async def test_a_position_of_another_run_of_the_server_leads_to_the_whole_state(
        self, store: RedisRevocationStore
    ) -> None:
        """It may have lost what it did not write to its disk, or to its replica."""
        page = await store.snapshot(REALM)
        assert not (await store.follow(REALM, page.position)).whole
        *rest, run_id = page.position.split(":")
        assert (await store.follow(REALM, ":".join([*rest, run_id[::-1]]))).whole

    @pytest.mark.parametrize("position", ["17-0:1:nan:2.0:r", "17-0:x:1.0:2.0:r", "17:1:1.0:2.0:r"])
    async def test_a_position_that_makes_no_sense_leads_to_the_whole_state(
        self, store: RedisRevocationStore, position: str
    ) -> None:
        """Whoever wrote it."""
        assert (await store.follow(REALM, position)).whole

    async def test_a_large_state_is_read_in_pages(self, store: RedisRevocationStore) -> None:
        """No page keeps the server from all else for long."""
        entries = {entry("sid", f"s{number}") for number in range(12_000)}
        await store.publish(REALM, tuple(entries))
        page = await store.snapshot(REALM)
        assert len(page.entries) == len(entries)
        assert set(page.entries) == entries

    async def test_a_follower_far_behind_reads_page_by_page(
        self, store: RedisRevocationStore
    ) -> None:
        """None is lost between the pages, and none comes twice."""
        page = await store.snapshot(REALM)
        entries = [entry("sid", f"s{number}") for number in range(9_000)]
        await store.publish(REALM, entries)
        heard: list[RevocationEntry] = []
        for _ in range(3):
            page = await store.follow(REALM, page.position)
            assert not page.whole
            heard += page.entries
        assert heard == entries

    @pytest.mark.parametrize(
        ("known", "reason"),
        [
            ("2|and|what|comes|then", "revocation_version_unknown"),
            ("", "revocation_malformed"),
            ("x", "revocation_malformed"),
            ("1|-|-", "revocation_malformed"),
            ("1|x|-|", "revocation_malformed"),
        ],
    )
    async def test_an_entry_that_cannot_be_read_lets_nobody_in(
        self,
        store: RedisRevocationStore,
        clients: LoopClients,
        keys: tuple[str, str, str],
        known: str,
        reason: str,
    ) -> None:
        """What it kills is not known, so the map must grow stale."""
        page = await store.snapshot(REALM)
        state, details, log = keys
        ask = clients.here().command
        await ask(log, "XADD", log, "*", "sid:s1", known, "over", "inf")
        with pytest.raises(StoreUnavailableError, match=reason):
            await store.follow(REALM, page.position)
        await ask(state, "ZADD", state, "inf", "sid:s1")
        with pytest.raises(StoreUnavailableError, match="revocation_malformed"):
            await store.snapshot(REALM)
        await ask(details, "HSET", details, "sid:s1", known)
        with pytest.raises(StoreUnavailableError, match=reason):
            await store.snapshot(REALM)

    async def test_an_entry_of_a_later_release_is_not_written_over(
        self, store: RedisRevocationStore, clients: LoopClients, keys: tuple[str, str, str]
    ) -> None:
        """It says more than is understood here."""
        state, details, _ = keys
        later = b"2|and|what|comes|then"
        await store.publish(REALM, [entry("sid", "s1", min_epoch=1, expires_at=3e9)])
        await clients.here().command(details, "HSET", details, "sid:s1", later)
        await store.publish(REALM, [entry("sid", "s1", expires_at=4e9)])
        assert await clients.here().command(details, "HGET", details, "sid:s1") == later
        assert float(await clients.here().command(state, "ZSCORE", state, "sid:s1")) == 4e9

    async def test_a_follower_of_a_log_that_was_cut_reads_the_whole_state(
        self, store: RedisRevocationStore, clients: LoopClients, keys: tuple[str, str, str]
    ) -> None:
        """Only if it had not read what was cut away."""
        page = await store.snapshot(REALM)
        entries = [entry("sid", f"s{number}") for number in range(10)]
        for one in entries[:5]:
            await store.publish(REALM, [one])
        read = await store.follow(REALM, page.position)
        for one in entries[5:]:
            await store.publish(REALM, [one])
        await clients.here().command(keys[2], "XTRIM", keys[2], "MAXLEN", "5")
        now = await store.follow(REALM, read.position)
        assert (now.whole, now.entries) == (False, tuple(entries[5:]))
        late = await store.follow(REALM, page.position)
        assert (late.whole, set(late.entries)) == (True, set(entries))

    async def test_the_log_is_cut_by_itself(
        self, clients: LoopClients, prefix: str, time: StoreTime, keys: tuple[str, str, str]
    ) -> None:
        """Whoever is further behind reads the whole state."""
        store = RedisRevocationStore(clients, prefix=prefix, time=time, log_size=10)
        page = await store.snapshot(REALM)
        entries = [entry("sid", f"s{number}") for number in range(250)]
        for one in entries:
            await store.publish(REALM, [one])
        assert await clients.here().command(keys[2], "XLEN", keys[2]) < 150
        late = await store.follow(REALM, page.position)
        assert (late.whole, set(late.entries)) == (True, set(entries))

    async def test_a_state_that_was_emptied_is_born_anew(
        self, store: RedisRevocationStore, clients: LoopClients, keys: tuple[str, str, str]
    ) -> None:
        """What it forgot is then looked up in the rows of the sessions."""
        await store.publish(REALM, [entry("sid", "s1")])
        page = await store.snapshot(REALM)
        self.step(1)
        await clients.here().command(keys[0], "DEL", *keys)
        again = await store.follow(REALM, page.position)
        assert (again.whole, again.entries) == (True, ())
        assert self.is_at(again.born_at, page.born_at + 1)

    @pytest.mark.parametrize("is_written_again", [False, True])
    async def test_a_log_that_was_lost_is_noticed(
        self,
        store: RedisRevocationStore,
        clients: LoopClients,
        keys: tuple[str, str, str],
        is_written_again: bool,
    ) -> None:
        """The state still says what it said."""
        entries = {entry("sid", "s1")}
        await store.publish(REALM, tuple(entries))
        page = await store.snapshot(REALM)
        await clients.here().command(keys[2], "DEL", keys[2])
        if is_written_again:
            entries.add(entry("sid", "s2"))
            await store.publish(REALM, tuple(entries))
        page = await store.follow(REALM, page.position)
        assert (page.whole, set(page.entries)) == (True, entries)

    async def test_entries_that_are_over_are_deleted(
        self, store: RedisRevocationStore, clients: LoopClients, keys: tuple[str, str, str]
    ) -> None:
        """A few with each publish, and the rest by ``prune``; the birth stays."""
        born_at = (await store.snapshot(REALM)).born_at
        old = [entry("sid", f"s{n}", expires_at=born_at + 40) for n in range(50)]
        await store.publish(REALM, old)
        self.step(41)
        await store.publish(REALM, [entry("sid", "new")])
        assert await store.prune() == 30
        assert await clients.here().command(keys[0], "ZCARD", keys[0]) == 2
        assert await clients.here().command(keys[1], "HKEYS", keys[1]) == [b"sid:new"]
        assert (await store.snapshot(REALM)).born_at == born_at
        assert await store.prune() == 0

    async def test_who_only_prunes_knows_of_every_realm(
        self, store: RedisRevocationStore, clients: LoopClients, prefix: str, time: StoreTime
    ) -> None:
        """A job of the night has followed no feed."""
        for realm in (REALM, "https://c.example"):
            born_at = (await store.snapshot(realm)).born_at
            await store.publish(realm, [entry("sid", "s1", expires_at=born_at + 40)])
        self.step(41)
        job = RedisRevocationStore(clients, prefix=prefix, time=time)
        assert await job.prune() == 2


class TestRedisRevocationStore(StandingServer, OnValkey, RedisRevocationStoreContract):
    """On one server."""


class TestRedisRevocationStoreByItsClock(OnServerClock, OnValkey, RedisRevocationStoreContract):
    """On one server, by its clock."""


class TestClusterRevocationStore(OnServerClock, OnCluster, RedisRevocationStoreContract):
    """On three nodes, by their clock."""


class TestSentinelRevocationStore(OnServerClock, OnSentinel, RedisRevocationStoreContract):
    """On a master with a replica, by its clock."""
