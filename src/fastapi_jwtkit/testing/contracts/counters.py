"""What every counter store must do, whatever it stands on."""

from __future__ import annotations

import asyncio

import pytest

from fastapi_jwtkit.testing.contracts.clock import ClockedContract
from fastapi_jwtkit.throttling import CounterStore

__all__ = ["CounterStoreContract"]

REALM = "https://a.example"
OTHER_REALM = "https://b.example"
WINDOW = 300.0


class CounterStoreContract(ClockedContract):
    """The promises of the port ``CounterStore``.

    A subclass gives a fixture ``store``, which returns an empty one, and ``step(seconds)``,
    which moves the store's own clock.
    """

    @pytest.mark.asyncio
    async def test_forty_callers_at_once_get_forty_numbers(self, store: CounterStore) -> None:
        """Not two of them the same: a limit is where the numbers say."""
        counts = await asyncio.gather(
            *(store.increment(REALM, "k", by=1, window=WINDOW) for _ in range(40))
        )
        assert sorted(count.value for count in counts) == list(range(1, 41))
        assert (await store.read(REALM, "k")).value == 40

    @pytest.mark.asyncio
    async def test_keys_and_realms_are_apart(self, store: CounterStore) -> None:
        """What is counted here is not counted there."""
        for realm, key in ((REALM, "k"), (REALM, "K"), (REALM, "k:k"), (OTHER_REALM, "k")):
            assert (await store.increment(realm, key, by=1, window=WINDOW)).value == 1

    @pytest.mark.asyncio
    async def test_a_window_begins_with_the_first_and_is_not_prolonged(
        self, store: CounterStore
    ) -> None:
        """However many come after it: whoever is shut out is let in when it ends."""
        first = await store.increment(REALM, "k", by=1, window=WINDOW)
        assert first.expires_in == pytest.approx(WINDOW, abs=0.1)
        self.step(200)
        later = await store.increment(REALM, "k", by=1, window=WINDOW)
        assert later.value == 2
        assert WINDOW - 200 - self.slack - 0.1 <= later.expires_in <= WINDOW - 200 + 0.1
        self.step(101)
        assert (await store.read(REALM, "k")).value == 0
        anew = await store.increment(REALM, "k", by=1, window=WINDOW)
        assert anew.value == 1
        assert anew.expires_in == pytest.approx(WINDOW, abs=0.1)

    @pytest.mark.asyncio
    async def test_what_is_taken_back_never_falls_below_nothing(self, store: CounterStore) -> None:
        """Or an attacker could save up; and nothing is made by taking back."""
        assert (await store.increment(REALM, "k", by=-1, window=WINDOW)).value == 0
        assert (await store.increment(REALM, "k", by=1, window=WINDOW)).value == 1
        self.step(100)
        assert (await store.increment(REALM, "k", by=-1, window=WINDOW)).value == 0
        assert (await store.increment(REALM, "k", by=-1, window=WINDOW)).value == 0
        assert (await store.increment(REALM, "k", by=2, window=WINDOW)).value == 2
        self.step(WINDOW + 1)
        assert (await store.increment(REALM, "k", by=-1, window=WINDOW)).value == 0

    @pytest.mark.asyncio
    async def test_what_is_forgotten_begins_anew(self, store: CounterStore) -> None:
        """With a window of its own; forgetting what is not there is fine."""
        await store.forget(REALM, "k")
        await store.increment(REALM, "k", by=3, window=WINDOW)
        await store.increment(REALM, "other", by=1, window=WINDOW)
        self.step(100)
        await store.forget(REALM, "k")
        count = await store.read(REALM, "k")
        assert (count.value, count.expires_in) == (0, 0.0)
        assert (await store.increment(REALM, "k", by=1, window=WINDOW)).value == 1
        self.step(WINDOW - 50)
        assert (await store.read(REALM, "k")).value == 1
        assert (await store.read(REALM, "other")).value == 0
