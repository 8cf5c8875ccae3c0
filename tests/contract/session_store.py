"""What every session store must do, whatever it stands on.

A subclass says how to make a store; the tests are the port's promises.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from fastapi_jwtkit.protocols import SessionStore
from fastapi_jwtkit.records import Advance, Device, NewSession, Session

REALM = "https://a.example"


def new_session(sid: str = "s1", subject: str = "u1", **changes: object) -> NewSession:
    """Return a login about to be stored."""
    new = NewSession(
        realm=REALM,
        sid=sid,
        line=b"l" * 16,
        subject=subject,
        client_id="c",
        scope=frozenset({"a"}),
        audience=("x", "y"),
        transport="bearer",
        auth_time=1,
        amr=("pwd",),
        mac_key_id="0011223344556677",
        idle_ttl=100,
        absolute_ttl=1_000,
        device=Device(ip="127.0.0.1", user_agent="u" * 1000, name="n" * 1000),
    )
    return replace(new, **changes)  # type: ignore[arg-type]


def advance(presented: int, attempt: str = "t", epoch: int = 0) -> Advance:
    """Return one attempt to rotate."""
    return Advance(
        presented=presented,
        epoch=epoch,
        idle_ttl=100,
        mac_key_id="8899aabbccddeeff",
        attempt=attempt,
    )


class SessionStoreContract:
    """Subclass it, give ``store`` and ``step``, and run."""

    def make_store(self) -> SessionStore:
        """Return an empty store."""
        raise NotImplementedError

    def step(self, seconds: float) -> None:
        """Let the store's own clock move."""
        raise NotImplementedError

    @pytest.fixture
    def store(self) -> SessionStore:
        """Return an empty store."""
        return self.make_store()

    async def row(self, store: SessionStore, sid: str = "s1") -> Session:
        """Return a row that must be there."""
        found = await store.find(REALM, sid)
        assert found is not None
        return found.session

    async def test_what_was_added_is_found_with_the_times_of_the_store(
        self, store: SessionStore
    ) -> None:
        """Lives count from the store's own clock, and long texts are cut."""
        added = await store.add(new_session())
        found = await store.find(REALM, "s1")
        assert found is not None
        assert found.session == added
        assert found.now == added.created_at
        assert added.idle_expiry == added.created_at + 100
        assert added.absolute_expiry == added.created_at + 1_000
        assert len(added.device.user_agent or "") == 256
        assert len(added.device.name or "") == 64

    async def test_a_session_of_another_realm_is_not_found(self, store: SessionStore) -> None:
        """Realms share a store and not a row."""
        await store.add(new_session())
        assert await store.find("https://b.example", "s1") is None
        assert await store.advance("https://b.example", "s1", advance(0)) is None
        assert await store.list("https://b.example", "u1") == []

    async def test_advancing_spends_the_token(self, store: SessionStore) -> None:
        """Counter, spend time, secret and idle limit change in one step."""
        await store.add(new_session())
        self.step(40)
        won = await store.advance(REALM, "s1", advance(0))
        row = await self.row(store)
        assert won == row
        assert (row.counter, row.mac_key_id, row.attempt) == (1, "8899aabbccddeeff", "t")
        assert row.spent == (row.created_at + 40,)
        assert row.idle_expiry == row.created_at + 140
        assert row.last_seen_at == row.created_at + 40

    async def test_the_idle_limit_never_passes_the_absolute_one(self, store: SessionStore) -> None:
        """Refreshing does not move the end of a session (ASVS 10.4.8)."""
        await store.add(new_session(absolute_ttl=120, idle_ttl=100))
        self.step(90)
        await store.advance(REALM, "s1", advance(0))
        row = await self.row(store)
        assert row.idle_expiry == row.absolute_expiry == row.created_at + 120

    async def test_a_token_is_spent_once(self, store: SessionStore) -> None:
        """Who presents a number below the counter loses; the same attempt wins again."""
        await store.add(new_session())
        assert await store.advance(REALM, "s1", advance(0, "one"))
        assert await store.advance(REALM, "s1", advance(0, "two")) is None
        again = await store.advance(REALM, "s1", advance(0, "one"))
        assert again is not None
        assert again.counter == 1

    async def test_of_fifty_callers_one_wins(self, store: SessionStore) -> None:
        """The compare-and-set has one winner."""
        await store.add(new_session())
        won = await asyncio.gather(
            *(store.advance(REALM, "s1", advance(0, f"a{n}")) for n in range(50))
        )
        assert sum(row is not None for row in won) == 1
        assert (await self.row(store)).counter == 1

    async def test_a_newer_token_rolls_the_row_forward(self, store: SessionStore) -> None:
        """What was skipped has no known spend time, and what was known keeps its place."""
        await store.add(new_session())
        await store.advance(REALM, "s1", advance(0, "one"))
        self.step(5)
        row = await store.advance(REALM, "s1", advance(3, "two"))
        assert row is not None
        assert row.counter == 4
        assert row.spent == (row.created_at, 0.0, 0.0, row.created_at + 5)

    async def test_eight_spend_times_are_kept(self, store: SessionStore) -> None:
        """The row stays small however long the line, and however far it rolls forward."""
        await store.add(new_session())
        for number in range(12):
            self.step(1)
            await store.advance(REALM, "s1", advance(number, f"a{number}"))
        row = await self.row(store)
        assert [at - row.created_at for at in row.spent] == [5, 6, 7, 8, 9, 10, 11, 12]
        far = await store.advance(REALM, "s1", advance(1_000_000, "far"))
        assert far is not None
        assert len(far.spent) == 8

    async def test_an_advance_with_another_epoch_loses(self, store: SessionStore) -> None:
        """Claims that were built from an older version are not handed out."""
        await store.add(new_session())
        assert await store.bump_epoch(REALM, "s1") == 1
        assert await store.advance(REALM, "s1", advance(0)) is None
        assert await store.advance(REALM, "s1", advance(0, epoch=1)) is not None

    async def test_a_revoked_session_stays_revoked(self, store: SessionStore) -> None:
        """Revoked is terminal and the first reason stays."""
        await store.add(new_session())
        assert await store.revoke(REALM, "s1", reason="logout")
        self.step(1)
        assert await store.revoke(REALM, "s1", reason="later")
        row = await self.row(store)
        assert (row.revoked_at, row.revoked_reason) == (row.created_at, "logout")
        assert await store.advance(REALM, "s1", advance(0)) is None
        assert await store.count_replay(REALM, "s1", counter=0) is None
        assert await store.bump_epoch(REALM, "s1") is None

    async def test_no_verb_makes_a_row(self, store: SessionStore) -> None:
        """A session that was forgotten does not come back as half a row."""
        assert await store.advance(REALM, "s1", advance(0)) is None
        assert await store.count_replay(REALM, "s1", counter=0) is None
        assert not await store.revoke(REALM, "s1", reason="logout")
        assert await store.bump_epoch(REALM, "s1") is None
        assert await store.find(REALM, "s1") is None

    async def test_an_expired_session_takes_no_write(self, store: SessionStore) -> None:
        """Idle for 100 s is over, to the second."""
        await store.add(new_session())
        self.step(100)
        assert await store.advance(REALM, "s1", advance(0)) is None
        assert await store.count_replay(REALM, "s1", counter=0) is None
        assert await store.bump_epoch(REALM, "s1") is None
        assert await store.list(REALM, "u1") == []

    async def test_replays_are_counted_and_change_nothing_else(self, store: SessionStore) -> None:
        """Spend times and the idle limit stay, so the grace window never slides."""
        await store.add(new_session())
        await store.advance(REALM, "s1", advance(0))
        before = await self.row(store)
        self.step(10)
        counts = [await store.count_replay(REALM, "s1", counter=1) for _ in range(3)]
        assert counts == [1, 2, 3]
        assert await store.count_replay(REALM, "s1", counter=0) is None
        assert await self.row(store) == replace(before, replays=3)

    async def test_a_streak_counts_rotations_that_saw_a_replay(self, store: SessionStore) -> None:
        """A rotation without a replay ends the streak."""
        await store.add(new_session())
        streaks: list[int] = []
        for number, replayed in enumerate([False, True, True, False, True]):
            row = await store.advance(REALM, "s1", advance(number, f"a{number}"))
            assert row is not None
            streaks.append(row.replay_streak)
            assert row.replays == 0
            if replayed:
                await store.count_replay(REALM, "s1", counter=number + 1)
        assert streaks == [0, 0, 1, 2, 0]

    async def test_a_subject_lists_live_sessions_oldest_first(self, store: SessionStore) -> None:
        """Revoked ones and other people's are not in it."""
        for sid in ("s1", "s2", "s3"):
            await store.add(new_session(sid))
            self.step(1)
        await store.add(new_session("s4", "u2"))
        await store.revoke(REALM, "s2", reason="logout")
        assert [row.sid for row in await store.list(REALM, "u1")] == ["s1", "s3"]
