"""Sessions whose end failed half-way: in the feed and not in the row, or the other way round."""

from __future__ import annotations

import asyncio

import pytest

from clocks import FakeClock
from fastapi_jwtkit.errors import InvalidGrantError, StoreUnavailableError
from fastapi_jwtkit.records import SessionProof
from kits import House, refused
from store_doubles import BreakingFeed, BreakingSessions


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock to step."""
    return FakeClock()


async def test_a_reuse_that_was_answered_is_in_the_row_too(clock: FakeClock) -> None:
    """The entry in the feed passes; the row must not live on after it."""
    sessions, feed = BreakingSessions(clock=clock), BreakingFeed(clock=clock)
    house = House(clock=clock, parts={"sessions": sessions, "revocations": feed})
    first = await house.log_in()
    second = await house.kit.rotate(first.refresh_token)
    clock.step(60)
    sessions.writes_left = 0
    for _ in range(2):  # neither the first nor who tries again is told that it is over
        with pytest.raises(StoreUnavailableError):
            await house.kit.rotate(first.refresh_token)
    sessions.writes_left = 100
    with pytest.raises(InvalidGrantError):
        await house.kit.rotate(first.refresh_token)
    found = await sessions.find(house.kit.realm, second.session.sid)
    assert found is not None
    assert found.session.revoked_at is not None
    await house.kit.stop()


async def test_what_could_not_be_published_is_published_soon(clock: FakeClock) -> None:
    """Another worker hears of it although nobody tries again, and the feed was readable always."""
    sessions, feed = BreakingSessions(clock=clock), BreakingFeed(clock=clock)
    parts = {"sessions": sessions, "revocations": feed}
    mine = House(clock=clock, parts=parts)
    values = mine.settings.model_dump()
    theirs = House(clock=clock, parts=parts | {"users": mine.users}, **values)
    pair = await mine.log_in()
    for house in (mine, theirs):
        assert await refused(house, pair.access_token) == ""
    feed.writes_left = 0
    with pytest.raises(StoreUnavailableError):
        await mine.kit.close(SessionProof(sid=pair.session.sid, subject=None))
    feed.writes_left = 1
    clock.step(5)
    async with asyncio.timeout(5):
        while await refused(theirs, pair.access_token) != "session_revoked":  # noqa: ASYNC110 - the map has no event
            await asyncio.sleep(0.01)
    for house in (mine, theirs):
        await house.kit.stop()
