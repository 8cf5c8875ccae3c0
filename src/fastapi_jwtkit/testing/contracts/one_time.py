"""What every one-time store must do, whatever it stands on."""

from __future__ import annotations

import asyncio

import pytest

from fastapi_jwtkit.protocols import OneTimeStore
from fastapi_jwtkit.testing.contracts.clock import ClockedContract

__all__ = ["OneTimeStoreContract"]

REALM = "https://a.example"
OTHER_REALM = "https://b.example"


class OneTimeStoreContract(ClockedContract):
    """The promises of the port ``OneTimeStore``.

    A subclass gives a fixture ``store``, which returns an empty one; ``step(seconds)``,
    which moves the store's own clock; and ``now()``, which says what time that is.
    """

    def now(self) -> float:
        """Return the time that the store goes by, in seconds since the epoch."""
        message = f"{type(self).__name__} needs now(), the time that the store goes by"
        raise NotImplementedError(message)

    @pytest.mark.asyncio
    async def test_the_first_of_fifty_callers_is_told_so(self, store: OneTimeStore) -> None:
        """And all others, then and later, that they are not."""
        expires_at = self.now() + 60
        firsts = await asyncio.gather(
            *(store.consume(REALM, "t1", expires_at=expires_at) for _ in range(50))
        )
        assert sorted(firsts) == [False] * 49 + [True]
        assert await store.consume(REALM, "t1", expires_at=expires_at) is False

    @pytest.mark.asyncio
    async def test_ids_and_realms_are_apart(self, store: OneTimeStore) -> None:
        """What happened once here may happen once there."""
        expires_at = self.now() + 60
        names = [(REALM, "t1"), (REALM, "t2"), (REALM, "T1"), (OTHER_REALM, "t1")]
        for mark in ":/|.{}":
            names += [("a", f"b{mark}c"), (f"a{mark}b", "c")]
        for realm, token_id in names:
            assert await store.consume(realm, token_id, expires_at=expires_at)
        for realm, token_id in names:
            assert not await store.consume(realm, token_id, expires_at=expires_at)

    @pytest.mark.asyncio
    async def test_an_id_is_kept_as_long_as_it_is_valid(self, store: OneTimeStore) -> None:
        """However many come after it, and however soon those are over."""
        expires_at = self.now() + 100
        assert await store.consume(REALM, "t1", expires_at=expires_at)
        for number in range(30):
            await store.consume(REALM, f"brief{number}", expires_at=self.now() + 1)
        self.step(70)
        for number in range(30):
            await store.consume(REALM, f"other{number}", expires_at=expires_at)
        assert not await store.consume(REALM, "t1", expires_at=expires_at)

    @pytest.mark.asyncio
    async def test_a_later_caller_does_not_shorten_what_the_first_asked_for(
        self, store: OneTimeStore
    ) -> None:
        """Whatever life a copy of the token claims to have."""
        assert await store.consume(REALM, "t1", expires_at=self.now() + 1_000)
        assert not await store.consume(REALM, "t1", expires_at=self.now() + 1)
        self.step(500)
        assert not await store.consume(REALM, "t1", expires_at=self.now() + 1_000)
