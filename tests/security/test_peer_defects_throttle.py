"""Defects that were found in other libraries by running them: guesses without end.

See ``test_peer_defects.py``.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from clocks import FakeClock
from fastapi_jwtkit import JWTAuth, Settings
from fastapi_jwtkit.errors import InvalidCredentialsError, ThrottledError
from fastapi_jwtkit.records import Device
from kits import PASSWORD, House, credentials
from mailed import PUBLIC_URL, Postbox
from password_doubles import WatchedHasher

STRANGER = Device(ip="203.0.113.9")
HOME = Device(ip="198.51.100.7")


class Doors:
    """An app with every flow, asked from any address."""

    def __init__(self, **settings: Any) -> None:
        self.house = House(
            clock=FakeClock(),
            parts={"mailer": Postbox()},
            public_url=PUBLIC_URL,
            **settings,
        )
        self.app = FastAPI()
        JWTAuth(self.house.kit).install(self.app)

    def post(self, path: str, body: dict[str, str], *, ip: str = "203.0.113.9") -> int:
        """Post from an address and return the status; a 429 says when."""
        answer = TestClient(self.app, client=(ip, 4433)).post(f"/auth{path}", json=body)
        if answer.status_code == 429:
            assert int(answer.headers["retry-after"]) > 0
            assert answer.json()["error_code"] == "too_many_requests"
        return answer.status_code

    def guess(self, login: str = "ann", **more: str) -> int:
        """Log in with a wrong password."""
        return self.post("/login", {"username": login, "password": "not the password"}, **more)


async def guess(house: House, device: Device = STRANGER) -> str:
    """Guess once and say what came of it."""
    try:
        await house.kit.login(credentials(password="not the password"), device=device)
    except (InvalidCredentialsError, ThrottledError) as error:
        return type(error).__name__
    raise AssertionError("the wrong password was right")


@pytest.mark.parametrize("login", ["ann", "nobody"])
def test_sixty_guesses_were_sixty_answers(login: str) -> None:
    """By default nothing counted them."""
    doors = Doors()
    asyncio.run(doors.house.register())
    answers = Counter(doors.guess(login) for _ in range(60))
    assert answers == {401: 5, 429: 55}


async def test_forty_guesses_at_once_passed_a_limit_of_five() -> None:
    """The counter was read, the password compared, and then the counter was raised."""
    hasher = WatchedHasher()
    house = House(parts={"hasher": hasher}, throttle_guesses="5/5minutes")
    await house.register()
    hasher.compared.clear()
    told = Counter(await asyncio.gather(*(guess(house) for _ in range(40))))
    assert told == {"InvalidCredentialsError": 5, "ThrottledError": 35}
    assert len(hasher.compared) == 5


async def test_whoever_guessed_locked_the_owner_out() -> None:
    """After a botnet had been there, the right password was refused as well."""
    house = House(throttle_guesses="5/5minutes", throttle_account="20/hour")
    await house.log_in(device=HOME)
    for n in range(30):
        await guess(house, Device(ip=f"203.0.113.{n}"))
    assert await guess(house, Device(ip="192.0.2.1")) == "ThrottledError"
    assert (await house.log_in(device=HOME)).access_token


def refreshes(doors: Doors) -> list[int]:
    """Refresh one session twice."""
    token = {"refresh_token": asyncio.run(doors.house.log_in()).refresh_token}
    return [doors.post("/refresh", token) for _ in "ab"]


ANN = {"email": "ann@example.com"}
LINK = {"token": "no.good.link"}
LIMITS: dict[str, Callable[[Doors], list[int]]] = {
    "guesses": lambda doors: [doors.guess() for _ in "ab"],
    "source": lambda doors: [doors.guess(login) for login in ("ann", "bob")],
    "account": lambda doors: [doors.guess(ip=f"203.0.113.{n}") for n in (1, 2)],
    "strangers": lambda doors: [
        doors.post("/register", {"username": f"{n}", "password": PASSWORD}) for n in "ab"
    ],
    "strangers: forgot": lambda doors: [
        doors.post("/password/forgot", {"email": f"{n}@example.com"}) for n in "ab"
    ],
    "strangers: reset": lambda doors: [
        doors.post("/password/reset", {**LINK, "password": PASSWORD}) for _ in "ab"
    ],
    "strangers: verify": lambda doors: [
        doors.post("/email/verify-request", {"email": f"{n}@example.com"}) for n in "ab"
    ],
    "mails": lambda doors: [
        doors.post("/password/forgot", ANN, ip=f"203.0.113.{n}") for n in (1, 2)
    ],
    "refresh_failures": lambda doors: [
        doors.post("/refresh", {"refresh_token": "jkr_no.good"}) for _ in "ab"
    ],
    "refreshes": refreshes,
}
"""By limit, two attempts of which it allows one."""


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_that_could_be_set_was_enforced_nowhere(limit: str) -> None:
    """The setting was there; nobody asked it."""
    name = limit.partition(":")[0]
    first, second = LIMITS[limit](Doors(**{f"throttle_{name}": "1/hour"}))
    assert first != 429
    assert second == 429


def test_every_limit_that_can_be_set_is_among_these() -> None:
    """A new one has to be shown here too."""
    fields = {name for name in Settings.model_fields if name.startswith("throttle_")}
    shown = {f"throttle_{limit.partition(':')[0]}" for limit in LIMITS}
    assert fields - {"throttle_on_error"} == shown


def test_an_address_that_was_throttled_told_that_it_was_known() -> None:
    """The known one was answered at once, the unknown one as slowly as ever."""
    told = []
    for address in ("ann@example.com", "nobody@example.com"):
        doors = Doors(throttle_mails="2/hour")
        asyncio.run(doors.house.kit.register(credentials(), email="ann@example.com"))
        told.append([doors.post("/password/forgot", {"email": address}) for _ in range(4)])
    assert told[0] == told[1] == [202, 202, 429, 429]
