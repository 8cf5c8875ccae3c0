"""The Redis one-time store keeps the promises of the port, on one server and on a Cluster."""

from __future__ import annotations

import pytest

from clocks import FakeClock
from contract.test_one_time_store import REALM, OneTimeStoreContract
from fastapi_jwtkit.stores.redis import RedisOneTimeStore, ServerTime
from redis_servers import StandingTime, clients_of, own_prefix


class RedisOneTimeStoreContract(OneTimeStoreContract):
    """What holds for Redis beside the port; a subclass gives the server."""

    @pytest.fixture
    def url(self) -> str:
        """Return where the server answers."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, url: str, clock: FakeClock) -> RedisOneTimeStore:
        """Return an empty store whose time stands still."""
        return RedisOneTimeStore(clients_of(url), prefix=own_prefix(), time=StandingTime(clock))

    async def test_what_is_over_already_happens_once_all_the_same(
        self, store: RedisOneTimeStore, clock: FakeClock
    ) -> None:
        """The clock that set the limit may be behind the server's by two minutes."""
        for expires_at in (clock.now() - 60, 0.0, -1e9, 1e18):
            token_id = f"t{expires_at}"
            assert await store.consume(REALM, token_id, expires_at=expires_at)
            assert not await store.consume(REALM, token_id, expires_at=expires_at)

    async def test_an_id_is_forgotten_two_minutes_after_it_is_over(self, url: str) -> None:
        """The server does it by itself."""
        prefix = own_prefix()
        clients = clients_of(url)
        store = RedisOneTimeStore(clients, prefix=prefix, time=ServerTime(offset=-30))
        clock = FakeClock(0.0)
        await store.consume(REALM, "over", expires_at=clock.now())
        key = store._keys.one_time(REALM, "over")
        left = await clients.here().command(key, "PTTL", key)
        assert 60_000 < left <= 120_000


class TestRedisOneTimeStore(RedisOneTimeStoreContract):
    """On one server."""

    @pytest.fixture
    def url(self, valkey_url: str) -> str:
        """Return where the server answers."""
        return valkey_url


class TestClusterOneTimeStore(RedisOneTimeStoreContract):
    """On three nodes."""

    @pytest.fixture
    def url(self, valkey_cluster_url: str) -> str:
        """Return where the nodes answer."""
        return valkey_cluster_url


class TestSentinelOneTimeStore(RedisOneTimeStoreContract):
    """On a master with a replica, found by sentinels."""

    @pytest.fixture
    def url(self, valkey_sentinel_url: str) -> str:
        """Return where the sentinels answer."""
        return valkey_sentinel_url
