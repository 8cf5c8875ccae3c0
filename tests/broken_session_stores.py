"""Session stores that break one promise each, as stores in the wild do."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from fastapi_jwtkit.records import Advance, FoundSession, NewSession, Session
from fastapi_jwtkit.stores.memory import MemorySessionStore

ELSEWHERE = "https://everybody.example"


class ReadsThenWrites(MemorySessionStore):
    """Checks, waits for the network, and writes."""

    async def advance(self, realm: str, sid: str, advance: Advance, /) -> Session | None:
        """Let others in between."""
        found = await self.find(realm, sid)
        await asyncio.sleep(0)
        if found is None or advance.presented < found.session.counter:
            return None
        self._rows[realm, sid] = replace(found.session, counter=advance.presented)
        return await super().advance(realm, sid, advance)


class CountsByReading(MemorySessionStore):
    """Adds one to what it read a while ago."""

    async def count_replay(self, realm: str, sid: str, /, *, counter: int) -> int | None:
        """Lose what others counted meanwhile."""
        found = await self.find(realm, sid)
        await asyncio.sleep(0)
        if found is None or found.session.counter != counter:
            return None
        self._rows[realm, sid] = replace(found.session, replays=found.session.replays + 1)
        return found.session.replays + 1


class ForgetsTheAttempt(MemorySessionStore):
    """Takes the retry of a driver for a replay."""

    async def advance(self, realm: str, sid: str, advance: Advance, /) -> Session | None:
        """Keep no attempt."""
        found = await self.find(realm, sid)
        if found is not None and found.session.attempt == advance.attempt:
            return None
        return await super().advance(realm, sid, advance)


class KeepsTheLastReason(MemorySessionStore):
    """Writes over why a session ended."""

    async def revoke(self, realm: str, sid: str, /, *, reason: str) -> bool:
        """Forget the first reason."""
        found = await self.find(realm, sid)
        if found is not None:
            self._rows[realm, sid] = replace(found.session, revoked_at=None)
        return await super().revoke(realm, sid, reason=reason)


class RotatesTheRevoked(MemorySessionStore):
    """Finishes a rotation although the session was ended meanwhile."""

    async def advance(self, realm: str, sid: str, advance: Advance, /) -> Session | None:
        """Look at the row as it was before it was revoked."""
        found = await self.find(realm, sid)
        if found is not None and found.session.revoked_at is not None:
            self._rows[realm, sid] = replace(found.session, revoked_at=None)
        return await super().advance(realm, sid, advance)


class MakesRows(MemorySessionStore):
    """Upserts."""

    async def revoke(self, realm: str, sid: str, /, *, reason: str) -> bool:
        """Say yes to everything."""
        await super().revoke(realm, sid, reason=reason)
        return True


class SharesRows(MemorySessionStore):
    """Leaves the realm out of its keys."""

    async def add(self, new: NewSession, /) -> Session:
        """Store it for all."""
        return await super().add(replace(new, realm=ELSEWHERE))

    async def find(self, realm: str, sid: str, /) -> FoundSession | None:
        """Find it for all."""
        del realm
        return await super().find(ELSEWHERE, sid)


class TakesNothingForEverything(MemorySessionStore):
    """Stores an empty set like none."""

    async def add(self, new: NewSession, /) -> Session:
        """Widen the grant."""
        return await super().add(replace(new, scope=new.scope or None))


class HidesTheExpired(MemorySessionStore):
    """Finds live rows only, so that a reuse reads like an unknown session."""

    async def find(self, realm: str, sid: str, /) -> FoundSession | None:
        """Look away."""
        found = await super().find(realm, sid)
        return None if found is None or found.now >= found.session.idle_expiry else found


class ForgetsWhenATokenWasSpent(MemorySessionStore):
    """Keeps the counter alone."""

    async def advance(self, realm: str, sid: str, advance: Advance, /) -> Session | None:
        """Drop the times."""
        row = await super().advance(realm, sid, advance)
        if row is not None:
            self._rows[realm, sid] = row = replace(row, spent=())
        return row


class EndsNothing(MemorySessionStore):
    """Says that a session was ended."""

    async def revoke(self, realm: str, sid: str, /, *, reason: str) -> bool:
        """Do nothing."""
        del reason
        return await self.find(realm, sid) is not None


class LivesForEver(MemorySessionStore):
    """Takes a login for good."""

    async def add(self, new: NewSession, /) -> Session:
        """Give it all the time in the world."""
        return await super().add(replace(new, idle_ttl=1e9, absolute_ttl=1e9))


class ErasesTheLiving(MemorySessionStore):
    """Takes erasing for ending."""

    async def erase(self, realm: str, subject: str, /) -> int:
        """Delete what lives as well."""
        rows = await self.list(realm, subject)
        for row in rows:
            self._forget(realm, subject, row.sid)
        return await super().erase(realm, subject) + len(rows)


class ErasesWhatItSawBefore(MemorySessionStore):
    """Empties the index by what it read a while ago."""

    async def erase(self, realm: str, subject: str, /) -> int:
        """Lose a login that came meanwhile."""
        count = await super().erase(realm, subject)
        await asyncio.sleep(0)
        self._of_subject.pop((realm, subject), None)
        return count


class ErasesTheIndexAlone(MemorySessionStore):
    """Forgets whose a row was, and keeps what it says."""

    async def erase(self, realm: str, subject: str, /) -> int:
        """Leave the rows."""
        rows = dict(self._rows)
        count = await super().erase(realm, subject)
        self._rows.update(rows)
        return count


SESSION_STORES: dict[type, str] = {
    ReadsThenWrites: "test_of_fifty_callers_one_wins",
    CountsByReading: "test_fifty_replays_are_counted_exactly",
    ForgetsTheAttempt: "test_fifty_sendings_of_one_attempt_are_one_rotation",
    KeepsTheLastReason: "test_a_revoked_session_stays_revoked",
    RotatesTheRevoked: "test_no_rotation_outruns_a_revocation",
    MakesRows: "test_no_verb_makes_a_row",
    SharesRows: "test_a_session_of_another_realm_is_not_found",
    TakesNothingForEverything: "test_a_grant_of_nothing_is_no_grant_of_everything",
    ForgetsWhenATokenWasSpent: "test_advancing_spends_the_token",
    LivesForEver: "test_what_was_added_is_found_with_the_times_of_the_store",
    EndsNothing: "test_a_revoked_session_stays_revoked",
    ErasesTheLiving: "test_what_ended_is_erased_and_nothing_else",
    ErasesWhatItSawBefore: "test_no_login_is_lost_to_an_erasure",
    ErasesTheIndexAlone: "test_what_was_erased_does_not_come_back",
    HidesTheExpired: "test_an_expired_session_takes_no_write",
}
"""Each store, and the test that tells."""
