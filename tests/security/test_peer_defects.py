"""Defects that were found in other libraries by running them: sessions and tokens.

One test for each, named after what went wrong there. ``python tests/mutations`` takes the defence
of each out and shows that its test fails.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from account_pages import Pages, opened, refused
from clocks import MovingClock
from fastapi_jwtkit.errors import (
    InvalidGrantError,
    InvalidScopeError,
    InvalidTokenError,
    UnavailableError,
)
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.keys.key_ring import KeyRing, RingKey
from fastapi_jwtkit.keys.signing_key import SigningKey
from fastapi_jwtkit.keys.state import KeyState
from fastapi_jwtkit.protocols import User
from fastapi_jwtkit.records import TokenPair
from kits import SCOPES, House, credentials
from kits import refused as refusal
from shared_places import place_of
from token_forge import GRANT, NOW, make_issuer, make_verifier
from web_kits import PASSWORD

ANN = credentials("ann", PASSWORD)
STORES = ["memory", "sqlite", "valkey", "postgresql"]


@pytest.fixture
async def pages() -> AsyncIterator[Pages]:
    """Return an application in which ann has an account."""
    async with opened(Pages()) as pages:
        assert (await pages.register()).status_code == 201
        yield pages


@pytest.fixture(params=STORES)
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    """Return a kit on each store: what is a race is one on real servers."""
    if request.param == "memory":
        yield House()
        return
    # Made outside the event loop of the test, as it makes one of its own.
    places = place_of(request.param, request, tmp_path)
    place = await asyncio.to_thread(places.__enter__)
    clock: Any = MovingClock()
    house = House(clock=clock, store_url=place.store_url, realm=place.realm)
    await house.kit.start()
    yield house
    await house.kit.stop()
    await asyncio.to_thread(places.__exit__, None, None, None)


async def rotate(house: House, pair: TokenPair) -> TokenPair:
    """Spend a refresh token."""
    return await house.kit.rotate(pair.refresh_token)


async def test_a_logout_left_the_access_token_alive(pages: Pages) -> None:
    """It answered 204, and the same token opened the same door again."""
    token = await pages.log_in()
    assert await pages.lives(token)
    assert (await pages.send("/logout", token=token)).status_code == 204
    assert not await pages.lives(token)


async def test_ending_all_sessions_left_their_tokens_alive(pages: Pages) -> None:
    """Sessions and tokens knew nothing of each other."""
    here, there = await pages.log_in(), await pages.log_in()
    assert [await pages.lives(token) for token in (here, there)] == [True, True]
    assert (await pages.send("/logout-all", token=here)).status_code == 204
    assert [await pages.lives(token) for token in (here, there)] == [False, False]


async def test_a_revoked_token_was_renewed_into_a_good_one(pages: Pages) -> None:
    """The path that renewed it did not ask what was revoked."""
    pair = await pages.kit.login(ANN)
    await pages.send("/logout", token=pair.access_token)
    dead = {"refresh_token": pair.refresh_token}
    form = {"grant_type": "refresh_token", **dead}
    assert not await pages.lives(pair.access_token)
    for answer in (
        await pages.send("/me", token=pair.access_token, method="GET"),
        await pages.send("/refresh", dead, token=pair.access_token),
        await pages.client.post("/auth/token", data=form),
    ):
        assert answer.status_code in {400, 401}
        assert "set-cookie" not in answer.headers
        assert "access_token" not in answer.text


async def test_a_renewed_token_lost_its_scopes_and_claims() -> None:
    """It was signed anew from the subject alone."""

    async def claims_for(user: User) -> dict[str, Any]:
        return {"tenant": f"tenant of {user.login}"}

    house = House(parts={"claims_for": claims_for})
    pair = await house.log_in()
    for _ in range(2):
        pair = await rotate(house, pair)
        claims = await house.kit.verify(pair.access_token)
        assert frozenset(claims["scope"].split(" ")) == SCOPES
        assert claims["tenant"] == "tenant of ann"
        assert pair.scope == SCOPES


async def test_one_refresh_token_worked_five_times_of_five(house: House) -> None:
    """Nothing was spent. Here a late second use ends the session, for thief and owner alike."""
    first = await house.log_in()
    second = await rotate(house, first)
    house.clock.step(60)
    if not isinstance(house.clock, MovingClock):
        with pytest.raises(InvalidGrantError):
            await rotate(house, first)
        with pytest.raises(InvalidGrantError):
            await rotate(house, second)
        assert await refusal(house, second.access_token) == "session_revoked"
        return
    # The clock of a server cannot be stepped: within the window all get the same successor.
    assert (await rotate(house, first)).refresh_token == second.refresh_token


async def test_two_refreshes_at_once_logged_the_user_out(house: House) -> None:
    """One got a pair, the other an error, and then the pair was refused as well."""
    for _ in range(8):
        pair = await house.log_in()
        pairs = await asyncio.gather(rotate(house, pair), rotate(house, pair))
        assert len({each.refresh_token for each in pairs}) == 1
        again = await rotate(house, pairs[0])
        assert await refusal(house, again.access_token) == ""


@pytest.fixture
def two_keys() -> tuple[KeyRing, KeyRing]:
    """Return a ring of one key, and the ring after a rotation."""
    old, new = SigningKey.generate("ES256"), SigningKey.generate("ES256")
    before = KeyRing([RingKey(old, KeyState.ACTIVE, NOW)])
    after = KeyRing([RingKey(new, KeyState.ACTIVE, NOW), RingKey(old, KeyState.RETIRED, NOW)])
    return before, after


def test_with_a_second_key_an_expired_token_was_called_forged(
    two_keys: tuple[KeyRing, KeyRing],
) -> None:
    """Each key was tried in turn, and the error of the last was told."""
    before, after = two_keys
    expired = make_issuer(before).issue_access(GRANT, issued_at=NOW - 601).text
    forged = make_issuer(KeyRing.generate(now=NOW)).issue_access(GRANT, issued_at=NOW).text
    for raw, reason in ((expired, "expired"), (forged, "unknown_kid")):
        with pytest.raises(InvalidTokenError) as caught:
            make_verifier(after).verify(raw)
        assert caught.value.reason == reason
    good = make_issuer(before).issue_access(GRANT, issued_at=NOW).text
    assert make_verifier(after).verify(good).subject == "user-1"


def test_a_leeway_that_was_set_was_never_read(two_keys: tuple[KeyRing, KeyRing]) -> None:
    """A token of five seconds ago was refused with a leeway of sixty."""
    ring, _ = two_keys
    grant = make_issuer(ring).issue_access(GRANT, issued_at=NOW)
    for late, leeway, holds in ((5, 60, True), (61, 60, False), (5, 0, False)):
        verifier = make_verifier(ring, leeway=leeway, max_life=None)
        verifier._clock.step(grant.expires_in + late)  # type: ignore[attr-defined]  # a FakeClock
        if holds:
            assert verifier.verify(grant.text).subject == "user-1"
            continue
        with pytest.raises(InvalidTokenError):
            verifier.verify(grant.text)


async def test_a_refresh_token_passed_as_an_access_token(pages: Pages) -> None:
    """And an access token as a refresh token."""
    pair = await pages.kit.login(ANN)
    refused(await pages.send("/me", token=pair.refresh_token, method="GET"), 401, "invalid_token")
    answer = await pages.send("/refresh", {"refresh_token": pair.access_token})
    assert answer.status_code == 400
    assert "access_token" not in answer.json()


async def test_a_narrow_token_minted_a_wide_one() -> None:
    """What it asked for was compared with a catalogue and not with what it had."""
    house = House()
    narrow = await house.log_in(scopes=frozenset({"tasks:read"}))
    for asked in ({"tasks:write"}, {"tasks:read", "tasks:write"}, {"*"}):
        with pytest.raises(InvalidScopeError):
            await house.kit.rotate(narrow.refresh_token, scopes=frozenset(asked))
    again = await rotate(house, narrow)
    assert (await house.kit.verify(again.access_token))["scope"] == "tasks:read"


@pytest.mark.parametrize("asked", ["*", "tasks:*", "tasks:read admin", "tasks:"])
async def test_a_login_was_given_every_scope_for_the_asking(pages: Pages, asked: str) -> None:
    """A star was a scope like any other, and nothing said who may have it."""
    body = {"username": "ann", "password": PASSWORD, "scope": asked}
    refused(await pages.send("/login", body), 400, "invalid_scope")
    form = {"grant_type": "password", **body}
    refused(await pages.client.post("/auth/token", data=form), 400, "invalid_scope")
    assert (await pages.send("/login", {**body, "scope": "tasks:read"})).status_code == 200


async def test_a_login_that_came_to_nothing_left_a_session() -> None:
    """The pair was made before the last question was asked; the row of it stayed."""
    async with opened(Pages(email_verification="require")) as pages:
        assert (await pages.register()).status_code == 202
        await pages.post.taken(pages.kit)
        user = await pages.users.find_by_login("ann")
        assert user is not None
        # Right, but the address is not verified; right, but more is asked for than is held.
        for scope in ("tasks:read", "admin"):
            body = {"username": "ann", "password": PASSWORD, "scope": scope}
            assert (await pages.send("/login", body)).status_code in {400, 401}
        assert await pages.kit.list_sessions(user.id) == []
        assert pages.heard.of(EventName.LOGIN_SUCCEEDED) == []


async def test_a_login_that_failed_half_way_left_a_session() -> None:
    """A part failed after the row was written, and nobody took it back."""

    async def claims_for(_: User) -> dict[str, Any]:
        raise RuntimeError("boom")

    house = House(parts={"claims_for": claims_for})
    user = await house.register()
    with pytest.raises(UnavailableError):
        await house.log_in()
    assert await house.kit.list_sessions(user.id) == []
