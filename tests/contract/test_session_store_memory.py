"""The memory store keeps the promises of the session port."""

from __future__ import annotations

from clocks import FakeClock
from contract.session_store import REALM, SessionStoreContract, new_session
from fastapi_jwtkit.stores.memory import MemorySessionStore


class TestMemorySessionStore(SessionStoreContract):
    """In one process."""

    def make_store(self) -> MemorySessionStore:
        """Return an empty store on a clock that can be stepped."""
        self.clock = FakeClock()
        return MemorySessionStore(clock=self.clock)

    def step(self, seconds: float) -> None:
        """Move the clock."""
        self.clock.step(seconds)

    async def test_rows_that_are_over_are_swept_as_new_ones_come(self) -> None:
        """A store that runs for months does not grow with the logins of months."""
        store = self.make_store()
        for number in range(50):
            await store.add(new_session(f"old{number}", f"u{number}"))
        self.step(2_000)
        for number in range(10):
            await store.add(new_session(f"new{number}"))
        assert len(store._rows) == 10
        assert set(store._of_subject) == {(REALM, "u1")}
