"""The memory feed keeps the promises of the revocation port."""

from __future__ import annotations

import pytest

from clocks import FakeClock
from contract.places import Standing
from fastapi_jwtkit.stores.memory import MemoryRevocationStore
from fastapi_jwtkit.testing.contracts import RevocationStoreContract
from fastapi_jwtkit.testing.contracts.following import REALM, entry


class TestMemoryRevocationStore(Standing, RevocationStoreContract):
    """In one process."""

    @pytest.fixture
    def store(self, clock: FakeClock) -> MemoryRevocationStore:
        """Return an empty store."""
        return MemoryRevocationStore(clock=clock)

    async def test_a_log_that_was_cut_leads_to_the_whole_state(
        self, store: MemoryRevocationStore
    ) -> None:
        """A follower that fell ten thousand entries behind reads what there is."""
        page = await store.snapshot(REALM)
        many = [entry("sid", f"s{number}") for number in range(10_001)]
        await store.publish(REALM, many)
        again = await store.follow(REALM, page.position)
        assert again.whole
        assert set(again.entries) == set(many)

    async def test_a_position_of_another_store_of_its_kind_is_a_foreign_one(
        self, store: MemoryRevocationStore, clock: FakeClock
    ) -> None:
        """Two states may have grown equally long."""
        other = MemoryRevocationStore(clock=clock)
        await other.publish(REALM, [entry("sid", "theirs")])
        await store.publish(REALM, [entry("sid", "ours")])
        page = await store.follow(REALM, (await other.snapshot(REALM)).position)
        assert page.whole
        assert page.entries == (entry("sid", "ours"),)
