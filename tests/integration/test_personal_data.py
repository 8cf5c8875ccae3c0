"""What is kept of a person can be left out, and what was kept can be erased: on every store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from account_pages import Pages, opened
from clocks import MovingClock
from fastapi_jwtkit.errors import ConfigurationError, InvalidGrantError, StoreUnavailableError
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.records import Device, SessionProof
from fastapi_jwtkit.stores.memory import MemoryRevocationStore, MemorySessionStore
from kits import House, refused
from mailed import EMAIL
from shared_places import place_of

PHONE = Device(ip="192.0.2.7", user_agent="a telling agent", name="my phone")


@pytest.fixture(params=["memory", "sqlite", "postgresql", "valkey"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Return the settings of a kit on a store of each kind."""
    if request.param == "memory":
        yield {}
    else:
        with place_of(request.param, request, tmp_path) as place:
            yield {"store_url": place.store_url, "realm": place.realm}


@pytest.mark.parametrize("kept", [{"store_ip"}, {"store_user_agent"}, set()])
async def test_what_may_not_be_kept_is_in_no_row_and_no_event(
    place: dict[str, Any], kept: set[str]
) -> None:
    """Each by itself; what the person calls the device is their own word."""
    switches = {name: name in kept for name in ("store_ip", "store_user_agent")}
    house = House(clock=MovingClock(), **place, **switches)
    await house.kit.start()
    pair = await house.log_in(device=PHONE)
    await house.kit.rotate(pair.refresh_token, device=PHONE)
    (session,) = await house.kit.list_sessions(pair.session.subject)
    for device in (session.device, pair.session.device):
        assert device.ip == ("192.0.2.7" if "store_ip" in kept else None)
        assert device.user_agent == ("a telling agent" if "store_user_agent" in kept else None)
        assert device.name == "my phone"
    said = {event.ip for event in house.heard.events}
    agents = {event.user_agent for event in house.heard.events}
    assert ("192.0.2.7" in said) is ("store_ip" in kept)
    assert ("a telling agent" in agents) is ("store_user_agent" in kept)
    await house.kit.stop()


async def test_no_mail_says_where_a_request_came_from() -> None:
    """Whether or not that is kept."""
    async with opened(Pages()) as pages:
        await pages.register()
        await pages.send("/password/forgot", {"email": EMAIL})
        mails = await pages.post.taken(pages.kit)
    assert mails
    assert not any("127.0.0.1" in f"{mail.link}{dict(mail.context)}" for mail in mails)
    assert not any("httpx" in f"{mail.link}{dict(mail.context)}" for mail in mails)


def test_user_agents_that_are_not_kept_cannot_be_compared() -> None:
    """A setting that could not work is refused."""
    with pytest.raises(ConfigurationError, match="store_user_agent is off"):
        House(revoke_foreign_replay=True, store_user_agent=False)


@pytest.mark.std(102, 103)
async def test_whoever_is_erased_is_out_and_nothing_of_them_is_kept(
    place: dict[str, Any],
) -> None:
    """Sessions that live and sessions that ended; nobody else's; and doing it again is fine."""
    house = House(clock=MovingClock(), **place)
    await house.kit.start()
    pairs = [await house.log_in(device=PHONE) for _ in range(3)]
    subject = pairs[0].session.subject
    other = await house.log_in("bob", device=PHONE)
    await house.kit.close(SessionProof(sid=pairs[0].session.sid, subject=subject))
    assert await house.kit.erase(subject) == 3
    store = house.kit._assembly.stores.sessions
    for pair in pairs:
        assert await store.find(house.kit.realm, pair.session.sid) is None
        assert await refused(house, pair.access_token) == "session_revoked"
        with pytest.raises(InvalidGrantError):
            await house.kit.rotate(pair.refresh_token)
    assert await house.kit.list_sessions(subject) == []
    assert await refused(house, other.access_token) == ""
    assert (await house.kit.rotate(other.refresh_token)).session.sid == other.session.sid
    (event,) = house.heard.of(EventName.SUBJECT_ERASED)
    assert (event.subject, event.detail["rows"]) == (subject, 3)
    assert await house.kit.erase(subject) == 0
    await house.kit.stop()


@pytest.mark.std(103)
async def test_deleting_an_account_erases_its_rows(place: dict[str, Any]) -> None:
    """Nobody has to think of it."""
    house = House(clock=MovingClock(), **place)
    await house.kit.start()
    pair = await house.log_in(device=PHONE)
    assert await house.kit.accounts.delete(pair.session.subject)
    store = house.kit._assembly.stores.sessions
    assert await store.find(house.kit.realm, pair.session.sid) is None
    assert await refused(house, pair.access_token) == "session_revoked"
    await house.kit.stop()


class Unerasable:
    """A session store of somebody's own, without the optional verb."""

    def __init__(self, store: MemorySessionStore) -> None:
        for verb in ("add", "find", "advance", "count_replay", "revoke", "bump_epoch", "list"):
            setattr(self, verb, getattr(store, verb))


async def test_a_store_that_cannot_erase_still_ends_the_sessions() -> None:
    """And says that it deleted none."""
    rows = MemorySessionStore()
    parts = {"sessions": Unerasable(rows), "revocations": MemoryRevocationStore()}
    house = House(clock=MovingClock(), parts=parts)
    pair = await house.log_in()
    assert await house.kit.erase(pair.session.subject) == 0
    assert await refused(house, pair.access_token) == "session_revoked"
    await house.kit.stop()


async def test_an_erasure_that_failed_says_so_and_can_be_done_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first thing that fails ends it, and nothing lives that should not."""

    async def fail(*_: object) -> int:
        raise ConnectionError

    house = House()
    pair = await house.log_in()
    with monkeypatch.context() as broken:
        broken.setattr(MemorySessionStore, "erase", fail)
        with pytest.raises(StoreUnavailableError, match="session_erase_failed"):
            await house.kit.erase(pair.session.subject)
    assert await house.kit.erase(pair.session.subject) == 1
    assert [event.outcome for event in house.heard.of(EventName.SUBJECT_ERASED)] == [False, True]
    await house.kit.stop()
