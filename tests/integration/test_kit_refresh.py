"""Refreshing by the kit's verbs: races, replays, thieves, lives and scopes."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from fastapi_jwtkit.errors import (
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    ThrottledError,
)
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.keys.secret_ring import SecretRing
from fastapi_jwtkit.records import Device
from fastapi_jwtkit.stores.memory import MemorySessionStore
from kits import SCOPES, House, refused


@pytest.mark.std(17)
@pytest.mark.attack(11)
async def test_fifty_parallel_refreshes_converge_on_one_successor() -> None:
    """All of them succeed, with one refresh token and one step of the counter."""
    house = House()
    first = await house.log_in()
    pairs = await asyncio.gather(*(house.kit.rotate(first.refresh_token) for _ in range(50)))
    assert len({pair.refresh_token for pair in pairs}) == 1
    assert {pair.session.counter for pair in pairs} == {1}
    for pair in pairs:
        assert await refused(house, pair.access_token) == ""
    assert len(house.heard.of(EventName.REFRESH_SUCCEEDED)) == 1
    assert len(house.heard.of(EventName.REFRESH_REPLAYED)) == 49


async def test_without_a_grace_window_one_of_fifty_wins() -> None:
    """Strict is strict; whoever lost the race within it revokes nothing by losing."""
    house = House(grace=0)
    first = await house.log_in()
    answers = await asyncio.gather(
        *(house.kit.rotate(first.refresh_token) for _ in range(50)), return_exceptions=True
    )
    assert sum(not isinstance(answer, BaseException) for answer in answers) == 1
    assert all(
        isinstance(answer, InvalidGrantError)
        for answer in answers
        if isinstance(answer, BaseException)
    )


@pytest.mark.std(17)
@pytest.mark.attack(11)
async def test_a_replay_after_the_grace_window_ends_the_session() -> None:
    """The thief's token, the owner's newest pair and the session: all dead at once."""
    house = House()
    first = await house.log_in()
    second = await house.kit.rotate(first.refresh_token)
    house.clock.step(31)
    third = await house.kit.rotate(second.refresh_token)
    with pytest.raises(InvalidGrantError):
        await house.kit.rotate(first.refresh_token)
    assert await refused(house, third.access_token) == "session_revoked"
    with pytest.raises(InvalidGrantError):
        await house.kit.rotate(third.refresh_token)
    assert [event.reason for event in house.heard.of(EventName.TOKEN_REUSED)] == [
        "refresh_token_reused"
    ]


async def test_replays_do_not_stretch_the_window() -> None:
    """Thirty replays, one a second, and the thirty-first is too late."""
    house = House()
    first = await house.log_in()
    second = await house.kit.rotate(first.refresh_token)
    for _ in range(29):
        house.clock.step(1)
        again = await house.kit.rotate(first.refresh_token)
        assert again.refresh_token == second.refresh_token
        assert again.session.idle_expiry == second.session.idle_expiry
    house.clock.step(1)
    with pytest.raises(InvalidGrantError):
        await house.kit.rotate(first.refresh_token)


async def test_one_token_is_replayed_a_hundred_times_and_no_more() -> None:
    """A loop that presents a spent token is slowed down, and nobody is logged out."""
    house = House()
    first = await house.log_in()
    second = await house.kit.rotate(first.refresh_token)
    for _ in range(100):
        await house.kit.rotate(first.refresh_token)
    with pytest.raises(ThrottledError):
        await house.kit.rotate(first.refresh_token)
    assert (await house.kit.rotate(second.refresh_token)).session.counter == 2


async def test_three_rotations_with_replays_in_a_row_raise_an_alarm() -> None:
    """A thief who keeps up with the owner within each window is seen by the streak."""
    house = House()
    pair = await house.log_in()
    for _ in range(4):
        spent = pair.refresh_token
        pair = await house.kit.rotate(spent)
        await house.kit.rotate(spent)
    assert [event.detail["streak"] for event in house.heard.of(EventName.REPLAY_STREAK)] == [3]


@pytest.mark.parametrize("revoke", [False, True])
async def test_a_replay_from_another_user_agent_is_told_or_ends_the_session(revoke: bool) -> None:
    """The option decides; the event comes in both cases."""
    house = House(revoke_foreign_replay=revoke)
    first = await house.log_in(device=Device(user_agent="phone"))
    await house.kit.rotate(first.refresh_token, device=Device(user_agent="phone"))
    strange = house.kit.rotate(first.refresh_token, device=Device(user_agent="thief"))
    if revoke:
        with pytest.raises(InvalidGrantError):
            await strange
        assert await refused(house, first.access_token) == "session_revoked"
    else:
        await strange
        (event,) = house.heard.of(EventName.REFRESH_REPLAYED)
        assert event.detail["other_user_agent"] == 1


async def test_a_forged_token_revokes_nothing() -> None:
    """Who knows a session id and no secret can log nobody out."""
    house = House()
    pair = await house.log_in()
    body, _, mac = pair.refresh_token.partition(".")
    for forged in (f"{body}.{mac[::-1]}", f"{body[:-4]}BBBB.{mac}", "jkr_x.y", ""):
        with pytest.raises(InvalidGrantError):
            await house.kit.rotate(forged)
    assert (await house.kit.rotate(pair.refresh_token)).session.counter == 1


async def test_a_refresh_token_of_a_row_that_was_made_anew_is_refused() -> None:
    """The line ties it to its own row: the key alone forges nothing."""
    store = MemorySessionStore()
    house = House(parts={"sessions": store, "clock": None})
    pair = await house.log_in()
    key = (house.kit.realm, pair.session.sid)
    store._rows[key] = replace(store._rows[key], line=b"x" * 16)
    with pytest.raises(InvalidGrantError) as caught:
        await house.kit.rotate(pair.refresh_token)
    assert caught.value.reason == "session_of_another_line"
    with pytest.raises(InvalidGrantError):
        await house.kit.prove_refresh(pair.refresh_token)
    assert store._rows[key].revoked_at is None


@pytest.mark.std(7, 18)
@pytest.mark.attack(19)
async def test_scopes_are_narrowed_and_never_widened() -> None:
    """A login asks for at most what is held, a refresh for at most what was granted."""
    house = House()
    with pytest.raises(InvalidScopeError):
        await house.log_in(scopes=frozenset({"tasks:admin"}))
    pair = await house.log_in(scopes=frozenset({"tasks:read"}))
    assert pair.scope == {"tasks:read"}
    with pytest.raises(InvalidScopeError):
        await house.kit.rotate(pair.refresh_token, scopes=frozenset({"tasks:write"}))
    again = await house.kit.rotate(pair.refresh_token)
    assert (again.scope, again.session.counter) == ({"tasks:read"}, 1)


@pytest.mark.std(18)
async def test_a_narrow_refresh_keeps_the_grant() -> None:
    """RFC 6749 6: the next refresh may have everything again."""
    house = House()
    pair = await house.log_in()
    narrow = await house.kit.rotate(pair.refresh_token, scopes=frozenset({"tasks:read"}))
    assert narrow.scope == {"tasks:read"}
    assert (await house.kit.rotate(narrow.refresh_token)).scope == SCOPES


@pytest.mark.std(20, 104)
async def test_a_session_ends_on_day_thirty_however_often_it_is_refreshed() -> None:
    """The absolute limit never slides."""
    house = House()
    pair = await house.log_in()
    for _ in range(29):
        house.clock.step(86_400)
        pair = await house.kit.rotate(pair.refresh_token)
    house.clock.step(86_400)
    with pytest.raises(InvalidGrantError):
        await house.kit.rotate(pair.refresh_token)


@pytest.mark.std(38)
async def test_a_refresh_keeps_the_time_and_the_way_of_the_login() -> None:
    """auth_time and amr describe the login, not the refresh (RFC 9068 2.2.1)."""
    house = House()
    pair = await house.log_in()
    house.clock.step(500)
    claims = await house.kit.verify((await house.kit.rotate(pair.refresh_token)).access_token)
    assert claims["auth_time"] == pair.session.auth_time
    assert claims["amr"] == ("pwd",)


@pytest.mark.std(16)
async def test_a_session_answers_its_own_client_and_transport_only() -> None:
    """Another client or transport with the right token is refused, and changes nothing."""
    house = House()
    pair = await house.log_in()
    for foreign in ({"client_id": "other"}, {"transport": "cookie"}):
        with pytest.raises(InvalidGrantError):
            await house.kit.rotate(pair.refresh_token, **foreign)  # type: ignore[arg-type]
    assert (await house.kit.rotate(pair.refresh_token)).session.counter == 1
    with pytest.raises(InvalidRequestError):
        await house.log_in(client_id="other")


async def test_rotated_refresh_secrets_keep_sessions_and_a_revoked_one_ends_them() -> None:
    """A retired secret still verifies; a revoked one does not; the store holds neither."""
    house = House()
    pair = await house.log_in()
    secrets = house.kit.rings.secrets
    old = secrets.entries[0]
    new = SecretRing.generate(now=0.0).entries[0]
    retired = replace(old, state=type(old.state)("retired"))
    secrets.adopt(SecretRing([new, retired]))
    house.kit.rings.fresh_until = float("inf")
    second = await house.kit.rotate(pair.refresh_token)
    assert second.session.mac_key_id == secrets.active_id != pair.session.mac_key_id
    secrets.adopt(SecretRing([new, replace(old, state=type(old.state)("revoked"))]))
    with pytest.raises(InvalidGrantError):
        await house.kit.rotate(pair.refresh_token)
    assert (await house.kit.rotate(second.refresh_token)).session.counter == 2


async def test_no_access_token_outlives_its_session() -> None:
    """The last one before the absolute limit is short."""
    house = House(access_ttl=600, idle_ttl=3_000, absolute_ttl=3_000)
    pair = await house.log_in()
    house.clock.step(2_900)
    last = await house.kit.rotate(pair.refresh_token)
    assert last.expires_in <= 100
    claims = await house.kit.verify(last.access_token)
    assert claims.expires_at <= last.session.absolute_expiry
