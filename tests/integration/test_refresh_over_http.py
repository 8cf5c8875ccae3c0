"""Refresh over HTTP: races, thieves and forgeries, in process and over a real server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from clocks import FakeClock
from fastapi_jwtkit import KeyRing
from fastapi_jwtkit.keys.secret_ring import SecretRing
from fastapi_jwtkit.stores.memory.users import MemoryUserStore
from web_kits import PASSWORD, Realm, bearer

PERSON = {"username": "ann", "password": PASSWORD}
DAY = 86_400

Serve = Callable[[Realm], AbstractAsyncContextManager[httpx.AsyncClient]]


def app_of(realm: Realm) -> FastAPI:
    """Return an app with nothing but the routes of the kit."""
    app = FastAPI()
    realm.auth.install(app)
    return app


@asynccontextmanager
async def in_process(realm: Realm) -> AsyncIterator[httpx.AsyncClient]:
    """Serve by calling the app."""
    transport = httpx.ASGITransport(app_of(realm))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@asynccontextmanager
async def over_tcp(realm: Realm) -> AsyncIterator[httpx.AsyncClient]:
    """Serve by uvicorn on a free port, each request by a connection of its own."""
    server = uvicorn.Server(uvicorn.Config(app_of(realm), port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            await asyncio.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", trust_env=False, limits=limits, timeout=30
        ) as client:
            yield client
    finally:
        server.should_exit = True
        await asyncio.to_thread(thread.join)


@pytest.fixture(params=[in_process, over_tcp], ids=["in process", "uvicorn"])
def serve(request: pytest.FixtureRequest) -> Serve:
    """Return a way to serve a realm."""
    served: Serve = request.param
    return served


class TimedRealm(Realm):
    """A realm with its clock within reach."""

    def __init__(self, **settings: Any) -> None:
        self.clock = FakeClock()
        super().__init__(clock=self.clock, **settings)


async def make_realm(**settings: Any) -> TimedRealm:
    """Return a realm with one user."""
    realm = TimedRealm(**settings)
    await asyncio.to_thread(realm.add_user)
    return realm


async def log_in(client: httpx.AsyncClient, **more: str) -> dict[str, Any]:
    """Log in and return the tokens."""
    answer = await client.post("/auth/login", json={**PERSON, **more})
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


async def refresh(client: httpx.AsyncClient, token: str, **more: str) -> httpx.Response:
    """Present a refresh token."""
    return await client.post("/auth/refresh", json={"refresh_token": token, **more})


async def is_let_in(client: httpx.AsyncClient, token: str) -> bool:
    """Say whether an access token opens a door."""
    answer = await client.get("/auth/me", headers=bearer(token))
    if answer.status_code == 401:
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert answer.status_code in {200, 401}
    return answer.status_code == 200


async def counters(realm: Realm) -> list[int]:
    """Return how often each live session was rotated."""
    user = await realm.users.find_by_login("ann")
    assert user is not None
    return [session.counter for session in await realm.kit.list_sessions(user.id)]


@pytest.mark.std(17)
@pytest.mark.attack(11)
async def test_fifty_parallel_refreshes_of_one_token_converge(serve: Serve) -> None:
    """Fifty times 200, one successor, one step of the counter, fifty good access tokens."""
    realm = await make_realm()
    async with serve(realm) as client:
        first = (await log_in(client))["refresh_token"]
        assert await counters(realm) == [0]
        answers = await asyncio.gather(*(refresh(client, first) for _ in range(50)))
        assert [answer.status_code for answer in answers] == [200] * 50
        (successor,) = {answer.json()["refresh_token"] for answer in answers}
        assert successor != first
        assert await counters(realm) == [1]
        access = {answer.json()["access_token"] for answer in answers}
        assert len(access) == 50
        assert all([await is_let_in(client, token) for token in access])
        assert (await refresh(client, successor)).status_code == 200
        assert await counters(realm) == [2]


async def test_without_a_grace_window_one_of_fifty_is_answered(serve: Serve) -> None:
    """Strict: everybody else is refused, and all in the same words."""
    async with serve(await make_realm(grace=0)) as client:
        first = (await log_in(client))["refresh_token"]
        answers = await asyncio.gather(*(refresh(client, first) for _ in range(50)))
        assert sorted(answer.status_code for answer in answers) == [200] + [400] * 49
        refused = [answer for answer in answers if answer.status_code == 400]
        assert {answer.json()["error"] for answer in refused} == {"invalid_grant"}
        assert len({answer.content for answer in refused}) == 1


@pytest.mark.std(17)
@pytest.mark.attack(11)
async def test_a_replay_after_the_window_ends_the_session_and_its_newest_tokens(
    serve: Serve,
) -> None:
    """Within the window it is a race, after it a theft; another login is not touched."""
    realm = await make_realm()
    async with serve(realm) as client:
        other = await log_in(client)
        first = await log_in(client)
        newest = (await refresh(client, first["refresh_token"])).json()
        realm.clock.step(29.9)
        assert (await refresh(client, first["refresh_token"])).status_code == 200
        assert await is_let_in(client, newest["access_token"])
        realm.clock.step(0.2)
        replay = await refresh(client, first["refresh_token"])
        assert (replay.status_code, replay.json()["error"]) == (400, "invalid_grant")
        assert not await is_let_in(client, newest["access_token"])
        assert not await is_let_in(client, first["access_token"])
        assert (await refresh(client, newest["refresh_token"])).status_code == 400
        assert await is_let_in(client, other["access_token"])
        assert await counters(realm) == [0]


@pytest.mark.attack(12)
async def test_a_refresh_after_a_logout_is_refused(serve: Serve) -> None:
    """With the spent token and with the current one, by the route and by the form."""
    async with serve(await make_realm()) as client:
        first = await log_in(client)
        second = (await refresh(client, first["refresh_token"])).json()
        out = await client.post("/auth/logout", headers=bearer(second["access_token"]))
        assert out.status_code == 204
        for pair in (first, second):
            form = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
            by_form = await client.post("/auth/token", data=form)
            for answer in (await refresh(client, pair["refresh_token"]), by_form):
                assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
            assert not await is_let_in(client, pair["access_token"])


@pytest.mark.attack(12)
async def test_refreshes_that_race_a_logout_leave_no_token_that_works(serve: Serve) -> None:
    """Whoever wins each race, afterwards nothing of the session is good for anything."""
    async with serve(await make_realm()) as client:
        first = await log_in(client)
        out, *answers = await asyncio.gather(
            client.post("/auth/logout", headers=bearer(first["access_token"])),
            *(refresh(client, first["refresh_token"]) for _ in range(20)),
        )
        assert out.status_code == 204
        assert {answer.status_code for answer in answers} <= {200, 400}
        pairs = [first, *(answer.json() for answer in answers if answer.status_code == 200)]
        for pair in pairs:
            assert not await is_let_in(client, pair["access_token"])
            assert (await refresh(client, pair["refresh_token"])).status_code == 400


@pytest.mark.std(19)
async def test_forged_tokens_are_refused_and_end_nothing(serve: Serve) -> None:
    """Each part of the token changed in turn: nobody is logged out by who holds no secret."""
    realm = await make_realm()
    async with serve(realm) as client:
        pair = await log_in(client)
        token = pair["refresh_token"]
        body, _, mac = token.partition(".")
        places = range(4, len(token), 7)
        forgeries = [
            f"{token[:n]}{'A' if token[n] != 'A' else 'B'}{token[n + 1 :]}" for n in places
        ]
        forgeries += [f"{body}.", f"{body}.{mac[::-1]}", f"{body}.{'A' * len(mac)}", body]
        answers = await asyncio.gather(*(refresh(client, each) for each in forgeries))
        assert {(each.status_code, each.json()["error"]) for each in answers} == {
            (400, "invalid_grant")
        }
        assert await is_let_in(client, pair["access_token"])
        assert (await refresh(client, token)).status_code == 200
        assert await counters(realm) == [1]


@pytest.mark.std(5, 20, 104)
async def test_every_cause_of_an_invalid_grant_gives_the_same_answer(serve: Serve) -> None:
    """Byte by byte, body and headers: nobody learns what became of a token."""
    now = FakeClock().now()
    keys = KeyRing.generate(now=now).to_text()
    secrets = SecretRing.generate(now=now).to_text()
    realm = await make_realm(keys=keys, refresh_secrets=secrets)
    users: MemoryUserStore = realm.users
    elsewhere = {
        "of another realm": await make_realm(issuer="https://b.test", refresh_secrets=secrets),
        "of an unknown session": await make_realm(keys=keys, refresh_secrets=secrets),
        "of an unknown secret": await make_realm(keys=keys),
    }
    async with serve(realm) as client:
        presented: dict[str, tuple[str, dict[str, str]]] = {"malformed": ("x", {})}
        for cause, other in elsewhere.items():
            user = await other.users.find_by_login("ann")
            assert user is not None
            pair = await other.kit.open_session(user, amr=("pwd",))
            presented[cause] = (pair.refresh_token, {})
        good = (await log_in(client))["refresh_token"]
        presented["forged"] = (good.partition(".")[0] + "." + "A" * 43, {})
        presented["of another client"] = (good, {"client_id": "somebody-else"})
        user = await users.find_by_login("ann")
        assert user is not None
        by_cookie = await realm.kit.open_session(user, amr=("pwd",), transport="cookie")
        presented["of another transport"] = (by_cookie.refresh_token, {})
        out = await log_in(client)
        await client.post("/auth/logout", headers=bearer(out["access_token"]))
        presented["of a session that was ended"] = (out["refresh_token"], {})
        spent = (await log_in(client))["refresh_token"]
        assert (await refresh(client, spent)).status_code == 200
        presented["reused"] = (spent, {})
        realm.clock.step(31)
        answers = {
            cause: await refresh(client, token, **more)
            for cause, (token, more) in presented.items()
        }
        assert (await refresh(client, good)).status_code == 200
        for cause, change in {
            "of a disabled user": lambda user_id: users.change(user_id, is_active=False),
            "of a user who is gone": users.remove,
        }.items():
            login = cause.rpartition(" ")[2]
            somebody = await asyncio.to_thread(realm.add_user, login)
            token = (await log_in(client, username=login))["refresh_token"]
            await change(somebody.id)
            answers[cause] = await refresh(client, token)
        idle, busy = [(await log_in(client))["refresh_token"] for _ in range(2)]
        for day in range(1, 30):
            realm.clock.step(DAY)
            answer = await refresh(client, busy)
            assert answer.status_code == 200
            busy = answer.json()["refresh_token"]
            if day == 15:
                answers["idle for too long"] = await refresh(client, idle)
        realm.clock.step(DAY)
        answers["of a session of thirty days"] = await refresh(client, busy)
    assert len(answers) == len(presented) + 4
    assert {answer.status_code for answer in answers.values()} == {400}
    assert {answer.json()["error"] for answer in answers.values()} == {"invalid_grant"}
    assert len({answer.content for answer in answers.values()}) == 1
    headers = {
        tuple(item for item in answer.headers.multi_items() if item[0] != "date")
        for answer in answers.values()
    }
    assert len(headers) == 1
