"""Guesses are counted before a password is hashed, and never shut the owner out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from clocks import MovingClock
from fastapi_jwtkit.errors import (
    HashingBusyError,
    InvalidCredentialsError,
    InvalidGrantError,
    LoginTakenError,
    StoreUnavailableError,
    ThrottledError,
)
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.protocols import Stores
from fastapi_jwtkit.records import Device
from fastapi_jwtkit.stores.from_url import stores_from_url
from kits import House, credentials
from password_doubles import WatchedHasher
from shared_places import place_of

HOME = Device(ip="198.51.100.7", user_agent="owner")
TRAIN = Device(ip="198.51.100.99", user_agent="owner")
STRANGER = Device(ip="203.0.113.9", user_agent="guesser")
ON_SERVERS = ["valkey", "valkey_cluster", "valkey_sentinel", "postgresql", "sqlite"]
FIVE = {"throttle_guesses": "5/5minutes"}


async def guess(house: House, login: str = "ann", device: Device = STRANGER) -> str:
    """Log in with a wrong password and say what came of it."""
    guessed = credentials(login, "not the password")
    with pytest.raises((InvalidCredentialsError, ThrottledError)) as caught:
        await house.kit.login(guessed, device=device)
    if isinstance(caught.value, ThrottledError):
        assert 0 < caught.value.retry_after <= 3600
        return "throttled"
    return "wrong"


async def guesses(house: House, count: int, login: str = "ann", device: Device = STRANGER) -> str:
    """Guess one after the other, and say what came of the last."""
    return [await guess(house, login, device) for _ in range(count)][-1]


@pytest.fixture(params=ON_SERVERS)
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Return where two workers keep their counters together, and a realm of this test alone."""
    with place_of(request.param, request, tmp_path) as place:
        yield place.store_url, place.realm


@pytest.mark.attack(13)
@pytest.mark.std(95)
async def test_forty_guesses_at_once_are_five_comparisons() -> None:
    """In one process; known and unknown accounts alike."""
    hasher = WatchedHasher()
    house = House(parts={"hasher": hasher}, **FIVE)
    await house.register("ann")
    for login in ("ann", "nobody"):
        hasher.compared.clear()
        told = await asyncio.gather(*(guess(house, login) for _ in range(40)))
        assert sorted(told) == ["throttled"] * 35 + ["wrong"] * 5
        assert len(hasher.compared) == 5


async def connect(stores: Sequence[Any], *, calls: int) -> None:
    """Open as many connections as calls at once take, which a busy machine may be late with."""
    for _ in range(5):
        with suppress(StoreUnavailableError):
            reads = (each.counters.read("warm", "up") for each in stores for _ in range(calls))
            await asyncio.gather(*reads)
            return
    pytest.fail("the server does not answer")


@pytest.mark.attack(13)
@pytest.mark.std(95)
async def test_forty_guesses_at_two_workers_are_five_comparisons(shared: tuple[str, str]) -> None:
    """On every server that workers can share."""
    url, realm = shared
    hasher = WatchedHasher()
    stores: list[Stores] = [stores_from_url(url) for _ in range(2)]
    houses = [
        House(
            clock=MovingClock(),  # type: ignore[arg-type]  # the store has a clock of its own
            parts={"hasher": hasher, "stores": each},
            issuer="https://workers.example",
            realm=realm,
            **FIVE,
        )
        for each in stores
    ]
    try:
        await connect(stores, calls=20)
        told = await asyncio.gather(*(guess(houses[n % 2]) for n in range(40)))
        assert sorted(told) == ["throttled"] * 35 + ["wrong"] * 5
        assert len(hasher.compared) == 5
        assert await guess(houses[0], device=HOME) == "wrong"
    finally:
        for each in stores:
            await each.close()


@pytest.mark.attack(13)
@pytest.mark.std(95)
async def test_a_stranger_does_not_lock_the_owner_out() -> None:
    """Neither by guessing from one address, nor from all those of a botnet."""
    house = House(throttle_guesses="5/5minutes", throttle_account="20/hour")
    await house.log_in("ann", device=HOME)
    assert await guesses(house, 6) == "throttled"
    await house.log_in("ann", device=HOME)
    for n in range(30):
        await guess(house, device=Device(ip=f"203.0.113.{n}"))
    assert await guess(house, device=Device(ip="192.0.2.1")) == "throttled"
    # From where the owner logged in before, as often as they like.
    for _ in range(12):
        await house.log_in("ann", device=HOME)
    # From elsewhere the owner is a stranger too, for as long as the window is open.
    with pytest.raises(ThrottledError) as caught:
        await house.log_in("ann", device=TRAIN)
    house.clock.step(caught.value.retry_after + 1)
    await house.log_in("ann", device=TRAIN)


@pytest.mark.std(95)
async def test_the_101st_attempt_is_refused_though_the_password_is_right() -> None:
    """NIST SP 800-63B-4 3.2.2: from sources that nobody knows, at most 100 failures."""
    house = House()
    await house.register("ann")
    for n in range(100):
        assert await guess(house, device=Device(ip=f"203.0.{n}.1")) == "wrong"
    with pytest.raises(ThrottledError) as caught:
        await house.log_in("ann", device=STRANGER)
    assert caught.value.reason == "guess_by_account"
    house.clock.step(3600)
    await house.log_in("ann", device=STRANGER)


async def test_guesses_of_one_source_alone_do_not_fill_the_account() -> None:
    """What is refused is not counted against the account: a source has 20 in an hour."""
    house = House()
    await house.register("ann")
    for _ in range(11):
        await guesses(house, 10)
        house.clock.step(300)
    assert await guess(house, device=HOME) == "wrong"
    reasons = {event.reason for event in house.heard.of(EventName.THROTTLED)}
    assert reasons == {"guess_by_pair"}


@pytest.mark.attack(13, 17)
@pytest.mark.parametrize("twin", [" Ann ", "\uff21\uff2e\uff2e", "ANN", "ann\u3000"])
async def test_another_spelling_is_the_same_account(twin: str) -> None:
    """Or each spelling would buy five guesses more."""
    house = House(**FIVE)
    await guesses(house, 5)
    assert await guess(house, twin) == "throttled"


@pytest.mark.parametrize("login", ["", "\x00", "x" * 1000, "a\ud800"])
async def test_what_can_be_nobodys_login_is_counted_too(login: str) -> None:
    """And makes no key longer."""
    house = House(**FIVE)
    assert await guesses(house, 5, login) == "wrong"
    assert await guess(house, login) == "throttled"


@pytest.mark.attack(13)
async def test_a_right_password_ends_the_count_of_its_account_alone() -> None:
    """An attacker with an account of their own buys no guesses with it."""
    house = House(throttle_guesses="5/5minutes", throttle_source="8/5minutes")
    await house.register("mallory")
    for _ in range(3):
        assert await guesses(house, 4, "mallory") == "wrong"
        await house.log_in("mallory", device=STRANGER)
        house.clock.step(301)
    await house.log_in("mallory", device=STRANGER)
    for n in range(7):
        assert await guess(house, f"victim{n}") == "wrong"
        await house.log_in("mallory", device=STRANGER)
    assert await guess(house, "victim7") == "wrong"
    assert await guess(house, "victim8") == "throttled"


async def test_an_office_full_of_people_logs_in_behind_one_address() -> None:
    """Only failures stay counted against a source."""
    house = House(throttle_source="5/5minutes")
    for n in range(12):
        await house.log_in(f"person{n}", device=HOME)
    assert await guesses(house, 5, "person0", HOME) == "wrong"
    assert await guess(house, "person1", HOME) == "throttled"


@pytest.mark.attack(13)
async def test_an_ipv6_subscriber_is_one_source() -> None:
    """Whoever has a /64 has 2**64 addresses; the neighbours have others."""
    house = House(**FIVE)
    for n in range(5):
        assert await guess(house, device=Device(ip=f"2001:db8:1:2::{n:x}")) == "wrong"
    assert await guess(house, device=Device(ip="2001:db8:1:2:ffff::1")) == "throttled"
    assert await guess(house, device=Device(ip="2001:db8:1:3::1")) == "wrong"


@pytest.mark.std(95)
async def test_live_sessions_go_on_while_their_account_is_throttled() -> None:
    """A limit on guesses is no logout."""
    house = House(throttle_guesses="2/5minutes", throttle_account="3/hour")
    pair = await house.log_in("ann", device=HOME)
    for n in range(10):
        await guesses(house, 3, device=Device(ip=f"203.0.113.{n}"))
        await guess(house, device=HOME)
    assert await guess(house, device=HOME) == "throttled"
    assert await house.kit.verify(pair.access_token)
    pair = await house.kit.rotate(pair.refresh_token, device=HOME)
    assert await house.kit.verify(pair.access_token)


async def test_refused_refreshes_are_told_to_wait_and_live_sessions_are_not() -> None:
    """Failures are counted, by source; behind the same address a session goes on."""
    house = House(throttle_refresh_failures="3/5minutes")
    pair = await house.log_in("ann", device=HOME)
    for _ in range(3):
        with pytest.raises(InvalidGrantError):
            await house.kit.rotate("jkr_made.up", device=HOME)
    with pytest.raises(ThrottledError):
        await house.kit.rotate("jkr_made.up", device=HOME)
    for _ in range(5):
        pair = await house.kit.rotate(pair.refresh_token, device=HOME)
    house.clock.step(301)
    with pytest.raises(InvalidGrantError):
        await house.kit.rotate("jkr_made.up", device=HOME)


async def test_a_session_refreshes_so_often_and_then_waits_and_lives_on() -> None:
    """A client in a loop is slowed down and not logged out; others are not concerned."""
    house = House(throttle_refreshes="10/minute")
    pair, other = await house.log_in("ann"), await house.log_in("bob")
    for _ in range(10):
        pair = await house.kit.rotate(pair.refresh_token)
    with pytest.raises(ThrottledError):
        await house.kit.rotate(pair.refresh_token)
    await house.kit.rotate(other.refresh_token)
    house.clock.step(61)
    await house.kit.rotate(pair.refresh_token)


async def test_one_source_makes_so_many_accounts() -> None:
    """Those that are taken count alike, or names could be tried out."""
    house = House(throttle_strangers="3/hour")
    await house.kit.register(credentials("a"), device=HOME)
    await house.kit.register(credentials("b"), device=HOME)
    with pytest.raises(LoginTakenError):
        await house.kit.register(credentials("a"), device=HOME)
    with pytest.raises(ThrottledError):
        await house.kit.register(credentials("a"), device=HOME)
    with pytest.raises(ThrottledError):
        await house.kit.register(credentials("c"), device=HOME)
    await house.kit.register(credentials("c"), device=TRAIN)
    house.clock.step(3601)
    await house.kit.register(credentials("d"), device=HOME)


async def test_logins_that_were_never_checked_do_not_count() -> None:
    """A crowd that finds the hasher busy and comes again is no attack."""
    house = House(**FIVE)
    await house.register("ann")
    places = house.kit._assembly.need_accounts().hashing._lanes_here().places
    taken = 0
    while places.acquire(blocking=False):
        taken += 1
    for _ in range(8):
        with pytest.raises(HashingBusyError):
            await house.log_in("ann", device=HOME)
    places.release(taken)
    await house.log_in("ann", device=HOME)
    assert await guesses(house, 5, device=HOME) == "wrong"


async def test_a_refusal_is_an_event_that_says_what_was_counted() -> None:
    """And who tried what, but nobody's name and no password."""
    house = House(**FIVE)
    await guesses(house, 6)
    (event,) = house.heard.of(EventName.THROTTLED)
    assert (event.reason, event.ip, event.user_agent) == ("guess_by_pair", STRANGER.ip, "guesser")
    assert dict(event.detail) == {"action": "login"}
    assert event.outcome is False
    assert "ann" not in repr(event)
    assert len(house.heard.of(EventName.LOGIN_FAILED)) == 5
