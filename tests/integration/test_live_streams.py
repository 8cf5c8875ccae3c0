"""Streams end with the token that asked for them; vigils tell of it on every store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from clocks import FakeClock, MovingClock
from fastapi_jwtkit import JWTAuth, JWTKit, Principal
from fastapi_jwtkit.errors import InvalidTokenError
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from fastapi_jwtkit.revocations import vigils
from fastapi_jwtkit.web.live import live_stream
from kits import House, credentials
from live_apps import SOON, make_live_app, vigils_of
from shared_places import place_of
from web_kits import make_settings


@pytest.fixture
def _prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at a clock that a test steps more often than once a minute."""
    monkeypatch.setattr(vigils, "LOOK_AGAIN_SECONDS", 0.01)


async def begin(app: FastAPI, token: str) -> tuple[asyncio.Task[None], list[bytes]]:
    """Ask for the stream; return the request, and what arrives of it."""
    arrived: list[bytes] = []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/events",
        "raw_path": b"/events",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"authorization", f"Bearer {token}".encode())],
    }

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    began = asyncio.Event()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body" and message["body"]:
            arrived.append(message["body"])
            began.set()

    async def ask() -> None:
        await app(scope, receive, send)

    task = asyncio.create_task(ask())
    async with asyncio.timeout(SOON):
        await began.wait()
    return task, arrived


@pytest.mark.std(102)
@pytest.mark.usefixtures("_prompt")
@pytest.mark.parametrize("how", ["expired", "logout"])
async def test_a_stream_ends_with_its_token(how: str) -> None:
    """As if it were over: the client asks again, and gets its 401."""
    clock = MovingClock()
    house = House(clock=clock)  # type: ignore[arg-type]
    app = make_live_app(JWTAuth(house.kit))
    pair = await house.log_in()
    task, arrived = await begin(app, pair.access_token)
    assert len(vigils_of(house.kit)) == 1
    if how == "expired":
        clock.step(600)
    else:
        await house.kit.close_sid(pair.session.sid, subject=pair.session.subject)
    async with asyncio.timeout(SOON):
        await task
    assert arrived == [b"data: first\n\n"]
    assert len(vigils_of(house.kit)) == 0
    await house.kit.stop()


async def test_a_client_that_leaves_leaves_nothing_behind() -> None:
    """The source of the items is closed, and no task is left that was not there before."""
    house = House()
    app = make_live_app(JWTAuth(house.kit))
    pair = await house.log_in()
    await house.kit.verify(pair.access_token)
    before = {task.get_name() for task in asyncio.all_tasks()}
    task, _ = await begin(app, pair.access_token)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await asyncio.sleep(0)
    assert {task.get_name() for task in asyncio.all_tasks()} <= before
    assert vigils_of(house.kit)._by_name == {}
    await house.kit.stop()


class Numbers:
    """Items that say when they are closed."""

    def __init__(self) -> None:
        self.is_closed = False

    async def items(self) -> AsyncIterator[int]:
        """Count, and never wait."""
        try:
            for number in range(1_000_000):
                yield number
        finally:
            self.is_closed = True


async def test_nothing_is_sent_after_the_end_of_a_token() -> None:
    """Not even what is ready; and the source is closed at once."""
    house = House()
    auth = JWTAuth(house.kit)
    pair = await house.log_in()
    principal = Principal.of(await house.kit.verify(pair.access_token))
    numbers, seen = Numbers(), list[int]()
    request: Any = None
    async for number in auth.live_stream(request, principal, numbers.items()):
        seen.append(number)
        if number == 3:
            await house.kit.close_sid(pair.session.sid, subject=principal.subject)
            await asyncio.sleep(0)
    assert seen == [0, 1, 2, 3]
    assert numbers.is_closed
    numbers = Numbers()
    assert [n async for n in auth.live_stream(request, principal, numbers.items())] == []
    await house.kit.stop()


async def test_a_stream_that_is_over_is_over() -> None:
    """With a token or without."""

    async def two() -> AsyncIterator[str]:
        yield "a"
        yield "b"

    house = House()
    pair = await house.log_in()
    app = FastAPI()
    JWTAuth(house.kit).install(app)
    connection: Any = type("Connection", (), {"scope": {"app": app}})
    known = Principal.of(await house.kit.verify(pair.access_token))
    for principal in (known, Principal(subject="ann"), None):
        items = live_stream(connection, principal, two())
        assert [item async for item in items] == ["a", "b"]
    assert len(vigils_of(house.kit)) == 0
    await house.kit.stop()


@pytest.mark.std(102, 103)
@pytest.mark.parametrize("kind", ["valkey", "sqlite"])
async def test_another_worker_ends_it_within_the_latency_of_the_feed(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """What one worker revokes, the sockets of another are told, and no request is needed."""
    with place_of(kind, request, tmp_path) as place:
        settings = make_settings(store_url=place.store_url, realm=place.realm)
        house = House()
        hasher = PasslibHasher.cheap_for_tests()
        one, other = (JWTKit(settings, users=house.users, hasher=hasher) for _ in range(2))
        await one.start()
        await one.register(credentials())
        pair = await one.login(credentials())
        claims = await one.verify(pair.access_token)
        async with one.watch(claims) as vigil:
            assert vigil.error is None
            revoked_at = time.monotonic()
            await other.close_sid(pair.session.sid, subject=claims.subject)
            async with asyncio.timeout(SOON):
                error = await vigil.ended
            took = time.monotonic() - revoked_at
        assert isinstance(error, InvalidTokenError)
        assert error.reason == "session_revoked"
        # XREAD wakes at once; a table is polled each second.
        assert took < (0.5 if kind == "valkey" else 2.5)
        with pytest.raises(InvalidTokenError):
            async with one.watch(claims):
                pass  # pragma: no cover - never reached
        await one.stop()
        await other.stop()


async def test_ten_thousand_watch_with_one_task() -> None:
    """No socket polls: each is a timer and four entries in a table."""
    house = House()
    pair = await house.log_in()
    claims = await house.kit.verify(pair.access_token)
    before = len(asyncio.all_tasks())
    watches = [house.kit.watch(claims) for _ in range(10_000)]
    vigils = [await watch.__aenter__() for watch in watches]
    assert len(asyncio.all_tasks()) == before + 1
    await house.kit.close_sid(pair.session.sid, subject=claims.subject)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert all(vigil.error is not None for vigil in vigils)
    for watch in watches:
        await watch.__aexit__(None, None, None)
    assert len(vigils_of(house.kit)) == 0
    await house.kit.stop()


async def test_a_clock_that_was_set_back_lengthens_no_vigil() -> None:
    """The timer looks at the clock again, and a vigil that has ended stays so."""
    clock = FakeClock()
    house = House(clock=clock)
    claims = await house.kit.verify((await house.log_in()).access_token)
    async with house.kit.watch(claims) as vigil:
        clock.step(600)
        vigil.look()
        clock.step(-600)
        vigil.look()
        vigil.end(InvalidTokenError("session_revoked"))
        error = await vigil.ended
    assert error.reason == "expired"
    await house.kit.stop()
