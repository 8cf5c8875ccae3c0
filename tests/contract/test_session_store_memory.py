"""The memory store keeps the promises of the session port."""

from __future__ import annotations

import pytest

from clocks import FakeClock
from contract.places import Standing
from fastapi_jwtkit.stores.memory import MemorySessionStore
from fastapi_jwtkit.testing.contracts import ErasingSessionStoreContract
from fastapi_jwtkit.testing.contracts.session_data import REALM, new_session


class TestMemorySessionStore(Standing, ErasingSessionStoreContract):
    """In one process."""

    @pytest.fixture
    def store(self, clock: FakeClock) -> MemorySessionStore:
        """Return an empty store on a clock that can be stepped."""
        return MemorySessionStore(clock=clock)

    async def test_rows_that_are_over_are_swept_as_new_ones_come(
        self, store: MemorySessionStore
    ) -> None:
        """A store that runs for months does not grow with the logins of months."""
        for number in range(50):
            await store.add(new_session(f"old{number}", f"u{number}"))
        self.step(2_000)
        for number in range(10):
            await store.add(new_session(f"new{number}"))
        assert len(store._rows) == 10
        assert set(store._of_subject) == {(REALM, "u1")}
