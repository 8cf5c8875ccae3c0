"""``assert_token_dead`` fails while anything takes a token, and says what did."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from fastapi_jwtkit import JWTKit
from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.records import NewUser, TokenPair
from fastapi_jwtkit.testing.clock import FakeClock
from fastapi_jwtkit.testing.dead import assert_token_dead
from web_kits import Realm, make_client, make_settings, run


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock to step."""
    return FakeClock()


@pytest.fixture
def realm(clock: FakeClock) -> Realm:
    """Return a kit with both transports."""
    return Realm(clock=clock, transports=("bearer", "cookie"))


def enter(realm: Realm, transport: str = "bearer", login: str = "ann") -> TokenPair:
    """Return the tokens of a new person."""
    return realm.open_session(realm.add_user(login), transport=transport)


@pytest.mark.parametrize(
    ("transport", "taker"), [("bearer", "kit.verify"), ("cookie", "verification of cookies")]
)
def test_an_access_token_lives_until_its_session_is_closed(
    realm: Realm, transport: str, taker: str
) -> None:
    """The failure names who took it, whose it is and how long it has, never the token."""
    pair = enter(realm, transport)
    with pytest.raises(AssertionError, match=taker) as failed:
        assert_token_dead(realm.kit, pair.access_token)
    assert pair.session.sid in str(failed.value)
    assert pair.access_token not in str(failed.value)
    run(realm.kit.close_sid(pair.session.sid, subject=pair.session.subject))
    assert_token_dead(realm.kit, pair.access_token)


@pytest.mark.parametrize("transport", ["bearer", "cookie"])
def test_a_refresh_token_lives_until_its_session_is_closed(realm: Realm, transport: str) -> None:
    """By the transport that it belongs to."""
    pair = enter(realm, transport)
    with pytest.raises(AssertionError, match=r"kit\.rotate") as failed:
        assert_token_dead(realm.kit, pair.refresh_token)
    assert transport in str(failed.value)
    run(realm.kit.close_all(pair.session.subject))
    assert_token_dead(realm.kit, pair.refresh_token)


def test_time_kills_both(realm: Realm, clock: FakeClock) -> None:
    """First one, then the other."""
    pair = enter(realm)
    clock.step(realm.kit.settings.access_ttl + 1)
    assert_token_dead(realm.auth, pair.access_token)
    clock.step(realm.kit.settings.absolute_ttl)
    assert_token_dead(realm.auth, pair.refresh_token)


def test_a_client_of_its_own_is_presented_as_itself(realm: Realm) -> None:
    """Another one is refused for that alone, and it would look dead."""
    pair = realm.open_session(realm.add_user(), client_id="the-app")
    with pytest.raises(AssertionError, match=r"kit\.rotate"):
        assert_token_dead(realm.kit, pair.refresh_token)


def test_it_is_asserted_after_a_logout_over_http(realm: Realm) -> None:
    """As a test of an application does, by the app."""
    app = FastAPI()
    client = make_client(realm, app)
    pair = enter(realm)
    answer = client.post("/auth/logout", headers={"Authorization": f"Bearer {pair.access_token}"})
    assert answer.status_code == 204
    assert_token_dead(app, pair.access_token)
    assert_token_dead(app, pair.refresh_token, realm=realm.kit.realm)


async def test_an_asynchronous_test_asserts_it_too(realm: Realm) -> None:
    """Below a running loop; there is no await to forget."""
    user = await realm.users.add(NewUser(login="ann", password_hash=""))
    pair = await realm.kit.open_session(user, amr=("pwd",))
    with pytest.raises(AssertionError, match=r"kit\.verify"):
        assert_token_dead(realm.kit, pair.access_token)
    await realm.kit.close_all(user.id)
    assert_token_dead(realm.kit, pair.access_token)
    assert_token_dead(realm.kit, pair.refresh_token)


def test_a_session_that_the_store_lost_is_over(realm: Realm) -> None:
    """Nobody rotates what is not there."""
    pair = enter(realm)
    other = Realm(
        clock=FakeClock(),
        keys=realm.kit.settings.keys,
        refresh_secrets=realm.kit.settings.refresh_secrets,
    )
    assert_token_dead(other.kit, pair.refresh_token)


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("", "not_compact"),
        ("Bearer e30.e30.e30", "not_compact"),
        ("a word", "not_compact"),
        ("jkr_made-up", "refresh_token_malformed"),
    ],
)
def test_what_is_no_token_shows_nothing(realm: Realm, token: str, reason: str) -> None:
    """A made-up string is refused everywhere, so a slip of the test would pass for ever."""
    with pytest.raises(AssertionError, match=reason):
        assert_token_dead(realm.kit, token)


def test_a_token_of_another_kit_shows_nothing(realm: Realm) -> None:
    """It never lived here."""
    other = Realm(issuer="https://other.example.com")
    pair = enter(other)
    with pytest.raises(AssertionError, match="wrong_issuer"):
        assert_token_dead(realm.kit, pair.access_token)
    with pytest.raises(AssertionError, match="another_realm"):
        assert_token_dead(realm.kit, pair.refresh_token)


def test_production_is_refused() -> None:
    """A token that lives would be spent."""
    kit = JWTKit(make_settings(env="prod", audience=("https://api.example.com",)))
    with pytest.raises(ConfigurationError, match="env='prod'"):
        assert_token_dead(kit, "e30.e30.e30")
