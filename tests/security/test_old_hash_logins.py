"""Logins with hashes that came from elsewhere: they upgrade, and tell a stranger nothing."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Sequence

import bcrypt
import httpx
import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from fastapi import FastAPI

from fastapi_jwtkit import JWTAuth
from fastapi_jwtkit.errors import InvalidCredentialsError
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.hashing import HashingExecutor
from fastapi_jwtkit.passwords.bcrypt_hashes import BcryptHashes
from fastapi_jwtkit.passwords.django_hashes import DjangoHashes
from fastapi_jwtkit.passwords.failure_floor import FailureFloor
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from fastapi_jwtkit.passwords.stored_hash import StoredHash
from fastapi_jwtkit.stores.memory.users import MemoryUserStore
from kits import PASSWORD, House, credentials
from password_doubles import add_user

TOO_DEAR = "$argon2id$v=19$m=4194304,t=3,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43
LONG = "a passphrase of many words that goes on and on until it is longer than that, see"


def with_bcrypt(password: str) -> str:
    """Return a cheap bcrypt hash."""
    return bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode()


def with_django(password: str) -> str:
    """Return a cheap hash as Django stores it."""
    return PBKDF2PasswordHasher().encode(password, "abcdefgh", 50)


def house_of_old_hashes() -> House:
    """Return a kit that reads bcrypt's and Django's hashes, and makes cheap ones."""
    old = (BcryptHashes(rounds=4), DjangoHashes(iterations=50))
    return House(parts={"hasher": PasslibHasher.cheap_for_tests(old=old)})


class Timed:
    """A hasher whose comparisons take what the first word of a hash says."""

    memory_bytes = 1

    def __init__(self, **seconds: float) -> None:
        self.seconds = seconds
        self.given: list[tuple[str, str]] = []

    @property
    def samples(self) -> Sequence[str]:
        """One of each but the current one."""
        return [f"{kind}:" for kind in self.seconds if kind != "current"]

    def read(self, password_hash: str, /) -> StoredHash:
        """Return the first word as the cost."""
        kind = password_hash.partition(":")[0]
        refused = "" if kind in self.seconds else "hash_format_unknown"
        return StoredHash(cost=kind, as_typed=kind != "current", refused=refused)

    def hash(self, password: str, /) -> str:
        """Return a current one."""
        threading.Event().wait(self.seconds["current"])
        return "current:" + password

    def matches(self, password: str, password_hash: str, /) -> bool:
        """Take the time, then compare."""
        kind, _, made_of = password_hash.partition(":")
        self.given.append((password, password_hash))
        threading.Event().wait(self.seconds[kind])
        return bool(made_of) and password == made_of

    def needs_upgrade(self, password_hash: str, /) -> bool:
        """All but the current ones."""
        return not password_hash.startswith("current:")


@pytest.mark.std(94)
@pytest.mark.parametrize("make", [with_bcrypt, with_django])
async def test_a_login_upgrades_an_old_hash_and_ends_no_session(make: object) -> None:
    """The session that was open before lives, and the second login finds argon2id."""
    assert callable(make)
    house = house_of_old_hashes()
    user = await add_user(house.users, "ann", make(PASSWORD))
    first = await house.kit.open_session(user, amr=("swk",))
    pair = await house.kit.login(credentials())
    now = await house.users.find_by_id(user.id)
    assert now is not None
    assert (now.password_hash or "").startswith("$argon2id$")
    assert len(house.heard.of(EventName.PASSWORD_UPGRADED)) == 1
    assert (await house.kit.verify(first.access_token)).subject == user.id
    assert (await house.kit.verify(pair.access_token)).subject == user.id
    assert (await house.kit.rotate(first.refresh_token)).refresh_token
    await house.kit.login(credentials())
    assert len(house.heard.of(EventName.PASSWORD_UPGRADED)) == 1
    assert len(await house.kit.list_sessions(user.id)) == 3
    await house.kit.stop()


@pytest.mark.std(96)
@pytest.mark.attack(15)
async def test_over_http_every_failure_is_the_same_answer_whatever_hash_is_stored() -> None:
    """Status, body and headers of an unknown user, of each format, and of a broken row."""
    house = house_of_old_hashes()
    app = FastAPI()
    JWTAuth(house.kit).install(app)
    hasher = PasslibHasher.cheap_for_tests()
    rows = {
        "argon": hasher.hash(PASSWORD),
        "bcrypt": with_bcrypt(PASSWORD),
        "long": with_bcrypt(LONG),
        "django": with_django(PASSWORD),
        "dear": TOO_DEAR,
        "foreign": "$1$salt$hash",
    }
    for login, stored in rows.items():
        await add_user(house.users, login, stored)
    answers: set[tuple[int, bytes, tuple[tuple[str, str], ...]]] = set()
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="https://test") as client:
        for login in (*rows, "nobody", "no\x00body"):
            body = {"username": login, "password": LONG if login == "long" else "wrong"}
            got = await client.post("/auth/login", json=body)
            answers.add((got.status_code, got.content, tuple(sorted(got.headers.items()))))
    assert {status for status, _, _ in answers} == {401}
    assert len(answers) == 1
    await house.kit.stop()


@pytest.mark.std(94)
@pytest.mark.attack(16)
@pytest.mark.parametrize(
    ("stored", "reason"),
    [
        (TOO_DEAR, "hash_too_dear"),
        ("$1$salt$hash", "hash_format_unknown"),
        ("plain text", "hash_format_unknown"),
    ],
)
async def test_a_hash_that_is_refused_is_said_in_the_event_and_in_the_log(
    stored: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever keeps the table can count them; nothing of the hash is written."""
    house = house_of_old_hashes()
    await add_user(house.users, "ann", stored)
    with caplog.at_level(logging.DEBUG), pytest.raises(InvalidCredentialsError):
        await house.kit.login(credentials())
    assert [event.reason for event in house.heard.of(EventName.LOGIN_FAILED)] == [reason]
    assert f"never compared with: {reason}" in caplog.text
    assert stored not in caplog.text
    assert PASSWORD not in caplog.text
    await house.kit.stop()


@pytest.mark.attack(16)
async def test_a_password_that_bcrypt_cannot_tell_apart_is_said_in_the_event() -> None:
    """With cut the user gets in once, and from then on every byte counts."""
    house = house_of_old_hashes()
    await add_user(house.users, "ann", with_bcrypt(LONG))
    with pytest.raises(InvalidCredentialsError):
        await house.kit.login(credentials(password=LONG))
    failed = house.heard.of(EventName.LOGIN_FAILED)
    assert [event.reason for event in failed] == ["password_over_72_bytes"]
    await house.kit.stop()

    hasher = PasslibHasher.cheap_for_tests(old=(BcryptHashes(rounds=4, cut=True),))
    lenient = House(parts={"hasher": hasher})
    await add_user(lenient.users, "ann", with_bcrypt(LONG))
    await lenient.kit.login(credentials(password=LONG))
    for wrong in (LONG[:72], LONG + "x"):
        with pytest.raises(InvalidCredentialsError):
            await lenient.kit.login(credentials(password=wrong))
    await lenient.kit.login(credentials(password=LONG))
    await lenient.kit.stop()


@pytest.mark.std(96)
@pytest.mark.attack(15)
async def test_every_failure_takes_as_long_as_the_slowest_configured_hash() -> None:
    """Unknown, current, quick and slow; a right password of a disabled user as well."""
    hasher = Timed(current=0.04, quick=0.0, slow=0.12)
    hashing = HashingExecutor(hasher, workers=2)
    await hashing.warm()
    took: dict[str, float] = {}
    for name, stored, may in [
        ("unknown", None, False),
        ("current", "current:right", True),
        ("quick", "quick:right", True),
        ("slow", "slow:right", True),
        ("foreign", "other:right", True),
        ("disabled", "quick:wrong", False),
    ]:
        started = time.perf_counter()
        matched = await hashing.matches("wrong", stored, may_succeed=may)
        took[name] = time.perf_counter() - started
        assert matched is (name == "disabled")
    assert min(took.values()) >= 0.12 * 1.15
    started = time.perf_counter()
    assert await hashing.matches("right", "quick:right")
    assert time.perf_counter() - started < 0.12
    hashing.close()


@pytest.mark.std(96)
async def test_waiting_for_the_floor_takes_no_hashing_thread() -> None:
    """Twelve failures of a quick hash wait together behind one thread."""
    hashing = HashingExecutor(Timed(current=0.0, quick=0.0, slow=0.2), workers=1, queue=20)
    await hashing.warm()
    started = time.perf_counter()
    await asyncio.gather(*(hashing.matches("wrong", "quick:right") for _ in range(12)))
    took = time.perf_counter() - started
    assert 0.2 < took < 2.0
    hashing.close()


async def test_an_old_hash_gets_what_was_typed_and_a_new_one_the_normal_form() -> None:
    """One comparison each: trying both would tell by its time."""
    hasher = Timed(current=0.0, quick=0.0)
    hashing = HashingExecutor(hasher)
    await hashing.warm()
    hasher.given.clear()
    typed = "wait\N{HORIZONTAL ELLIPSIS}"
    assert await hashing.matches(typed, f"quick:{typed}")
    assert await hashing.matches(typed, "current:wait...")
    assert [given for given, _ in hasher.given] == [typed, "wait..."]
    hashing.close()


def test_without_a_second_cost_nobody_waits() -> None:
    """One comparison takes as long as another; the floor is for tables with a past."""
    floor = FailureFloor()
    assert floor.seconds == 0.0
    floor.note("argon2", 0.2)
    assert floor.seconds == 0.0
    assert 0.4 < floor.note("bcrypt", 0.4) < 0.6
    assert [floor.note("bcrypt", seconds) for seconds in (0.39, 0.41)] == [floor.seconds] * 2
    assert floor.typical("argon2") == 0.2
    assert floor.typical("never seen") == 0.0


def test_a_floor_follows_the_machine_and_has_a_ceiling() -> None:
    """A slow moment moves nothing, a slower machine does; nobody waits for over 5 seconds."""
    floor = FailureFloor()
    floor.note("argon2", 0.2)
    for _ in range(100):
        floor.note("bcrypt", 0.3)
    before = floor.seconds
    assert 0.3 < before < 0.5
    assert floor.note("bcrypt", 3.0) == before
    assert floor.seconds == before
    for _ in range(200):
        floor.note("bcrypt", 0.6)
    assert 0.6 < floor.seconds < 0.8
    floor.note("dear", 600.0)
    assert floor.seconds == 5.0
    for number in range(1000):
        floor.note(f"cost {number}", 1.0)
    assert floor.typical("cost 999") == 0.0


async def test_old_hashes_of_a_store_without_types_are_failed_logins() -> None:
    """``None`` and the empty text are no hash."""
    hashing = HashingExecutor(PasslibHasher.cheap_for_tests(old=(BcryptHashes(rounds=4),)))
    users = MemoryUserStore()
    await add_user(users, "ann", "")
    assert not await hashing.matches(PASSWORD, "")
    assert hashing.refusal(PASSWORD, "") == "hash_format_unknown"
    hashing.close()
