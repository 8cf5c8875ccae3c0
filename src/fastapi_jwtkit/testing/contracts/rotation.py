"""What a session store promises about rotation: ``advance`` and ``count_replay``."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from fastapi_jwtkit.protocols import SessionStore
from fastapi_jwtkit.records import Session
from fastapi_jwtkit.testing.contracts.clock import ClockedContract
from fastapi_jwtkit.testing.contracts.session_data import REALM, advance, new_session

__all__ = ["RotationContract"]


class RotationContract(ClockedContract):
    """The half of the session contract that spends refresh tokens."""

    async def row(self, store: SessionStore, sid: str = "s1") -> Session:
        """Return a row that must be there."""
        found = await store.find(REALM, sid)
        assert found is not None
        return found.session

    @pytest.mark.asyncio
    async def test_advancing_spends_the_token(self, store: SessionStore) -> None:
        """Counter, spend time, secret and idle limit change in one step, by one clock."""
        added = await store.add(new_session())
        self.step(40)
        won = await store.advance(REALM, "s1", advance(0))
        row = await self.row(store)
        assert won == row
        assert (row.counter, row.mac_key_id, row.attempt) == (1, "8899aabbccddeeff", "t")
        assert len(row.spent) == 1
        assert self.is_at(row.spent[0], added.created_at + 40)
        assert row.last_seen_at == row.spent[0]
        assert row.idle_expiry == pytest.approx(row.spent[0] + 100, abs=0.001)
        assert (row.created_at, row.absolute_expiry) == (added.created_at, added.absolute_expiry)
        assert (row.line, row.scope, row.device) == (added.line, added.scope, added.device)

    @pytest.mark.asyncio
    async def test_the_idle_limit_never_passes_the_absolute_one(self, store: SessionStore) -> None:
        """Refreshing does not move the end of a session (ASVS 10.4.8)."""
        added = await store.add(new_session(absolute_ttl=120, idle_ttl=100))
        self.step(60)
        await store.advance(REALM, "s1", advance(0))
        row = await self.row(store)
        assert row.idle_expiry == row.absolute_expiry == added.absolute_expiry
        self.step(60)
        assert await store.advance(REALM, "s1", advance(1, "late")) is None

    @pytest.mark.asyncio
    async def test_a_token_is_spent_once(self, store: SessionStore) -> None:
        """Who presents a number below the counter loses; the same attempt wins again."""
        await store.add(new_session())
        first = await store.advance(REALM, "s1", advance(0, "one"))
        assert first is not None
        assert await store.advance(REALM, "s1", advance(0, "two")) is None
        assert await store.advance(REALM, "s1", advance(0, "one")) == first

    @pytest.mark.asyncio
    async def test_an_attempt_wins_again_only_while_it_was_the_last(
        self, store: SessionStore
    ) -> None:
        """A token of two rotations ago is spent, whoever asks again."""
        await store.add(new_session())
        await store.advance(REALM, "s1", advance(0, "one"))
        await store.advance(REALM, "s1", advance(1, "two"))
        assert await store.advance(REALM, "s1", advance(0, "one")) is None
        assert (await self.row(store)).counter == 2

    @pytest.mark.asyncio
    async def test_of_fifty_callers_one_wins(self, store: SessionStore) -> None:
        """The compare-and-set has one winner, round after round."""
        await store.add(new_session())
        for number in range(3):
            won = await asyncio.gather(
                *(store.advance(REALM, "s1", advance(number, f"{number}-{n}")) for n in range(50))
            )
            row = await self.row(store)
            assert [winner for winner in won if winner is not None] == [row]
            assert row.counter == number + 1

    @pytest.mark.asyncio
    async def test_fifty_sendings_of_one_attempt_are_one_rotation(
        self, store: SessionStore
    ) -> None:
        """A driver that sends again what it has sent changes nothing."""
        await store.add(new_session())
        won = await asyncio.gather(*(store.advance(REALM, "s1", advance(0)) for _ in range(50)))
        row = await self.row(store)
        assert won == [row] * 50
        assert (row.counter, len(row.spent)) == (1, 1)

    @pytest.mark.asyncio
    async def test_a_newer_token_rolls_the_row_forward(self, store: SessionStore) -> None:
        """What was skipped has no known spend time, and what was known keeps its place."""
        await store.add(new_session())
        first = await store.advance(REALM, "s1", advance(0, "one"))
        assert first is not None
        self.step(40)
        row = await store.advance(REALM, "s1", advance(3, "two"))
        assert row is not None
        assert row.counter == 4
        assert row.spent[:3] == (first.spent[0], 0.0, 0.0)
        assert len(row.spent) == 4
        assert self.is_at(row.spent[3], first.spent[0] + 40)

    @pytest.mark.asyncio
    async def test_eight_spend_times_are_kept(self, store: SessionStore) -> None:
        """The row stays small however long the line, and however far it rolls forward."""
        await store.add(new_session())
        spent: list[float] = []
        for number in range(12):
            self.step(1)
            row = await store.advance(REALM, "s1", advance(number, f"a{number}"))
            assert row is not None
            spent.append(row.spent[-1])
            assert row.spent == tuple(spent[-8:])
        assert (await self.row(store)).spent == tuple(spent[4:])
        assert sorted(set(spent)) == spent
        far = await store.advance(REALM, "s1", advance(1_000_000, "far"))
        assert far is not None
        assert far.counter == 1_000_001
        assert far.spent == (*[0.0] * 7, far.last_seen_at)

    @pytest.mark.asyncio
    async def test_an_advance_with_another_epoch_loses(self, store: SessionStore) -> None:
        """Claims that were built from an older version are not handed out."""
        await store.add(new_session())
        assert await store.bump_epoch(REALM, "s1") == 1
        assert await store.advance(REALM, "s1", advance(0)) is None
        assert await store.advance(REALM, "s1", advance(0, epoch=2)) is None
        assert (await self.row(store)).counter == 0
        assert await store.advance(REALM, "s1", advance(0, epoch=1)) is not None

    @pytest.mark.asyncio
    async def test_an_expired_session_takes_no_write(self, store: SessionStore) -> None:
        """Idle for 100 s is over, to the second; the row can still be found."""
        added = await store.add(new_session())
        self.step(100)
        assert await store.advance(REALM, "s1", advance(0)) is None
        assert await store.count_replay(REALM, "s1", counter=0) is None
        assert await store.bump_epoch(REALM, "s1") is None
        assert await store.list(REALM, "u1") == []
        found = await store.find(REALM, "s1")
        assert found is not None
        assert found.session == added
        assert found.now >= added.idle_expiry

    @pytest.mark.asyncio
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

    @pytest.mark.asyncio
    async def test_fifty_replays_are_counted_exactly(self, store: SessionStore) -> None:
        """No count is lost to another that runs at the same time."""
        await store.add(new_session())
        counts = await asyncio.gather(
            *(store.count_replay(REALM, "s1", counter=0) for _ in range(50))
        )
        assert sorted(count or 0 for count in counts) == list(range(1, 51))

    @pytest.mark.asyncio
    async def test_replays_and_rotations_that_race_are_told_apart(
        self, store: SessionStore
    ) -> None:
        """A replay is counted for the rotation that it belongs to, or not at all."""
        await store.add(new_session())
        for number in range(3):
            counted = [store.count_replay(REALM, "s1", counter=number) for _ in range(25)]
            tries = [
                store.advance(REALM, "s1", advance(number, f"{number}-{n}")) for n in range(25)
            ]
            counts, won = await asyncio.gather(asyncio.gather(*counted), asyncio.gather(*tries))
            assert sum(row is not None for row in won) == 1
            told = sorted(count for count in counts if count is not None)
            assert told == list(range(1, len(told) + 1))
            row = await self.row(store)
            assert (row.counter, row.replays) == (number + 1, 0)

    @pytest.mark.asyncio
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
