"""The Redis session store keeps the promises of the port, alone, in a Cluster, under Sentinel."""

from __future__ import annotations

import pytest

from contract.redis_places import OnCluster, OnSentinel, OnServerClock, OnValkey, StandingServer
from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.records import Device
from fastapi_jwtkit.stores.redis import LoopClients, RedisSessionStore
from fastapi_jwtkit.stores.redis.keys import KeyNames
from fastapi_jwtkit.stores.redis.server_time import StoreTime
from fastapi_jwtkit.testing.contracts import ErasingSessionStoreContract
from fastapi_jwtkit.testing.contracts.session_data import REALM, advance, new_session


class RedisSessionStoreContract(ErasingSessionStoreContract):
    """What holds for Redis beside the port."""

    @pytest.fixture
    def store(self, clients: LoopClients, prefix: str, time: StoreTime) -> RedisSessionStore:
        """Return an empty store."""
        return RedisSessionStore(clients, prefix=prefix, time=time)

    async def test_a_row_of_a_later_format_is_refused_clearly(
        self, store: RedisSessionStore, clients: LoopClients, prefix: str
    ) -> None:
        """It is neither guessed at nor rotated, and it can be ended."""
        await store.add(new_session())
        key, link = KeyNames(prefix).session(REALM, "s1"), clients.here()
        row = await link.command(key, "GET", key)
        await link.command(key, "SET", key, b"\2" + row[1:8] + b"what comes then")
        with pytest.raises(StoreUnavailableError, match="session_version_unknown"):
            await store.find(REALM, "s1")
        with pytest.raises(StoreUnavailableError, match="session_version_unknown"):
            await store.list(REALM, "u1")
        assert await store.advance(REALM, "s1", advance(0)) is None
        assert await store.count_replay(REALM, "s1", counter=0) is None
        assert await store.bump_epoch(REALM, "s1") is None
        assert await store.revoke(REALM, "s1", reason="logout")
        ended = await link.command(key, "GET", key)
        assert ended[1:7] != bytes(6)
        assert ended[7:] == b"\6logoutwhat comes then"

    @pytest.mark.parametrize("damage", [b"", b"\1", b"\1" + bytes(9), b"\1" + bytes(70)])
    async def test_a_row_that_cannot_be_read_is_refused_clearly(
        self, store: RedisSessionStore, clients: LoopClients, prefix: str, damage: bytes
    ) -> None:
        """It is an outage, and nobody's end."""
        key = KeyNames(prefix).session(REALM, "s1")
        await clients.here().command(key, "SET", key, damage)
        with pytest.raises(StoreUnavailableError):
            await store.find(REALM, "s1")

    async def test_what_a_client_says_of_itself_is_cut_to_what_is_text(
        self, store: RedisSessionStore
    ) -> None:
        """As every store does it. What a user store calls a person is nobody's business."""
        device = Device(ip="::1", user_agent="a\0b\ud800", name="\0")
        added = await store.add(new_session(subject="\ud800\0", device=device))
        assert added.device == Device(ip="::1", user_agent="ab?", name="")
        assert await store.list(REALM, "\ud800\0") == [added]

    async def test_of_two_sessions_with_one_id_the_first_stays(
        self, store: RedisSessionStore
    ) -> None:
        """A row is never written over, and nobody finds another's in their list."""
        await store.add(new_session())
        before = await self.row(store)
        with pytest.raises(StoreUnavailableError, match="session_id_taken"):
            await store.add(new_session(subject="u2"))
        assert await self.row(store) == before
        assert await store.list(REALM, "u2") == []

    @pytest.mark.parametrize("key_id", ["00ff", "00FF", "0 0", "key-1", "\u00e9", "f", ""])
    async def test_any_id_of_a_secret_comes_back_as_it_was(
        self, store: RedisSessionStore, key_id: str
    ) -> None:
        """Hexadecimal ones are kept in half as many bytes."""
        added = await store.add(new_session(mac_key_id=key_id))
        assert added.mac_key_id == key_id
        assert (await self.row(store)).mac_key_id == key_id

    async def test_what_is_over_leaves_the_index_of_its_subject(
        self, store: RedisSessionStore, clients: LoopClients, prefix: str
    ) -> None:
        """So that it is as long as a person has sessions."""
        await store.add(new_session("s1", idle_ttl=10, absolute_ttl=50))
        await store.add(new_session("s2"))
        await store.add(new_session("s3"))
        await store.revoke(REALM, "s2", reason="logout")
        await store.list(REALM, "u1")
        index = KeyNames(prefix).subject(REALM, "u1")
        assert await clients.here().command(index, "ZRANGE", index, 0, -1) == [b"s1", b"s3"]
        self.step(60)
        assert [row.sid for row in await store.list(REALM, "u1")] == ["s3"]
        assert await clients.here().command(index, "ZRANGE", index, 0, -1) == [b"s3"]

    async def test_everything_of_a_session_goes_by_itself(
        self, store: RedisSessionStore, clients: LoopClients, prefix: str
    ) -> None:
        """A row two minutes after its idle limit, the index after the last absolute one."""
        await store.add(new_session(idle_ttl=100, absolute_ttl=1_000))
        names = KeyNames(prefix)
        keys = names.session(REALM, "s1"), names.subject(REALM, "u1")
        left = [await clients.here().command(key, "PTTL", key) for key in keys]
        assert 200_000 < left[0] <= 220_000
        assert 1_100_000 < left[1] <= 1_121_000
        await store.advance(REALM, "s1", advance(0))
        await store.count_replay(REALM, "s1", counter=1)
        await store.bump_epoch(REALM, "s1")
        await store.revoke(REALM, "s1", reason="logout")
        assert 200_000 < await clients.here().command(keys[0], "PTTL", keys[0]) <= 220_000


class TestRedisSessionStore(StandingServer, OnValkey, RedisSessionStoreContract):
    """On one server."""


class TestRedisSessionStoreByItsClock(OnServerClock, OnValkey, RedisSessionStoreContract):
    """On one server, by its clock."""


class TestClusterSessionStore(OnServerClock, OnCluster, RedisSessionStoreContract):
    """On three nodes, by their clock."""


class TestSentinelSessionStore(OnServerClock, OnSentinel, RedisSessionStoreContract):
    """On a master with a replica, by its clock."""
