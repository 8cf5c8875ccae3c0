"""The Redis stores on servers that stop, freeze, restart and forget their scripts."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.records import RevocationEntry
from fastapi_jwtkit.stores.redis import RedisStores, redis_stores
from fastapi_jwtkit.testing.contracts.session_data import REALM, advance, new_session
from redis_servers import own_prefix
from valkey_server import ValkeyServer
from waiting import wait_until

PATIENCE_SECONDS = 20.0
"""Whoever waits so long for an answer waits for ever."""


@pytest.fixture
async def stores(valkey: ValkeyServer) -> AsyncIterator[RedisStores]:
    """Return stores on a server of the test's own."""
    made = redis_stores(valkey.url)
    yield made
    await made.close()


async def try_everything(stores: RedisStores) -> list[object]:
    """Call each verb of each store, and return what it says or raises."""
    entry = RevocationEntry(kind="sid", value="s1")
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await asyncio.gather(
            stores.sessions.add(new_session("new")),
            stores.sessions.find(REALM, "s1"),
            stores.sessions.advance(REALM, "s1", advance(0)),
            stores.sessions.count_replay(REALM, "s1", counter=0),
            stores.sessions.revoke(REALM, "s1", reason="logout"),
            stores.sessions.bump_epoch(REALM, "s1"),
            stores.sessions.list(REALM, "u1"),
            stores.revocations.publish(REALM, [entry]),
            stores.revocations.snapshot(REALM),
            stores.one_time.consume(REALM, "t1", expires_at=2e9),
            stores.prepare(),
            stores.prune(),
            return_exceptions=True,
        )


def clients_of(server: ValkeyServer) -> int:
    """Return how many connections the server has, without the one that asks."""
    return len(server.ask("CLIENT", "LIST").splitlines()) - 1


async def test_a_server_that_is_down_is_an_outage(valkey: ValkeyServer) -> None:
    """Whatever is asked, and before anything was ever connected."""
    stores = redis_stores(valkey.url)
    valkey.stop()
    answers = await try_everything(stores)
    assert [type(answer) for answer in answers] == [StoreUnavailableError] * len(answers)


async def test_a_frozen_server_is_noticed_and_a_thawed_one_serves(
    valkey: ValkeyServer, stores: RedisStores
) -> None:
    """No call waits for it, and no late answer reaches another call."""
    await stores.sessions.add(new_session())
    valkey.freeze()
    answers = await try_everything(stores)
    assert [type(answer) for answer in answers] == [StoreUnavailableError] * len(answers)
    valkey.thaw()
    await stores.sessions.add(new_session("s9", "u9"))
    for _ in range(20):
        found, none = await asyncio.gather(
            stores.sessions.find(REALM, "s9"), stores.sessions.find(REALM, "nobody")
        )
        assert (found is not None, none) == (True, None)


async def test_a_server_that_was_restarted_serves_at_once(
    valkey: ValkeyServer, stores: RedisStores
) -> None:
    """The connections of before are dead, and what must not be asked twice is not lost on them."""
    for sid in ("s1", "s2"):
        await asyncio.gather(*(stores.sessions.add(new_session(f"{sid}-{n}")) for n in range(20)))
        valkey.restart()
    assert await stores.sessions.find(REALM, "s1-0") is None
    await stores.sessions.add(new_session("s1"))
    assert await stores.sessions.count_replay(REALM, "s1", counter=0) == 1


async def test_connections_that_were_cut_are_made_anew(
    valkey: ValkeyServer, stores: RedisStores
) -> None:
    """A firewall or an idle limit of the server ends them without a word."""
    await asyncio.gather(*(stores.sessions.add(new_session(f"s{n}")) for n in range(20)))
    for _ in range(3):
        valkey.ask("CLIENT", "KILL", "TYPE", "NORMAL", "SKIPME", "YES")
        found = await asyncio.gather(*(stores.sessions.find(REALM, f"s{n}") for n in range(20)))
        assert None not in found


async def test_scripts_that_the_server_forgot_are_sent_again(
    valkey: ValkeyServer, stores: RedisStores
) -> None:
    """A restart forgets them, and so does an operator."""
    await stores.sessions.add(new_session())
    valkey.ask("SCRIPT", "FLUSH")
    answers = await try_everything(stores)
    assert not [answer for answer in answers if isinstance(answer, Exception)]


async def test_a_follower_hears_that_its_connection_broke(
    valkey: ValkeyServer, stores: RedisStores
) -> None:
    """It must read the whole state then, for it cannot know what it has missed."""
    page = await stores.revocations.snapshot(REALM)

    def waits() -> bool:
        return "cmd=xread" in valkey.ask("CLIENT", "LIST")

    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            following = asyncio.ensure_future(stores.revocations.follow(REALM, page.position))
            while not following.done() and not waits():  # noqa: ASYNC110 - of another process
                await asyncio.sleep(0)
            valkey.ask("CLIENT", "KILL", "TYPE", "NORMAL", "SKIPME", "YES")
            try:
                page = await following
            except StoreUnavailableError:
                break
    assert (await stores.revocations.follow(REALM, page.position)).entries == ()


async def test_a_follower_of_a_server_that_was_restarted_reads_the_whole_state(
    valkey: ValkeyServer, stores: RedisStores
) -> None:
    """Also if it asks only after the server is back."""
    await stores.revocations.publish(REALM, [RevocationEntry(kind="sid", value="s1")])
    page = await stores.revocations.snapshot(REALM)
    valkey.restart()
    try:
        page = await stores.revocations.follow(REALM, page.position)
    except StoreUnavailableError:
        page = await stores.revocations.follow(REALM, page.position)
    assert (page.whole, page.entries) == (True, ())


def test_each_event_loop_has_connections_of_its_own_and_ends_them(valkey: ValkeyServer) -> None:
    """Whether or not anybody closes the stores."""
    stores = redis_stores(valkey.url)

    async def use(sid: str, *, close: bool) -> None:
        await asyncio.gather(*(stores.sessions.add(new_session(f"{sid}{n}")) for n in range(8)))
        page = await stores.revocations.snapshot(REALM)
        await stores.revocations.follow(REALM, page.position)
        assert clients_of(valkey) > 1
        if close:
            await stores.close()
            await stores.close()

    for number, close in enumerate([False, True, False]):
        asyncio.run(use(f"s{number}", close=close))
        wait_until(lambda: clients_of(valkey) == 0, "all connections of the loop are closed")


async def test_stores_that_were_closed_open_again(
    valkey: ValkeyServer, stores: RedisStores
) -> None:
    """A worker that is stopped while a request still runs answers it."""
    await stores.sessions.add(new_session())
    following = asyncio.ensure_future(
        stores.revocations.follow(REALM, (await stores.revocations.snapshot(REALM)).position)
    )
    await asyncio.sleep(0)
    await stores.close()
    await asyncio.gather(following, return_exceptions=True)
    assert await stores.sessions.find(REALM, "s1") is not None
    await stores.close()
    wait_until(lambda: clients_of(valkey) == 0, "all connections are closed")


async def test_a_client_of_ones_own_stays_open(valkey: ValkeyServer) -> None:
    """Whatever it decodes for others."""
    async with Redis.from_url(valkey.url, decode_responses=True, socket_timeout=5) as client:
        stores = redis_stores(client, prefix=own_prefix())
        added = await stores.sessions.add(new_session())
        assert await stores.sessions.list(REALM, "u1") == [added]
        page = await stores.revocations.snapshot(REALM)
        entry = RevocationEntry(kind="sid", value="s1")
        await stores.revocations.publish(REALM, [entry])
        assert (await stores.revocations.follow(REALM, page.position)).entries == (entry,)
        assert await stores.one_time.consume(REALM, "t1", expires_at=2e9)
        await stores.close()
        assert await client.ping()


async def test_calls_that_are_cancelled_leave_no_answer_behind(stores: RedisStores) -> None:
    """The next caller on a connection hears what it asked for."""
    await stores.sessions.add(new_session())
    for number in range(30):
        calls = [asyncio.ensure_future(stores.sessions.find(REALM, "s1")) for _ in range(8)]
        for _ in range(number % 6):
            await asyncio.sleep(0)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        assert await stores.sessions.find(REALM, "nobody") is None


def test_after_a_fork_the_child_talks_over_connections_of_its_own(valkey: ValkeyServer) -> None:
    """On its parent's it would read its parent's answers."""
    program = f"""
import asyncio, os
from fastapi_jwtkit.stores.redis import redis_stores
stores = redis_stores({valkey.url!r})
async def read(name):
    for _ in range(50):
        await stores.one_time.consume("r", f"{{name}}-{{_}}", expires_at=2e9)
loop = asyncio.new_event_loop()
loop.run_until_complete(read("before"))
child = os.fork()
if child == 0:
    asyncio.run(read("child"))
    os._exit(0)
loop.run_until_complete(read("parent"))
assert os.waitpid(child, 0)[1] == 0
loop.run_until_complete(stores.close())
loop.close()
print("well")
"""
    command = [sys.executable, "-W", "error", "-c", program]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout  # noqa: S603
    assert said == "well\n"


def test_without_the_extra_the_import_says_what_to_install() -> None:
    """An import error, so that whoever guards the import is not surprised."""
    program = (
        "import sys; sys.modules['redis'] = None\n"
        "try:\n    import fastapi_jwtkit.stores.redis\n"
        "except ImportError as error:\n    print(type(error).__name__, error)"
    )
    command = [sys.executable, "-c", program]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
    assert said.startswith("MissingExtraError")
    assert "pip install 'fastapi-jwtkit[redis]'" in said
