"""What every revocation feed must do, whatever it stands on: for those who follow it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from fastapi_jwtkit.protocols import RevocationStore
from fastapi_jwtkit.records import FeedPage, RevocationEntry, RevocationKind
from fastapi_jwtkit.testing.contracts.clock import ClockedContract

__all__ = ["OTHER_REALM", "REALM", "FollowingContract", "entry"]

REALM = "https://a.example"
OTHER_REALM = "https://b.example"
_PATIENCE_SECONDS = 30.0
"""What has not been heard by then is held to be lost."""
_FOREIGN = ("", "0", "-1", "17-0", "1700000000000-5", "x", "1:2:3:4:5", "9" * 40, "a:b", "\u2603")
"""Positions that were never handed out, some of them by another kind of store."""


def entry(kind: RevocationKind, value: str, **changes: Any) -> RevocationEntry:
    """Return an entry, for good unless told otherwise."""
    return RevocationEntry(kind=kind, value=value, **changes)


class FollowingContract(ClockedContract):
    """The half of the contract that ``follow`` keeps."""

    async def hear(
        self, store: RevocationStore, page: FeedPage, wanted: Iterable[RevocationEntry]
    ) -> FeedPage:
        """Follow until all that is wanted was heard, and return the last page."""
        missing = set(wanted)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while missing:
                    page = await store.follow(REALM, page.position)
                    missing -= set(page.entries)
                    await asyncio.sleep(0)
        except TimeoutError:
            message = f"{len(missing)} entries were never heard, such as {next(iter(missing))}"
            raise AssertionError(message) from None
        return page

    @pytest.mark.asyncio
    async def test_a_follower_hears_what_came_after(self, store: RevocationStore) -> None:
        """Once is enough; the position moves on."""
        await store.publish(REALM, [entry("sid", "s0")])
        page = await store.snapshot(REALM)
        for sid in ("s1", "s2", "s3"):
            await store.publish(REALM, [entry("sid", sid)])
            page = await store.follow(REALM, page.position)
            assert entry("sid", sid) in page.entries

    @pytest.mark.asyncio
    async def test_an_old_position_leads_to_everything_since(self, store: RevocationStore) -> None:
        """A worker that stood still for a while has missed nothing."""
        page = await store.snapshot(REALM)
        entries = [entry("sid", f"s{number}") for number in range(20)]
        for one in entries:
            await store.publish(REALM, [one])
        await self.hear(store, page, entries)
        await self.hear(store, page, entries)

    @pytest.mark.asyncio
    async def test_two_followers_both_hear_it(self, store: RevocationStore) -> None:
        """What one has taken is not gone for the other."""
        pages = [await store.snapshot(REALM) for _ in range(2)]
        entries = [entry("sid", f"s{number}") for number in range(5)]
        await asyncio.gather(
            *(self.hear(store, page, entries) for page in pages), store.publish(REALM, entries)
        )

    @pytest.mark.asyncio
    async def test_followers_that_publish_at_once_all_hear_everything(
        self, store: RevocationStore
    ) -> None:
        """No entry is lost between writers that race."""
        page = await store.snapshot(REALM)
        entries = [entry("sid", f"s{number}") for number in range(50)]
        await asyncio.gather(
            *(self.hear(store, page, entries) for _ in range(3)),
            *(store.publish(REALM, [one]) for one in entries),
        )

    @pytest.mark.asyncio
    async def test_many_entries_at_once_are_all_heard(self, store: RevocationStore) -> None:
        """However many pages they fill."""
        page = await store.snapshot(REALM)
        entries = [entry("sid", f"s{number}") for number in range(5_000)]
        await store.publish(REALM, entries)
        await self.hear(store, page, entries)

    @pytest.mark.asyncio
    async def test_a_follower_hears_of_an_entry_that_grew(self, store: RevocationStore) -> None:
        """And of the whole of it, not of what was added."""
        await store.publish(REALM, [entry("sid", "s1", min_epoch=3, expires_at=4e9)])
        page = await store.snapshot(REALM)
        await store.publish(REALM, [entry("sid", "s1", min_epoch=5, expires_at=3e9)])
        await self.hear(store, page, [entry("sid", "s1", min_epoch=5, expires_at=4e9)])
        await store.publish(REALM, [entry("sid", "s1")])
        await self.hear(store, page, [entry("sid", "s1")])

    @pytest.mark.asyncio
    async def test_what_was_read_long_ago_is_not_read_again(self, store: RevocationStore) -> None:
        """Following costs what is new, not what there is."""
        await store.publish(REALM, [entry("sid", "s1")])
        page = await store.snapshot(REALM)
        for _ in range(3):
            self.step(6)
            page = await store.follow(REALM, page.position)
        assert (page.entries, page.whole) == ((), False)

    @pytest.mark.asyncio
    async def test_once_a_minute_a_page_is_the_whole_state(self, store: RevocationStore) -> None:
        """What was lost in whatever way is found then; what is over is not in it."""
        born_at = (await store.snapshot(REALM)).born_at
        kept = {entry("sid", "s1"), entry("kid", "k1")}
        await store.publish(REALM, [*kept, entry("sid", "s2", expires_at=born_at + 30)])
        page = await store.snapshot(REALM)
        for _ in range(3):
            self.step(61)
            page = await self._whole_page(store, page)
            assert set(page.entries) == kept

    async def _whole_page(self, store: RevocationStore, page: FeedPage) -> FeedPage:
        """Follow until a page says that it is whole: one of the next few does."""
        for _ in range(3):
            page = await store.follow(REALM, page.position)
            if page.whole:
                return page
        message = "no page was the whole state for more than a minute"
        raise AssertionError(message)

    @pytest.mark.asyncio
    @pytest.mark.parametrize("position", _FOREIGN)
    async def test_a_position_of_elsewhere_leads_to_the_whole_state(
        self, store: RevocationStore, position: str
    ) -> None:
        """A follower that cannot know where it stands starts anew."""
        entries = {entry("sid", f"s{number}") for number in range(5)}
        await store.publish(REALM, tuple(entries))
        page = await store.follow(REALM, position)
        assert page.whole
        assert set(page.entries) == entries
        await store.publish(REALM, [entry("sid", "new")])
        await self.hear(store, page, [entry("sid", "new")])

    @pytest.mark.asyncio
    async def test_a_page_that_says_it_is_whole_lacks_nothing(self, store: RevocationStore) -> None:
        """Who does not find an entry in it holds it to be forgotten, and puts it back."""
        published: set[RevocationEntry] = set()

        async def publish(number: int) -> None:
            for part in range(3):
                one = entry("sid", f"s{number}-{part}")
                await store.publish(REALM, [one])
                published.add(one)

        async def read() -> None:
            page = await store.snapshot(REALM)
            while not writing.done():
                before = set(published)
                page = await store.follow(REALM, page.position)
                if page.whole:
                    assert before <= set(page.entries)
                before = set(published)
                assert before <= set((await store.snapshot(REALM)).entries)
                await asyncio.sleep(0)

        page = await store.snapshot(REALM)
        writing = asyncio.gather(*(publish(number) for number in range(10)))
        await asyncio.gather(writing, read(), read())
        await self.hear(store, page, published)
