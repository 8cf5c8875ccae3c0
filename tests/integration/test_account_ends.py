"""Accounts disabled and deleted, sessions limited and ended: over HTTP and by the kit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI

from account_pages import Pages, opened, refused
from fastapi_jwtkit import JWTAuth
from fastapi_jwtkit.errors import ConfigurationError, StoreUnavailableError
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.stores.memory.users import MemoryUserStore
from kits import House, credentials
from kits import refused as why_refused
from web_kits import PASSWORD


@pytest.fixture
async def pages() -> AsyncIterator[Pages]:
    """Return an application in which ann has an account."""
    async with opened(Pages()) as pages:
        assert (await pages.register()).status_code == 201
        yield pages


ANN = credentials(password=PASSWORD)


async def id_of(pages: Pages) -> str:
    """Return ann's id."""
    user = await pages.users.find_by_login("ann")
    assert user is not None
    return user.id


@pytest.mark.std(103)
@pytest.mark.attack(10)
async def test_whoever_is_disabled_is_out_at_once(pages: Pages) -> None:
    """Sessions and access tokens; and back in only by a new login."""
    tokens = [await pages.log_in(), await pages.log_in()]
    user_id = await id_of(pages)
    assert await pages.kit.accounts.disable(user_id)
    assert [await pages.lives(token) for token in tokens] == [False, False]
    assert not await pages.log_in()
    assert await pages.kit.accounts.enable(user_id)
    assert [await pages.lives(token) for token in tokens] == [False, False]
    assert await pages.log_in()
    ends = (EventName.USER_DISABLED, EventName.USER_ENABLED)
    assert [len(pages.heard.of(name)) for name in ends] == [1, 1]


async def test_nobody_can_be_disabled_enabled_or_deleted(pages: Pages) -> None:
    """It is said, and no event tells otherwise."""
    accounts = pages.kit.accounts
    assert not await accounts.disable("nobody")
    assert not await accounts.enable("nobody")
    assert not await accounts.delete("nobody")
    for name in (EventName.USER_DISABLED, EventName.USER_ENABLED, EventName.USER_DELETED):
        assert pages.heard.of(name) == []


@pytest.mark.std(103)
@pytest.mark.attack(10)
async def test_whoever_deletes_their_account_is_out_at_once(pages: Pages) -> None:
    """Everywhere; the login is free, the id is not."""
    user_id = await id_of(pages)
    here, there = await pages.log_in(), await pages.log_in()
    answer = await pages.send("/account/delete", {"password": PASSWORD}, token=here)
    assert (answer.status_code, answer.content) == (204, b"")
    assert [await pages.lives(token) for token in (here, there)] == [False, False]
    assert not await pages.log_in()
    (event,) = pages.heard.of(EventName.USER_DELETED)
    assert event.subject == user_id
    assert (await pages.register()).status_code == 201
    assert await id_of(pages) != user_id
    assert not await pages.lives(here)


@pytest.mark.std(107)
@pytest.mark.parametrize("body", [{}, {"password": "a wrong one, and long"}])
async def test_nobody_deletes_an_account_without_the_password(
    pages: Pages, body: dict[str, str]
) -> None:
    """However young the login is."""
    token = await pages.log_in()
    refused(await pages.send("/account/delete", body, token=token), 401, "invalid_credentials")
    refused(await pages.send("/account/delete", body), 401, "not_authenticated")
    assert await pages.lives(token)


async def test_a_deletion_that_failed_half_way_can_be_done_again(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At its first step nothing was forgotten, at its last the user is gone already."""
    token, user_id = await pages.log_in(), await id_of(pages)
    sessions: Any = pages.kit._sessions
    real, calls = sessions.close_all, iter([True, False, True])

    async def close_all(*arguments: Any, **keywords: Any) -> int:
        if next(calls, False):
            raise StoreUnavailableError("down")
        return int(await real(*arguments, **keywords))

    monkeypatch.setattr(sessions, "close_all", close_all)
    body = {"password": PASSWORD}
    for exists in (True, False):
        answer = await pages.send("/account/delete", body, token=token)
        refused(answer, 503, "temporarily_unavailable")
        assert (await pages.users.find_by_id(user_id) is not None) is exists
    # The first sessions were ended with the second try, so the kit has to do it.
    assert not await pages.kit.accounts.delete(user_id)
    assert await pages.kit.list_sessions(user_id) == []


def test_the_route_that_deletes_is_there_only_where_it_was_named() -> None:
    """An application may have more to do than forget a row."""
    app = FastAPI()
    JWTAuth(House().kit).install(app)
    assert "/auth/account/delete" not in app.openapi()["paths"]


@pytest.mark.std(105, "89b")
async def test_another_session_ends_after_a_recent_login_or_by_the_password(pages: Pages) -> None:
    """One's own ends at any time: that is a log-out (ASVS 7.5.2)."""
    pair, *others = [await pages.kit.login(ANN) for _ in range(4)]
    doors = [f"/sessions/{other.session.sid}" for other in others]
    recent = await pages.send(doors[0], token=pair.access_token, method="DELETE")
    assert recent.status_code == 204
    pages.clock.step(599)
    token = (await pages.kit.rotate(pair.refresh_token)).access_token
    pages.clock.step(1)
    late = await pages.send(doors[1], token=token, method="DELETE")
    refused(late, 401, "reauthentication_required")
    for password, status in (("a wrong one, and long", 401), (PASSWORD, 204)):
        answer = await pages.send(doors[1], {"password": password}, token=token, method="DELETE")
        assert answer.status_code == status
    left = {session.sid for session in await pages.kit.list_sessions(pair.session.subject)}
    assert left == {pair.session.sid, others[2].session.sid}
    own = await pages.send(f"/sessions/{pair.session.sid}", token=token, method="DELETE")
    assert own.status_code == 204


@pytest.mark.std(106)
async def test_one_login_too_many_ends_the_oldest() -> None:
    """With its access tokens; 0 means any number."""
    house = House(max_sessions=3)
    pairs = []
    for _ in range(5):
        pairs.append(await house.log_in())
        house.clock.step(1)
    reasons = [await why_refused(house, pair.access_token) for pair in pairs]
    assert reasons == ["session_revoked"] * 2 + [""] * 3
    subject = pairs[0].session.subject
    assert [s.sid for s in await house.kit.list_sessions(subject)] == [
        pair.session.sid for pair in pairs[2:]
    ]
    ended = [e.reason for e in house.heard.of(EventName.SESSION_ENDED)]
    assert ended == ["limit", "limit"]
    await house.kit.stop()


@pytest.mark.std(106)
async def test_a_login_that_comes_to_nothing_ends_no_other() -> None:
    """Neither a wrong password nor a hook that fails."""

    async def claims_for(user: Any) -> dict[str, Any]:
        if failing:
            raise OSError(user.id)
        return {}

    failing = False
    house = House(max_sessions=1, parts={"claims_for": claims_for})
    pair = await house.log_in()
    failing = True
    with pytest.raises(Exception, match="claims_for_failed"):
        await house.log_in()
    assert await why_refused(house, pair.access_token) == ""
    await house.kit.stop()


async def test_a_flow_that_the_kit_cannot_serve_says_what_is_missing() -> None:
    """A mistake of the developer: the route was not there either."""

    class Bare:
        def __init__(self) -> None:
            users = MemoryUserStore()
            self.find_by_login = users.find_by_login
            self.find_by_id = users.find_by_id
            self.set_password_hash = users.set_password_hash

    house = House(parts={"users": Bare()})
    accounts = house.kit.accounts
    for call in (
        accounts.request_reset("ann@example.com"),
        accounts.disable("1"),
        accounts.delete("1"),
        accounts.request_verification("ann@example.com"),
    ):
        with pytest.raises(ConfigurationError, match="cannot serve"):
            await call
    assert accounts.can("password-change")
    await house.kit.stop()
