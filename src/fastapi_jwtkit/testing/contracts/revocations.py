"""What every revocation feed must do, whatever it stands on: the state."""

from __future__ import annotations

import asyncio

import pytest

from fastapi_jwtkit.protocols import RevocationStore
from fastapi_jwtkit.records import RevocationEntry
from fastapi_jwtkit.testing.contracts.following import OTHER_REALM, REALM, FollowingContract, entry

__all__ = ["RevocationStoreContract"]

_FAR = 4e9
"""A time (seconds since the epoch) that no test reaches."""


class RevocationStoreContract(FollowingContract):
    """The promises of the port ``RevocationStore``.

    A subclass gives a fixture ``store``, which returns an empty one, and ``step(seconds)``,
    which moves the store's own clock. A store that polls does so quickly here: some tests
    follow it many times.
    """

    @pytest.mark.asyncio
    async def test_an_empty_state_is_a_whole_one(self, store: RevocationStore) -> None:
        """And it has a birth."""
        page = await store.snapshot(REALM)
        assert (page.entries, page.whole) == ((), True)
        assert page.born_at > 0
        assert store.sync_after > 0

    @pytest.mark.asyncio
    async def test_what_was_published_is_in_the_state(self, store: RevocationStore) -> None:
        """Every kind and every field comes back."""
        entries = {
            entry("sid", "s1", reason="logout", expires_at=_FAR + 0.5),
            entry("sid", "s2", min_epoch=3, expires_at=_FAR),
            entry("jti", "s1", expires_at=_FAR),
            entry("subject", "u1", not_before=1_800_000_000.25, expires_at=_FAR),
            entry("subject", "Zoë \u2603 'x' \"y\" \\ {z}:/|\n", expires_at=_FAR),
            entry("kid", "k1"),
        }
        await store.publish(REALM, tuple(entries))
        page = await store.snapshot(REALM)
        assert page.whole
        assert len(page.entries) == len(entries)
        assert set(page.entries) == entries

    @pytest.mark.asyncio
    async def test_nothing_can_be_published(self, store: RevocationStore) -> None:
        """A user without sessions was logged out from all of them."""
        await store.publish(REALM, [])
        assert (await store.snapshot(REALM)).entries == ()

    @pytest.mark.asyncio
    async def test_a_realm_has_a_feed_of_its_own(self, store: RevocationStore) -> None:
        """Realms share a store and not an entry, in the state and for who follows."""
        theirs = await store.snapshot(OTHER_REALM)
        await store.publish(REALM, [entry("sid", "s1")])
        assert (await store.snapshot(OTHER_REALM)).entries == ()
        assert (await store.follow(OTHER_REALM, theirs.position)).entries == ()
        await store.publish(OTHER_REALM, [entry("sid", "s2")])
        assert (await store.snapshot(REALM)).entries == (entry("sid", "s1"),)

    @pytest.mark.asyncio
    async def test_an_entry_is_forgotten_when_it_is_over(self, store: RevocationStore) -> None:
        """What names no time is never over."""
        born_at = (await store.snapshot(REALM)).born_at
        brief, long = (entry("sid", str(ttl), expires_at=born_at + ttl) for ttl in (100, 10_000))
        await store.publish(REALM, [brief, long, entry("kid", "k1")])
        self.step(50)
        assert set((await store.snapshot(REALM)).entries) == {brief, long, entry("kid", "k1")}
        self.step(50)
        assert set((await store.snapshot(REALM)).entries) == {long, entry("kid", "k1")}
        self.step(10 * 365 * 86_400)
        assert (await store.snapshot(REALM)).entries == (entry("kid", "k1"),)

    @pytest.mark.asyncio
    async def test_an_entry_that_is_over_already_is_none(self, store: RevocationStore) -> None:
        """It came late, and kills nothing that lives."""
        born_at = (await store.snapshot(REALM)).born_at
        await store.publish(REALM, [entry("sid", "s1", expires_at=born_at - 1)])
        assert (await store.snapshot(REALM)).entries == ()

    @pytest.mark.asyncio
    async def test_an_entry_grows_and_never_shrinks(self, store: RevocationStore) -> None:
        """Whoever reads the state anew must not know less than who followed it."""
        for min_epoch, expires_at in ((3, _FAR), (2, _FAR + 9), (4, _FAR - 9)):
            await store.publish(
                REALM, [entry("sid", "s1", min_epoch=min_epoch, expires_at=expires_at)]
            )
        grown = entry("sid", "s1", min_epoch=4, expires_at=_FAR + 9)
        assert (await store.snapshot(REALM)).entries == (grown,)
        await store.publish(REALM, [entry("sid", "s1", expires_at=_FAR - 9)])
        whole = entry("sid", "s1", expires_at=_FAR + 9)
        assert (await store.snapshot(REALM)).entries == (whole,)
        await store.publish(REALM, [entry("sid", "s1", min_epoch=9, expires_at=_FAR + 99)])
        assert (await store.snapshot(REALM)).entries == (entry("sid", "s1", expires_at=_FAR + 99),)

    @pytest.mark.asyncio
    async def test_times_of_a_subject_grow_likewise(self, store: RevocationStore) -> None:
        """The later one kills more, and an entry without one kills all."""
        times = (1_800_000_000.5, 1_700_000_000.0, 1_900_000_000.25)
        for not_before in times:
            await store.publish(REALM, [entry("subject", "u1", not_before=not_before)])
        grown = entry("subject", "u1", not_before=max(times))
        assert (await store.snapshot(REALM)).entries == (grown,)
        await store.publish(REALM, [entry("subject", "u1")])
        await store.publish(REALM, [entry("subject", "u1", not_before=2e9, expires_at=_FAR)])
        assert (await store.snapshot(REALM)).entries == (entry("subject", "u1"),)

    @pytest.mark.asyncio
    async def test_one_name_twice_in_one_call_is_one_entry(self, store: RevocationStore) -> None:
        """The stronger of each part, in any order."""
        both = [
            entry("sid", "s1", min_epoch=2, expires_at=_FAR),
            entry("sid", "s1", min_epoch=9, expires_at=_FAR - 9),
        ]
        await store.publish(REALM, both)
        await store.publish(OTHER_REALM, both[::-1])
        strongest = entry("sid", "s1", min_epoch=9, expires_at=_FAR)
        assert (await store.snapshot(REALM)).entries == (strongest,)
        assert (await store.snapshot(OTHER_REALM)).entries == (strongest,)

    @pytest.mark.asyncio
    async def test_an_entry_that_is_over_leaves_nothing_behind(
        self, store: RevocationStore
    ) -> None:
        """A subject that was wholly revoked once is not so for ever."""
        born_at = (await store.snapshot(REALM)).born_at
        await store.publish(REALM, [entry("subject", "u1", expires_at=born_at + 50)])
        self.step(51)
        later = entry("subject", "u1", not_before=5.0, expires_at=born_at + 10_000)
        await store.publish(REALM, [later])
        assert (await store.snapshot(REALM)).entries == (later,)

    @pytest.mark.asyncio
    async def test_fifty_who_publish_one_name_leave_the_strongest(
        self, store: RevocationStore
    ) -> None:
        """Nobody writes over what another has just written."""
        await asyncio.gather(
            *(
                store.publish(REALM, [entry("sid", "s1", min_epoch=n, expires_at=_FAR - n)])
                for n in range(50)
            )
        )
        assert (await store.snapshot(REALM)).entries == (
            entry("sid", "s1", min_epoch=49, expires_at=_FAR),
        )

    @pytest.mark.asyncio
    async def test_the_birth_stays_the_same(self, store: RevocationStore) -> None:
        """What was revoked after it, the state knows; eight who ask first agree on it."""
        pages = await asyncio.gather(*(store.snapshot(REALM) for _ in range(8)))
        born_at = pages[0].born_at
        assert [page.born_at for page in pages] == [born_at] * 8
        self.step(100)
        await store.publish(REALM, [entry("sid", "s1")])
        page = await store.snapshot(REALM)
        assert page.born_at == born_at
        assert (await store.follow(REALM, page.position)).born_at == born_at

    @pytest.mark.asyncio
    async def test_of_many_entries_all_are_there_or_none(self, store: RevocationStore) -> None:
        """As many as a subject may have sessions, published while others read."""
        known = entry("kid", "k1")
        await store.publish(REALM, [known])
        many: set[RevocationEntry] = {entry("sid", f"s{number}") for number in range(5_000)}
        publishing = asyncio.ensure_future(store.publish(REALM, tuple(many)))
        while not publishing.done():
            seen = set((await store.snapshot(REALM)).entries)
            assert seen in ({known}, many | {known})
            await asyncio.sleep(0)
        await publishing
        assert set((await store.snapshot(REALM)).entries) == many | {known}
