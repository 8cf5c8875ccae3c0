"""The Redis one-time store keeps the promises of the port, alone, in a Cluster, under Sentinel."""

from __future__ import annotations

import pytest

from contract.redis_places import OnCluster, OnSentinel, OnServerClock, OnValkey, StandingServer
from fastapi_jwtkit.stores.redis import LoopClients, RedisOneTimeStore
from fastapi_jwtkit.stores.redis.keys import KeyNames
from fastapi_jwtkit.stores.redis.server_time import StoreTime
from fastapi_jwtkit.testing.contracts import OneTimeStoreContract

REALM = "https://a.example"


class RedisOneTimeStoreContract(OneTimeStoreContract):
    """What holds for Redis beside the port."""

    @pytest.fixture
    def store(self, clients: LoopClients, prefix: str, time: StoreTime) -> RedisOneTimeStore:
        """Return an empty store."""
        return RedisOneTimeStore(clients, prefix=prefix, time=time)

    @pytest.mark.parametrize("ahead", [-60.0, -1e9, 1e18])
    async def test_what_is_over_already_happens_once_all_the_same(
        self, store: RedisOneTimeStore, ahead: float
    ) -> None:
        """The clock that set the limit may be behind the server's; and limits may be wild."""
        expires_at = self.now() + ahead
        assert await store.consume(REALM, "t1", expires_at=expires_at)
        assert not await store.consume(REALM, "t1", expires_at=expires_at)

    async def test_an_id_goes_by_itself_two_minutes_after_it_is_over(
        self, store: RedisOneTimeStore, clients: LoopClients, prefix: str
    ) -> None:
        """For the clock that set the limit may be as far behind."""
        await store.consume(REALM, "t1", expires_at=self.now() + 60)
        key = KeyNames(prefix).one_time(REALM, "t1")
        assert 160_000 < await clients.here().command(key, "PTTL", key) <= 180_100


class TestRedisOneTimeStore(StandingServer, OnValkey, RedisOneTimeStoreContract):
    """On one server."""


class TestRedisOneTimeStoreByItsClock(OnServerClock, OnValkey, RedisOneTimeStoreContract):
    """On one server, by its clock."""


class TestClusterOneTimeStore(OnServerClock, OnCluster, RedisOneTimeStoreContract):
    """On three nodes, by their clock."""


class TestSentinelOneTimeStore(OnServerClock, OnSentinel, RedisOneTimeStoreContract):
    """On a master with a replica, by its clock."""
