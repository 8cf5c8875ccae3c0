"""Where the contracts of Redis stores are run, and by which clock: mixed into a contract."""

from __future__ import annotations

import pytest

from clocks import FakeClock
from contract.places import Standing
from fastapi_jwtkit.clock import SystemClock
from fastapi_jwtkit.stores.redis import LoopClients, ServerTime
from redis_servers import StandingTime, clients_of, own_prefix


class StandingServer(Standing):
    """By a clock that moves only when told to, so that times can be compared exactly."""

    @pytest.fixture
    def time(self, clock: FakeClock) -> StandingTime:  # type: ignore[override]
        """Return the clock for scripts."""
        return StandingTime(clock)


class OnServerClock:
    """By the server's own clock, which moves by itself too."""

    @pytest.fixture
    def time(self) -> ServerTime:
        """Return a clock with an offset."""
        self._time = ServerTime()
        return self._time

    def now(self) -> float:
        """Return the time of the server: it runs on this machine."""
        return SystemClock.now() + self._time.offset

    def step(self, seconds: float) -> None:
        """Add to the offset."""
        self._time.offset += seconds


class OwnKeys:
    """With names of keys that no other test has."""

    @pytest.fixture
    def prefix(self) -> str:
        """Return what the names begin with."""
        return own_prefix()

    @pytest.fixture
    def clients(self, url: str) -> LoopClients:
        """Return a client for each event loop, closed as the loop ends."""
        return clients_of(url)


class OnValkey(OwnKeys):
    """On one server."""

    @pytest.fixture
    def url(self, valkey_url: str) -> str:
        """Return where it answers."""
        return valkey_url


class OnCluster(OwnKeys):
    """On three nodes."""

    @pytest.fixture
    def url(self, valkey_cluster_url: str) -> str:
        """Return where they answer."""
        return valkey_cluster_url


class OnSentinel(OwnKeys):
    """On a master with a replica, found by sentinels."""

    @pytest.fixture
    def url(self, valkey_sentinel_url: str) -> str:
        """Return where the sentinels answer."""
        return valkey_sentinel_url
