"""Feeds, one-time stores and user stores that break one promise each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fastapi_jwtkit.errors import LoginTakenError
from fastapi_jwtkit.records import FeedPage, NewUser, RevocationEntry
from fastapi_jwtkit.stores.memory import MemoryOneTimeStore, MemoryRevocationStore
from fastapi_jwtkit.stores.memory.users import MemoryUser, MemoryUserStore

ELSEWHERE = "https://everybody.example"

# --- revocations ---------------------------------------------------------------------------


class SaysEveryPageIsWhole(MemoryRevocationStore):
    """Makes followers believe that the rest was forgotten."""

    async def follow(self, realm: str, position: str, /) -> FeedPage:
        """Lie."""
        return replace(await super().follow(realm, position), whole=True)


class IsNeverWhole(MemoryRevocationStore):
    """Leaves what was lost lost."""

    async def follow(self, realm: str, position: str, /) -> FeedPage:
        """Hide the state."""
        page = await super().follow(realm, position)
        return replace(page, entries=() if page.whole else page.entries, whole=False)


class WritesOver(MemoryRevocationStore):
    """Keeps the last entry of a name, not the strongest."""

    async def publish(self, realm: str, entries: Sequence[RevocationEntry], /) -> None:
        """Forget what was known."""
        for entry in entries:
            self._feeds[realm].state.pop((entry.kind, entry.value), None)
        await super().publish(realm, entries)


class PublishesPartByPart(MemoryRevocationStore):
    """Lets others read a publish that is half done."""

    async def publish(self, realm: str, entries: Sequence[RevocationEntry], /) -> None:
        """Pause after each hundred."""
        for start in range(0, len(entries), 100):
            await super().publish(realm, entries[start : start + 100])
            await asyncio.sleep(0)


class TellsOneFollower(MemoryRevocationStore):
    """Hands each entry to who asks first, as a queue does."""

    def _after(self, feed: Any, position: str) -> FeedPage:
        """Empty the log that was read."""
        page = super()._after(feed, position)
        if not page.whole:
            feed.log.clear()
        return page


class KeepsTheExpired(MemoryRevocationStore):
    """Never looks at the clock."""

    def _is_over(self, entry: RevocationEntry) -> bool:
        """Say no."""
        del entry
        return False


class TrustsPositions(MemoryRevocationStore):
    """Takes any position for its own."""

    async def follow(self, realm: str, position: str, /) -> FeedPage:
        """Begin at the end where the position is not understood."""
        name = self._feeds[realm].name
        if not position.startswith(name):
            position = (await self.snapshot(realm)).position
        return await super().follow(realm, position)


class TellsEverythingAgain(MemoryRevocationStore):
    """Reads the state anew each time."""

    async def follow(self, realm: str, position: str, /) -> FeedPage:
        """Take no notice of the position."""
        del position
        await asyncio.sleep(0)
        return await self.snapshot(realm)


class SharesTheFeed(MemoryRevocationStore):
    """Leaves the realm out."""

    async def publish(self, realm: str, entries: Sequence[RevocationEntry], /) -> None:
        """Publish for all."""
        del realm
        await super().publish(ELSEWHERE, entries)

    async def snapshot(self, realm: str, /) -> FeedPage:
        """Read for all."""
        del realm
        return await super().snapshot(ELSEWHERE)

    async def follow(self, realm: str, position: str, /) -> FeedPage:
        """Follow for all."""
        del realm
        return await super().follow(ELSEWHERE, position)


REVOCATION_STORES: dict[type, str] = {
    SaysEveryPageIsWhole: "test_a_page_that_says_it_is_whole_lacks_nothing",
    IsNeverWhole: "test_once_a_minute_a_page_is_the_whole_state",
    WritesOver: "test_an_entry_grows_and_never_shrinks",
    PublishesPartByPart: "test_of_many_entries_all_are_there_or_none",
    TellsOneFollower: "test_two_followers_both_hear_it",
    KeepsTheExpired: "test_an_entry_is_forgotten_when_it_is_over",
    TrustsPositions: "test_a_position_of_elsewhere_leads_to_the_whole_state",
    TellsEverythingAgain: "test_what_was_read_long_ago_is_not_read_again",
    SharesTheFeed: "test_a_realm_has_a_feed_of_its_own",
}
"""Each store, and the test that tells."""

# --- what happens once, and users -------------------------------------------------------------


class LooksThenWrites(MemoryOneTimeStore):
    """Looks whether an id is there, and writes it a moment later."""

    async def consume(self, realm: str, token_id: str, /, *, expires_at: float) -> bool:
        """Let others look meanwhile."""
        is_known = (realm, token_id) in self._consumed
        await asyncio.sleep(0)
        self._consumed[realm, token_id] = expires_at
        return not is_known


class ForgetsSoon(MemoryOneTimeStore):
    """Keeps an id for half a minute, whatever was asked."""

    async def consume(self, realm: str, token_id: str, /, *, expires_at: float) -> bool:
        """Shorten its life."""
        soon = min(expires_at, self._clock.now() + 30)
        if self._consumed.get((realm, token_id), soon) <= self._clock.now():
            del self._consumed[realm, token_id]
        return await super().consume(realm, token_id, expires_at=soon)


class JoinsNames(MemoryOneTimeStore):
    """Makes one text of realm and id."""

    async def consume(self, realm: str, token_id: str, /, *, expires_at: float) -> bool:
        """Confuse two names."""
        return await super().consume(ELSEWHERE, f"{realm}:{token_id}", expires_at=expires_at)


ONE_TIME_STORES: dict[type, str] = {
    LooksThenWrites: "test_the_first_of_fifty_callers_is_told_so",
    ForgetsSoon: "test_an_id_is_kept_as_long_as_it_is_valid",
    JoinsNames: "test_ids_and_realms_are_apart",
}


class SetsAnyHash(MemoryUserStore):
    """Lets a hash upgrade win against a password change."""

    async def set_password_hash(
        self, user_id: str, password_hash: str, /, *, expected: str | None
    ) -> bool:
        """Take no notice of what was expected."""
        del expected
        user = self._users.get(user_id)
        old = None if user is None else user.password_hash
        return await super().set_password_hash(user_id, password_hash, expected=old)


class CountsIds(MemoryUserStore):
    """Gives the id of a removed user to the next one."""

    async def add(self, new: NewUser, /) -> MemoryUser:
        """Number users by how many there are."""
        user = await super().add(new)
        del self._users[user.id]
        numbered = replace(user, id=str(len(self._users) + 1))
        self._users[numbered.id], self._ids[user.login] = numbered, numbered.id
        return numbered


class LooksThenAdds(MemoryUserStore):
    """Looks whether a login is free, and takes it a moment later."""

    async def add(self, new: NewUser, /) -> MemoryUser:
        """Let others look meanwhile."""
        if await self.find_by_login(new.login) is not None:
            raise LoginTakenError("login_taken")
        await asyncio.sleep(0)
        self._ids.pop(new.login, None)
        return await super().add(new)


USER_STORES: dict[type, str] = {
    SetsAnyHash: "test_a_hash_is_replaced_only_where_it_is_the_expected_one",
    CountsIds: "test_an_id_is_never_given_twice",
    LooksThenAdds: "test_a_login_is_given_to_one_of_many_who_ask_at_once",
}
