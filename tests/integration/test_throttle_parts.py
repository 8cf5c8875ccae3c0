"""Which throttle a kit has, what happens while it cannot count, and how refusals read."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from clocks import MovingClock
from fastapi_jwtkit.accounts.throttle import LimitsThrottle, read_rates
from fastapi_jwtkit.errors import (
    ConfigurationError,
    InvalidCredentialsError,
    InvalidGrantError,
    StoreUnavailableError,
    ThrottledError,
)
from fastapi_jwtkit.records import Device, NewUser
from fastapi_jwtkit.settings import Settings
from fastapi_jwtkit.stores.from_url import stores_from_url
from fastapi_jwtkit.stores.memory import (
    MemoryOneTimeStore,
    MemoryRevocationStore,
    MemorySessionStore,
)
from fastapi_jwtkit.stores.redis import LoopClients, RedisCounterStore
from fastapi_jwtkit.stores.redis.urls import client_maker
from fastapi_jwtkit.throttling import Attempt
from kits import House, credentials
from web_kits import PASSWORD, Realm, make_client

NOBODY = {"username": "nobody", "password": "not the password"}
GONE = "redis://127.0.0.1:1"
"""Nothing listens there: a server that is down."""


class Refusing:
    """A throttle of somebody's own, which has enough."""

    def __init__(self) -> None:
        self.asked: list[Attempt] = []

    async def ensure(self, attempt: Attempt, /) -> None:
        """Refuse."""
        self.asked.append(attempt)
        raise ThrottledError(42.5, "enough")

    async def succeed(self, attempt: Attempt, /) -> None:
        """Hear nothing."""

    async def withdraw(self, attempt: Attempt, /) -> None:
        """Hear nothing."""


def counting_nowhere(settings: Settings) -> LimitsThrottle:
    """Return a throttle whose server is down."""
    return LimitsThrottle(RedisCounterStore(LoopClients(client_maker(GONE))), read_rates(settings))


async def test_without_counters_a_guess_is_refused_and_a_session_goes_on() -> None:
    """Logins fail closed; no live session ends because a counter does not answer."""
    house = House(parts={"throttle": counting_nowhere(Settings(env="dev"))})
    user = await house.users.add(NewUser(login="ann", password_hash=None))
    for attempt in (
        house.kit.login(credentials("ann")),
        house.kit.login(credentials("nobody")),
        house.kit.register(credentials("bob")),
    ):
        with pytest.raises(StoreUnavailableError) as caught:
            await attempt
        assert caught.value.retry_after >= 1
    pair = await house.kit.open_session(user, amr=("swk",))
    pair = await house.kit.rotate(pair.refresh_token)
    with pytest.raises(InvalidGrantError):
        await house.kit.rotate("jkr_made.up")
    assert await house.kit.verify(pair.access_token)


async def test_without_counters_everything_is_let_in_where_a_setting_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Loudly, and a right password is right."""
    house = House(
        parts={"throttle": counting_nowhere(Settings(env="dev"))}, throttle_on_error="allow"
    )
    await house.log_in("ann")
    assert "login was not counted" in caplog.text
    assert PASSWORD not in caplog.text


async def test_a_throttle_with_a_mistake_is_no_outage() -> None:
    """A missing name is found, not dressed up; anything else is as a store that failed."""

    class Broken(Refusing):
        async def ensure(self, attempt: Attempt, /) -> None:
            raise OSError(attempt.action)

    with pytest.raises(StoreUnavailableError):
        await House(parts={"throttle": Broken()}).kit.login(credentials("ann"))


def test_a_throttle_of_ones_own_is_asked_and_learns_no_name() -> None:
    """It gets digests of bounded size, and its refusal is answered as ours."""
    own = Refusing()
    realm = Realm(parts={"throttle": own})
    client = make_client(realm)
    answer = client.post("/auth/login", json=NOBODY)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "43")
    client.post("/auth/register", json=NOBODY)
    client.post("/auth/token", data=NOBODY)
    assert [attempt.action for attempt in own.asked] == ["login", "register", "login"]
    assert own.asked[0] == own.asked[2]
    for attempt in own.asked:
        assert "nobody" not in repr(attempt)
        assert len(attempt.account or "") <= 20
        assert len(attempt.source) == 20


@pytest.mark.parametrize("throttle", [object(), Refusing, "off"])
def test_what_is_no_throttle_is_refused_at_the_start(throttle: Any) -> None:
    """A missing method would be found by an attacker."""
    with pytest.raises(ConfigurationError, match="throttle"):
        House(parts={"throttle": throttle})


@pytest.mark.parametrize(
    "limit",
    [
        *("", "5", "five/minute", "0/minute", "5/fortnight", "-1/minute", "5 minutes", "5/0minute"),
        *("5/minute;", "5/minute 6/hour", "5/minutes; 1", "5/minute\n\nx", "1e3/minute"),
    ],
)
def test_a_limit_that_cannot_be_read_is_refused_at_the_start(limit: str) -> None:
    """With what, why and how to mend it."""
    with pytest.raises(ConfigurationError, match="JWTKIT_THROTTLE_GUESSES is no limit") as caught:
        House(throttle_guesses=limit)
    assert caught.value.why
    assert "5/5minutes" in caught.value.fix


async def test_it_is_off_only_where_a_setting_says_so_and_loudly(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nobody finds out from an incident."""
    house = House(throttle="off")
    with caplog.at_level(logging.WARNING):
        await house.kit.start()
    assert "JWTKIT_THROTTLE=off" in caplog.text
    await house.kit.stop()
    with pytest.raises(ConfigurationError, match="JWTKIT_THROTTLE is off"):
        House(throttle="off", parts={"throttle": Refusing()})


async def test_counters_of_one_process_are_told_where_sessions_are_shared(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """N workers let N times as many pass; on memory alone there is one worker."""
    own = {
        "sessions": MemorySessionStore(),
        "revocations": MemoryRevocationStore(),
        "one_time": MemoryOneTimeStore(),
    }
    for parts, is_told in ((own, True), ({}, False)):
        caplog.clear()
        house = House(parts=parts)
        await house.kit.start()
        assert ("attempts are counted in this process alone" in caplog.text) is is_told
        await house.kit.stop()


@pytest.mark.std(15)
@pytest.mark.attack(13, 20)
@pytest.mark.parametrize("login", ["ann", "nobody"])
def test_a_throttled_login_is_a_429_that_says_when(login: str) -> None:
    """RFC 6585 4: the same for a known and an unknown account, in the one schema."""
    realm = Realm(throttle_guesses="2/5minutes")
    realm.add_user()
    client = make_client(realm)
    body = {"username": login, "password": "not the password"}
    assert [client.post("/auth/login", json=body).status_code for _ in range(2)] == [401] * 2
    answer = client.post("/auth/login", json={"username": login, "password": PASSWORD})
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 300
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "detail": "Too many attempts. Try later.",
        "error_code": "too_many_requests",
    }


@pytest.mark.std(15)
def test_the_password_form_counts_with_the_login_route() -> None:
    """One password, one count, whatever the door; in the words of RFC 6749."""
    client = make_client(Realm(throttle_guesses="2/5minutes"))
    assert client.post("/auth/login", json=NOBODY).status_code == 401
    assert client.post("/auth/token", data=NOBODY).status_code == 400
    answer = client.post("/auth/token", data=NOBODY)
    assert answer.status_code == 429
    assert answer.json()["error"] == answer.json()["error_code"] == "too_many_requests"
    assert int(answer.headers["retry-after"]) >= 1
    assert client.post("/auth/login", json=NOBODY).status_code == 429


@pytest.mark.std(15)
def test_registrations_and_refreshes_say_when_too() -> None:
    """The same status and header on each route that counts."""
    client = make_client(Realm(throttle_strangers="1/hour", throttle_refresh_failures="1/hour"))
    body = {"username": "bob", "password": PASSWORD}
    assert client.post("/auth/register", json=body).status_code == 201
    _ensure_429(client, "/auth/register", body)
    forged = {"refresh_token": "jkr_made.up"}
    assert client.post("/auth/refresh", json=forged).status_code == 400
    _ensure_429(client, "/auth/refresh", forged)


def _ensure_429(client: TestClient, path: str, body: dict[str, str]) -> None:
    answer = client.post(path, json=body)
    assert answer.status_code == 429, answer.text
    assert 1 <= int(answer.headers["retry-after"]) <= 3600


async def test_a_good_refresh_asks_no_store_what_it_may_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its limit spares the server and guards nothing: each process counts for itself."""
    stores: Any = stores_from_url(f"sqlite+aiosqlite:///{tmp_path / 'store.db'}")
    house = House(clock=MovingClock(), parts={"stores": stores})  # type: ignore[arg-type]
    asked: list[str] = []
    increment = stores.counters.increment

    async def recorded(realm: str, key: str, /, **keywords: Any) -> Any:
        asked.append(key)
        return await increment(realm, key, **keywords)

    monkeypatch.setattr(stores.counters, "increment", recorded)
    try:
        pair = await house.log_in("ann")
        assert asked
        asked.clear()
        await house.kit.rotate(pair.refresh_token)
        assert not asked
    finally:
        await stores.close()


async def test_a_stolen_token_does_not_let_a_botnet_guess_without_a_limit() -> None:
    """Where the password is asked for again, guesses count by account as they do at the login."""
    house = House()
    user = await house.register("ann")
    told: list[str] = []
    for n in range(105):
        device = Device(ip=f"203.0.113.{n}", user_agent="botnet")
        try:
            await house.kit.accounts.prove_password(
                user.id, password=SecretStr(f"a wrong guess {n}"), device=device
            )
        except InvalidCredentialsError:
            told.append("wrong")
        except ThrottledError:
            told.append("throttled")
    assert told == ["wrong"] * 100 + ["throttled"] * 5
    await house.log_in("ann", device=Device(ip="198.51.100.7"))
