"""The Redis session store keeps the promises of the port, on one server and on a Cluster."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from clocks import FakeClock
from contract.session_store import REALM, SessionStoreContract, advance, new_session
from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.records import Device
from fastapi_jwtkit.stores.redis import RedisSessionStore, ServerTime
from redis_servers import StandingTime, clients_of, own_prefix


class RedisSessionStoreContract(SessionStoreContract):
    """What holds for Redis beside the port; a subclass gives the server."""

    @pytest.fixture
    def url(self) -> str:
        """Return where the server answers."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, url: str) -> RedisSessionStore:
        """Return an empty store whose time stands still."""
        self.clock = FakeClock()
        return RedisSessionStore(
            clients_of(url), prefix=own_prefix(), time=StandingTime(self.clock)
        )

    @pytest.fixture
    def time(self) -> ServerTime:
        """Return the server's own clock."""
        return ServerTime()

    @pytest.fixture
    def real(self, url: str, time: ServerTime) -> RedisSessionStore:
        """Return an empty store on the server's own clock."""
        return RedisSessionStore(clients_of(url), prefix=own_prefix(), time=time)

    def step(self, seconds: float) -> None:
        """Move the clock."""
        self.clock.step(seconds)

    async def test_one_write_has_one_time_and_the_next_a_later_one(
        self, real: RedisSessionStore, time: ServerTime
    ) -> None:
        """The server's own clock decides, and reads the same all over a script."""
        added = await real.add(new_session())
        assert added.created_at == added.last_seen_at
        assert added.absolute_expiry == added.created_at + 1_000
        time.offset = 60
        row = await real.advance(REALM, "s1", advance(0))
        assert row is not None
        assert 60 <= row.spent[0] - row.created_at < 120
        assert row.last_seen_at == row.spent[0] == row.idle_expiry - 100
        found = await real.find(REALM, "s1")
        assert found is not None
        assert found.now >= row.spent[0]
        time.offset = 200
        assert await real.advance(REALM, "s1", advance(1)) is None

    async def test_fifty_callers_race_on_the_clock_of_the_server(
        self, real: RedisSessionStore
    ) -> None:
        """One wins each round, and every replay meanwhile is counted once."""
        await real.add(new_session())
        for number in range(3):
            counted = [real.count_replay(REALM, "s1", counter=number) for _ in range(25)]
            tries = [real.advance(REALM, "s1", advance(number, f"{number}-{n}")) for n in range(25)]
            counts, won = await asyncio.gather(asyncio.gather(*counted), asyncio.gather(*tries))
            assert sum(row is not None for row in won) == 1
            counted_ones = sorted(count for count in counts if count is not None)
            assert counted_ones == list(range(1, len(counted_ones) + 1))
            row = await self.row(real)
            assert (row.counter, row.replays) == (number + 1, 0)

    async def test_fifty_replays_are_counted_exactly(self, real: RedisSessionStore) -> None:
        """No count is lost to another that runs at the same time."""
        await real.add(new_session())
        counts = await asyncio.gather(
            *(real.count_replay(REALM, "s1", counter=0) for _ in range(50))
        )
        assert sorted(count or 0 for count in counts) == list(range(1, 51))

    async def test_what_a_client_says_of_itself_never_fails_a_login(
        self, store: RedisSessionStore
    ) -> None:
        """Nor does what a user store calls a person."""
        device = Device(ip="::1", user_agent="a\0b\ud800", name="\0")
        added = await store.add(new_session(subject="\ud800\0", device=device))
        assert added.device == Device(ip="::1", user_agent="ab?", name="")
        assert await store.list(REALM, "\ud800\0") == [added]

    async def test_a_grant_of_nothing_is_no_grant_of_everything(
        self, store: RedisSessionStore
    ) -> None:
        """No scope at all and no limit of scopes are two things."""
        await store.add(new_session("s1", scope=frozenset()))
        await store.add(new_session("s2", scope=None))
        assert (await self.row(store, "s1")).scope == frozenset()
        assert (await self.row(store, "s2")).scope is None

    async def test_of_two_sessions_with_one_id_the_first_stays(
        self, store: RedisSessionStore
    ) -> None:
        """A row is never written over, and nobody finds another's in their list."""
        await store.add(new_session())
        before = await self.row(store)
        with pytest.raises(StoreUnavailableError):
            await store.add(new_session(subject="u2"))
        assert await self.row(store) == replace(before)
        assert await store.list(REALM, "u2") == []

    async def test_any_id_of_a_secret_comes_back_as_it_was(self, store: RedisSessionStore) -> None:
        """Hexadecimal ones are kept in half as many bytes."""
        for number, key_id in enumerate(("00ff", "00FF", "0 0", "key-1", "\u00e9", "f")):
            added = await store.add(new_session(f"s{number}", mac_key_id=key_id))
            assert added.mac_key_id == key_id


class TestRedisSessionStore(RedisSessionStoreContract):
    """On one server."""

    @pytest.fixture
    def url(self, valkey_url: str) -> str:
        """Return where the server answers."""
        return valkey_url


class TestClusterSessionStore(RedisSessionStoreContract):
    """On three nodes."""

    @pytest.fixture
    def url(self, valkey_cluster_url: str) -> str:
        """Return where the nodes answer."""
        return valkey_cluster_url


class TestSentinelSessionStore(RedisSessionStoreContract):
    """On a master with a replica, found by sentinels."""

    @pytest.fixture
    def url(self, valkey_sentinel_url: str) -> str:
        """Return where the sentinels answer."""
        return valkey_sentinel_url
