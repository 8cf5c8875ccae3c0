"""A server whose settings would lose logins is told of as the application starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from redis.asyncio import Redis

from fastapi_jwtkit.records import RevocationEntry
from fastapi_jwtkit.stores.redis import redis_stores
from fastapi_jwtkit.testing.contracts.session_data import REALM, advance, new_session
from valkey_server import running_valkey


async def warnings_of(options: Mapping[str, str], *commands: Sequence[str]) -> Sequence[str]:
    """Return what a server with these settings is warned of, after some commands."""
    with running_valkey(options=options) as server:
        for command in commands:
            server.ask(*command)
        url = server.url
        if commands:
            url = url.replace("://", "://app:pw@")
        stores = redis_stores(url)
        warnings = await stores.prepare()
        await stores.close()
        return warnings


KEEPS = {"appendonly": "yes"}


async def test_good_settings_are_not_talked_about() -> None:
    """Either way to keep what is written will do."""
    assert await warnings_of(KEEPS) == ()
    assert await warnings_of({"save": "900 1"}) == ()


async def test_a_server_that_evicts_is_warned_of() -> None:
    """It would forget logouts first of all."""
    (warning,) = await warnings_of({"maxmemory-policy": "allkeys-lru"} | KEEPS)
    assert "allkeys-lru" in warning
    assert "set maxmemory-policy to noeviction" in warning


async def test_a_server_that_keeps_nothing_is_warned_of() -> None:
    """A restart ends every session."""
    (warning,) = await warnings_of({})
    assert "set appendonly to yes" in warning


@pytest.mark.parametrize(
    ("forbidden", "told"),
    [(["-config"], ["CONFIG is forbidden"]), (["-info"], ["maxmemory-policy", "fail-over"])],
)
async def test_what_may_not_be_asked_is_told(forbidden: list[str], told: list[str]) -> None:
    """As on many managed servers; everything else works."""
    user = ("ACL", "SETUSER", "app", "on", ">pw", "~*", "+@all", *forbidden)
    warnings = await warnings_of({}, user)
    assert len(warnings) == len(told)
    for warning, words in zip(warnings, told, strict=True):
        assert words in warning


async def test_a_cluster_is_warned_of_once(valkey_cluster_url: str) -> None:
    """However many nodes have the same setting."""
    stores = redis_stores(valkey_cluster_url)
    (warning,) = await stores.prepare()
    assert "set appendonly to yes" in warning
    await stores.close()


async def test_sentinels_lead_to_the_server_that_is_asked(valkey_sentinel_url: str) -> None:
    """The master, and not one of themselves."""
    stores = redis_stores(valkey_sentinel_url)
    (warning,) = await stores.prepare()
    assert "set appendonly to yes" in warning
    await stores.close()


async def test_a_client_that_takes_answers_apart_is_understood(valkey_url: str) -> None:
    """By either protocol."""
    for protocol in (2, 3):
        async with Redis.from_url(valkey_url, protocol=protocol, decode_responses=True) as client:
            assert "appendonly" in "".join(await redis_stores(client).prepare())


async def test_the_rights_that_the_page_names_are_enough() -> None:
    """And the check at the start says what it could not find out."""
    rights = "on >pw ~jwtkit:* +@read +@write +@scripting -@dangerous +info +time +wait +ping"
    with running_valkey(options=KEEPS) as server:
        server.ask("ACL", "SETUSER", "app", *rights.split())
        stores = redis_stores(server.url.replace("://", "://app:pw@"))
        assert await stores.prepare() == ()
        await stores.sessions.add(new_session())
        assert await stores.sessions.advance(REALM, "s1", advance(0)) is not None
        assert await stores.sessions.count_replay(REALM, "s1", counter=1) == 1
        assert await stores.sessions.bump_epoch(REALM, "s1") == 1
        assert len(await stores.sessions.list(REALM, "u1")) == 1
        assert await stores.sessions.revoke(REALM, "s1", reason="logout")
        assert await stores.sessions.list(REALM, "u1") == []
        page = await stores.revocations.snapshot(REALM)
        await stores.revocations.publish(REALM, [RevocationEntry(kind="sid", value="s1")])
        assert len((await stores.revocations.follow(REALM, page.position)).entries) == 1
        assert await stores.one_time.consume(REALM, "t1", expires_at=2e9)
        assert await stores.prune() == 0
        await stores.close()
