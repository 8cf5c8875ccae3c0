"""Where the contracts are run, and by which clock: mixed into a contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from clocks import FakeClock
from fastapi_jwtkit.clock import SystemClock
from fastapi_jwtkit.stores.sqlalchemy import DatabaseTime
from sql_databases import Database, StandingTime, postgres_database, sqlite_database


class Standing:
    """By a clock that moves only when told to, so that times can be compared exactly."""

    slack = 0.0

    @pytest.fixture
    def clock(self) -> FakeClock:
        """Return the store's own clock."""
        self._clock = FakeClock()
        return self._clock

    @pytest.fixture
    def time(self, clock: FakeClock) -> StandingTime:
        """Return the same for stores in SQL."""
        return StandingTime(clock)

    def now(self) -> float:
        """Return the time of the clock."""
        return self._clock.now()

    def step(self, seconds: float) -> None:
        """Move the clock."""
        self._clock.step(seconds)


class OnDatabaseClock:
    """By the database's own clock, which moves by itself too."""

    @pytest.fixture
    def time(self) -> DatabaseTime:
        """Return a clock with an offset."""
        self._time = DatabaseTime(offset=0)
        return self._time

    def now(self) -> float:
        """Return the time of the database: it runs on this machine."""
        return SystemClock.now() + self._time.offset

    def step(self, seconds: float) -> None:
        """Add to the offset."""
        self._time.offset += seconds


class OnSQLite:
    """In a file."""

    @pytest.fixture
    async def database(self, tmp_path: Path) -> AsyncIterator[Database]:
        """Return an empty database."""
        async with sqlite_database(tmp_path) as database:
            yield database


class OnPostgreSQL:
    """On a real server."""

    @pytest.fixture
    async def database(self, postgres_url: str) -> AsyncIterator[Database]:
        """Return an empty database."""
        async with postgres_database(postgres_url) as database:
            yield database
