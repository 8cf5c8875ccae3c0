"""Recent and strong logins: the challenge of RFC 9470, and the way back from it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

from clocks import FakeClock
from fastapi_jwtkit import Principal, require_auth, require_policy
from fastapi_jwtkit.errors import (
    InvalidCredentialsError,
    InvalidTokenError,
    SessionNotFoundError,
)
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.policies import has_roles, logged_in_within
from fastapi_jwtkit.web.guards import current_principal
from kits import Heard, House, refused
from pages import BOTH, Page
from web_kits import PASSWORD, Realm, bearer, is_alive, log_in, make_client, run

TOO_OLD = 'Bearer error="insufficient_user_authentication", max_age="300"'
GIVEN = SecretStr("correct horse battery staple")


def make_app(clock: FakeClock) -> FastAPI:
    """Return an app with a route per kind of demand."""
    app = FastAPI()
    strong = require_auth(acr="urn:example:mfa", amr=("pwd", "otp"), max_age=300)
    recent = require_policy(has_roles("admin") | logged_in_within(300, now=clock.now))
    routes = {
        "/recent": require_auth(max_age=300),
        "/strong": strong,
        "/claimed": require_auth(acr=("silver", "gold")),
        "/method": require_auth(amr=("otp",)),
        "/policy": recent,
        "/strict": require_auth(strict=True),
    }

    async def endpoint() -> str:
        return "in"

    for path, guard in routes.items():
        app.add_api_route(path, endpoint, dependencies=[Depends(guard)])
    return app


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that can be stepped."""
    return FakeClock()


@pytest.fixture
def heard() -> Heard:
    """Return a sink of events."""
    return Heard()


@pytest.fixture
def realm(clock: FakeClock, heard: Heard) -> Realm:
    """Return a realm with a user."""
    realm = Realm(clock=clock, parts={"events": (heard,)})
    realm.add_user(scopes=["a", "b"])
    return realm


@pytest.fixture
def client(realm: Realm, clock: FakeClock) -> TestClient:
    """Return a client of the app."""
    return make_client(realm, make_app(clock))


def refresh(client: TestClient, tokens: dict[str, Any]) -> dict[str, Any]:
    """Return the next pair."""
    answer = client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert answer.status_code == 200
    pair: dict[str, Any] = answer.json()
    return pair


def step_up(client: TestClient, tokens: dict[str, Any], password: str = PASSWORD) -> Any:
    """Give a password in the middle of a session."""
    headers = bearer(tokens["access_token"])
    return client.post("/auth/step-up", json={"password": password}, headers=headers)


@pytest.mark.std(34, 37, 38, "89b")
def test_a_refresh_is_no_login(client: TestClient, clock: FakeClock, heard: Heard) -> None:
    """``auth_time`` survives it, so a token that is new does not prove that somebody is there."""
    tokens = log_in(client)
    assert client.get("/recent", headers=bearer(tokens["access_token"])).status_code == 200
    clock.step(300)
    tokens = refresh(client, tokens)
    assert client.get("/recent", headers=bearer(tokens["access_token"])).status_code == 200
    clock.step(1)
    tokens = refresh(client, tokens)
    for path in ("/recent", "/policy"):
        answer = client.get(path, headers=bearer(tokens["access_token"]))
        assert answer.status_code == 401
        assert answer.headers.get_list("www-authenticate") == [TOO_OLD]
        assert answer.json()["error_code"] == "reauthentication_required"
    denied = heard.of(EventName.ACCESS_DENIED)
    assert [event.reason for event in denied] == ["authenticated_too_long_ago"] * 2
    assert client.get("/recent").headers["www-authenticate"] == "Bearer"


@pytest.mark.std(37, 101)
def test_a_step_up_opens_a_session_and_ends_the_one_before(
    client: TestClient, clock: FakeClock, heard: Heard
) -> None:
    """With the same grant; what the old one left behind opens nothing any more."""
    before = log_in(client, scope="a", device_name="phone")
    clock.step(500)
    answer = step_up(client, before)
    assert answer.status_code == 200
    after = answer.json()
    assert after["scope"] == "a"
    assert client.get("/recent", headers=bearer(after["access_token"])).status_code == 200
    assert not is_alive(client, before)
    again = client.post("/auth/refresh", json={"refresh_token": before["refresh_token"]})
    assert again.json()["error"] == "invalid_grant"
    [session] = client.get("/auth/sessions", headers=bearer(after["access_token"])).json()
    assert session["device_name"] == "phone"
    assert [each.reason for each in heard.of(EventName.SESSION_ENDED)] == ["step_up"]
    assert heard.of(EventName.REAUTHENTICATED)
    refresh(client, after)


def test_a_wrong_password_ends_nothing(client: TestClient, heard: Heard) -> None:
    """Whoever found an unlocked screen learns nothing, and is counted as a guess."""
    tokens = log_in(client)
    answer = step_up(client, tokens, "not the password")
    assert answer.status_code == 401
    assert answer.json()["error_code"] == "invalid_credentials"
    assert is_alive(client, tokens)
    assert heard.of(EventName.REAUTHENTICATION_FAILED)
    assert client.post("/auth/step-up", json={"password": PASSWORD}).status_code == 401
    statuses = {step_up(client, tokens, "not the password").status_code for _ in range(30)}
    assert statuses == {401, 429}


def test_a_step_up_needs_a_session_that_lives(client: TestClient, realm: Realm) -> None:
    """An ended one is not brought back by a password."""
    tokens = log_in(client)
    client.post("/auth/logout", headers=bearer(tokens["access_token"]))
    assert step_up(client, tokens).status_code == 401
    with pytest.raises(InvalidTokenError):
        run(realm.kit.step_up(Principal(subject="x"), password=SecretStr(PASSWORD)))


def test_a_step_up_by_cookies_writes_cookies() -> None:
    """The page goes on with the new session, and no token is in a body."""
    realm = Realm(transports=BOTH)
    realm.add_user()
    app = FastAPI()
    realm.auth.install(app)
    page = Page(app)
    page.log_in()
    before = dict(page.jar)
    assert page.client.post("/auth/step-up", json={"password": PASSWORD}).status_code == 403
    answer = page.post("/auth/step-up", json={"password": PASSWORD})
    assert answer.status_code == 200
    assert "access_token" not in answer.json()
    assert page.is_logged_in()
    assert all(page.jar[name] != value for name, value in before.items())


async def test_a_session_of_ones_own_replaces_another() -> None:
    """The seam for second factors; nobody ends the session of somebody else with it."""
    house = House()
    pair, others = await house.log_in("ann"), await house.log_in("bob")
    ann = await house.users.find_by_login("ann")
    assert ann is not None
    for sid in (others.session.sid, "nobody's"):
        with pytest.raises(SessionNotFoundError):
            await house.kit.open_session(ann, amr=("pwd", "otp"), replaces=sid)
    assert await refused(house, others.access_token) == ""
    after = await house.kit.open_session(ann, amr=("pwd", "otp"), replaces=pair.session.sid)
    assert await refused(house, pair.access_token) == "session_revoked"
    assert [each.sid for each in await house.kit.list_sessions(ann.id)] == [after.session.sid]


async def test_a_step_up_costs_no_session_on_another_device() -> None:
    """Where each person may have two, the one that is replaced makes the room."""
    house = House(max_sessions=2)
    other, mine = await house.log_in(), await house.log_in()
    principal = Principal.of(await house.kit.verify(mine.access_token))
    await house.kit.step_up(principal, password=GIVEN)
    assert await refused(house, other.access_token) == ""


async def test_a_password_that_changes_meanwhile_opens_no_session() -> None:
    """The old one proved something that holds no more."""
    house = House()
    pair = await house.log_in()
    principal = Principal.of(await house.kit.verify(pair.access_token))
    hasher = house.kit._assembly.need_accounts().hashing
    read, find = [0], house.users.find_by_id

    async def changed_on_the_way(user_id: str) -> Any:
        read[0] += 1
        user = await find(user_id)
        if read[0] == 2 and user is not None:
            another = await hasher.hash("another long password of hers")
            await house.users.set_password_hash(user_id, another, expected=user.password_hash)
            user = await find(user_id)
        return user

    house.users.find_by_id = changed_on_the_way  # type: ignore[method-assign]
    with pytest.raises(InvalidCredentialsError) as caught:
        await house.kit.step_up(principal, password=GIVEN)
    assert caught.value.reason == "password_changed"
    assert await refused(house, pair.access_token) == ""
    assert len(await house.kit.list_sessions(principal.subject)) == 1


@pytest.mark.std(37)
@pytest.mark.parametrize(
    ("path", "amr", "status", "values"),
    [
        ("/strong", ("pwd",), 401, 'acr_values="urn:example:mfa", max_age="300"'),
        ("/strong", ("pwd", "otp"), 200, ""),
        ("/claimed", ("pwd", "otp"), 401, 'acr_values="silver gold"'),
        ("/method", ("otp", "face"), 200, ""),
        ("/method", (), 401, ""),
    ],
)
def test_a_login_that_was_too_weak_is_told_what_would_do(
    client: TestClient, realm: Realm, path: str, amr: tuple[str, ...], status: int, values: str
) -> None:
    """By the context's name; tokens of this kit prove one by the methods they carry."""
    user = realm.add_user("bob")
    pair = run(realm.kit.open_session(user, amr=amr))
    answer = client.get(path, headers=bearer(pair.access_token))
    assert answer.status_code == status
    if status == 401:
        challenge = 'Bearer error="insufficient_user_authentication"'
        assert answer.headers["www-authenticate"] == ", ".join(filter(None, (challenge, values)))


def test_a_strict_guard_asks_the_row(client: TestClient, realm: Realm) -> None:
    """Once per request; the map alone knows nothing of a row that is gone."""
    tokens = log_in(client)
    headers = bearer(tokens["access_token"])
    assert client.get("/strict", headers=headers).status_code == 200
    store = realm.kit._assembly.stores.sessions
    sid = client.get("/auth/me", headers=headers).json()["session_id"]
    run(store.revoke(realm.kit.realm, sid, reason="behind_the_feed"))
    assert client.get("/recent", headers=headers).status_code == 200
    assert client.get("/strict", headers=headers).status_code == 401
    assert client.get("/strict").status_code == 401


def test_a_strict_guard_asks_the_row_of_cookies_too() -> None:
    """Whatever the token came by."""
    realm = Realm(transports=BOTH)
    realm.add_user()
    app = make_app(FakeClock())
    realm.auth.install(app)
    page = Page(app)
    page.log_in()
    assert page.client.get("/strict").status_code == 200
    sid = page.client.get("/auth/me").json()["session_id"]
    run(realm.kit._assembly.stores.sessions.revoke(realm.kit.realm, sid, reason="x"))
    assert page.client.get("/strict").status_code == 401


def test_a_test_that_says_who_is_calling_says_when_they_logged_in(client: TestClient) -> None:
    """Else they did so too long ago."""
    app: Any = client.app
    app.dependency_overrides[current_principal] = lambda: Principal(subject="ann")
    assert client.get("/recent").status_code == 401
    app.dependency_overrides[current_principal] = lambda: Principal(
        subject="ann", auth_time=1_800_000_000
    )
    assert client.get("/recent").status_code == 200
    assert client.get("/strict").status_code == 200


async def test_of_two_step_ups_at_once_one_is_told_that_its_session_is_over() -> None:
    """401 as for every session that ended, and no trace of a half one."""
    house = House()
    pair = await house.log_in()
    principal = Principal.of(await house.kit.verify(pair.access_token))
    answers = await asyncio.gather(
        *(house.kit.step_up(principal, password=GIVEN) for _ in range(2)),
        return_exceptions=True,
    )
    errors = [each for each in answers if isinstance(each, Exception)]
    assert [(type(e), str(e)) for e in errors] == [(InvalidTokenError, "session_revoked")]
    assert len(await house.kit.list_sessions(principal.subject)) == 1
