"""Counter stores that break one promise each, and the test that must notice."""

from __future__ import annotations

import asyncio

from fastapi_jwtkit.stores.memory import MemoryCounterStore
from fastapi_jwtkit.throttling import Count

ELSEWHERE = "https://everybody.example"


class ReadsThenWrites(MemoryCounterStore):
    """Reads a counter, and writes it a moment later."""

    async def increment(self, realm: str, key: str, /, *, by: int, window: float) -> Count:
        """Let others count meanwhile."""
        known = (await self.read(realm, key)).value
        await asyncio.sleep(0)
        await self.forget(realm, key)
        return await super().increment(realm, key, by=known + by, window=window)


class ProlongsTheWindow(MemoryCounterStore):
    """Begins the window anew with each attempt: whoever goes on shuts out for ever."""

    async def increment(self, realm: str, key: str, /, *, by: int, window: float) -> Count:
        """Start again from what it was."""
        known = (await self.read(realm, key)).value
        self._counters.pop((realm, key), None)
        return await super().increment(realm, key, by=max(known + by, 0), window=window)


class SavesUp(MemoryCounterStore):
    """Lets counters fall below nothing."""

    async def increment(self, realm: str, key: str, /, *, by: int, window: float) -> Count:
        """Owe somebody attempts."""
        if by < 0:
            value, ends_at = self._counters.get((realm, key), (0, self._clock.monotonic() + window))
            self._counters[realm, key] = (value + by, ends_at)
            return Count(value + by, window)
        return await super().increment(realm, key, by=by, window=window)


class ForgetsNothing(MemoryCounterStore):
    """Goes on counting what a right password ended."""

    async def forget(self, realm: str, key: str, /) -> None:
        """Do nothing."""


class JoinsNames(MemoryCounterStore):
    """Counts for all realms together."""

    async def increment(self, realm: str, key: str, /, *, by: int, window: float) -> Count:
        """Confuse two realms."""
        del realm
        return await super().increment(ELSEWHERE, key, by=by, window=window)

    async def read(self, realm: str, key: str, /) -> Count:
        """Confuse two realms."""
        del realm
        return await super().read(ELSEWHERE, key)


COUNTER_STORES: dict[type, str] = {
    ReadsThenWrites: "test_forty_callers_at_once_get_forty_numbers",
    ProlongsTheWindow: "test_a_window_begins_with_the_first_and_is_not_prolonged",
    SavesUp: "test_what_is_taken_back_never_falls_below_nothing",
    ForgetsNothing: "test_what_is_forgotten_begins_anew",
    JoinsNames: "test_keys_and_realms_are_apart",
}
