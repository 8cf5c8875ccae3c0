"""A URL says which server, and how; a wrong one is told what is wrong, without its password."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis, RedisCluster

from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.stores.redis import RedisStores, redis_stores
from fastapi_jwtkit.stores.redis.keys import KeyNames
from fastapi_jwtkit.stores.redis.urls import client_maker

PASSWORD = "s3cret-p"


def settings(url: str) -> dict[str, object]:
    """Return how the client of a URL connects."""
    client, _ = client_maker(url)()
    assert isinstance(client, Redis)
    return client.connection_pool.connection_kwargs


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://h", {"host": "h", "port": 6379}),
        ("redis://h:1/3", {"host": "h", "port": 1, "db": 3}),
        ("redis://h/", {"host": "h"}),
        (" redis://h ", {"host": "h"}),
        ("redis://[::1]:7", {"host": "::1", "port": 7}),
        ("redis://u%40x:p%3Aw@h", {"username": "u@x", "password": "p:w"}),
        ("redis://:p@h", {"password": "p"}),
    ],
)
async def test_a_url_names_one_server(url: str, expected: dict[str, object]) -> None:
    """With what is percent-encoded decoded."""
    found = settings(url)
    assert {name: found.get(name) for name in expected} == expected
    assert found["socket_connect_timeout"] == 0.7


async def test_tls_is_checked_unless_the_url_says_otherwise() -> None:
    """Older releases of redis-py do not compare the name of the host by themselves."""
    client, _ = client_maker("rediss://h")()
    assert isinstance(client, Redis)
    wire = client.connection_pool.make_connection()
    assert type(wire).__name__ == "SSLConnection"
    assert client.connection_pool.connection_kwargs["ssl_check_hostname"] is True
    assert settings("rediss://h?ssl_check_hostname=false")["ssl_check_hostname"] is False
    assert settings("rediss://h?ssl_ca_certs=/etc/ca.crt")["ssl_ca_certs"] == "/etc/ca.crt"


async def test_a_cluster_is_named_by_some_of_its_nodes() -> None:
    """Any of them knows the others."""
    client, _ = client_maker(f"redis+cluster://u:{PASSWORD}@a:1,b,[::1]:3")()
    assert isinstance(client, RedisCluster)
    nodes = {(node.host, node.port) for node in client.nodes_manager.startup_nodes.values()}
    assert nodes == {("a", 1), ("b", 6379), ("::1", 3)}
    assert client.connection_kwargs["password"] == PASSWORD


async def test_a_master_is_named_by_its_sentinels() -> None:
    """Who have a password of their own, or none."""
    url = f"redis+sentinel://u:{PASSWORD}@a:1,b/mine/2?sentinel_password=other"
    client, sentinels = client_maker(url)()
    assert isinstance(client, Redis)
    found = client.connection_pool.connection_kwargs
    assert (found["username"], found["password"], found["db"]) == ("u", PASSWORD, 2)
    asked = [sentinel.connection_pool.connection_kwargs for sentinel in sentinels]
    assert [(one["host"], one["port"]) for one in asked] == [("a", 1), ("b", 26379)]
    assert [one["password"] for one in asked] == ["other", "other"]
    assert [one.get("username") for one in asked] == [None, None]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://h", "cannot be understood"),
        ("redis:h", "cannot be understood"),
        ("redis+other://h", "cannot be understood"),
        ("redis://h#x", "cannot be understood"),
        ("redis://", "names no host"),
        ("redis://h:0", "a port that cannot be one"),
        ("redis://h:99999", "a port that cannot be one"),
        ("redis://h:x", "names no host, or a port"),
        ("redis://a,b", "several hosts"),
        ("redis://h/x", "no database number"),
        ("redis://h/0/1", "no database number"),
        ("redis+cluster://a,b/1", "one database"),
        ("redis+cluster://a,,b", "names no host"),
        ("redis+sentinel://a,b", "does not say which master"),
        ("redis+sentinel://a/mine/x", "no database number"),
        ("redis://h?ssl_ca_certs=x", "'ssl_ca_certs'"),
        ("redis://h?sentinel_password=x", "'sentinel_password'"),
        ("redis://h?socket_timeout=9", "'socket_timeout'"),
        ("rediss://h?ssl_check_hostname=maybe", "neither true nor false"),
    ],
)
def test_a_url_that_cannot_work_is_told_why(url: str, told: str) -> None:
    """At once, and with what to write instead; never with the password."""
    with_password = url.replace("://", f"://u:{PASSWORD}@", 1)
    for written in (url, with_password):
        with pytest.raises(ConfigurationError) as caught:
            redis_stores(written)
        assert told in str(caught.value)
        assert "fix:" in str(caught.value)
        assert PASSWORD not in str(caught.value) + repr(caught.value)
        assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "url", ["redis://u:{}@h", "redis+cluster://u:{}@h", "redis+sentinel://u:{}@h/m"]
)
async def test_a_password_is_never_shown(url: str) -> None:
    """Not by the stores, and not by their parts."""
    stores = redis_stores(url.format(PASSWORD))
    client, _ = client_maker(url.format(PASSWORD))()
    parts: list[object] = [stores, stores.sessions, stores.revocations, stores.one_time]
    assert PASSWORD not in " ".join(map(repr, [*parts, client]))


def test_nothing_is_opened_where_there_is_no_event_loop() -> None:
    """Stores are made as an application is imported."""
    assert isinstance(redis_stores("redis://127.0.0.1:1"), RedisStores)


@pytest.mark.parametrize("prefix", ["", "a{b", "}"])
def test_a_prefix_that_would_split_a_script_is_refused(prefix: str) -> None:
    """Braces decide about the slot."""
    with pytest.raises(ConfigurationError, match="prefix of keys"):
        redis_stores("redis://h", prefix=prefix)


def test_realm_and_format_are_in_every_name() -> None:
    """And a person or a realm is in none."""
    names = KeyNames("app")
    realm, subject = "https://auth.example", "ann@example.com"
    every = [
        names.session(realm, "sid"),
        names.subject(realm, subject),
        names.one_time(realm, "id"),
        *names.feed(realm),
    ]
    assert len(set(every)) == 6
    for name in every:
        assert name.startswith("app:1:")
        assert names.tag(realm) in name
        assert subject not in name
        assert realm not in name
    assert all(f"{{{names.tag(realm)}}}" in name for name in names.feed(realm))
    assert names.tag("https://other.example") != names.tag(realm)
