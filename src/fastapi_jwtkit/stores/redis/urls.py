"""From a URL to a client: one server, a Cluster, or a master that sentinels name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, cast
from urllib.parse import parse_qsl, unquote

from redis.asyncio import Redis, RedisCluster, Sentinel
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.stores.redis.clients import NewClient

__all__ = ["client_maker"]

CONNECT_SECONDS = 0.7
SENTINEL_SECONDS = 0.25
"""How long one sentinel may take: there are others."""
_PORT, _SENTINEL_PORT = 6379, 26379
_EXAMPLES = (
    "redis://user:password@host:6379/0, redis+cluster://host1:6379,host2:6379 or "
    "redis+sentinel://host1:26379,host2:26379/service-name (rediss for TLS)"
)
_SHAPE = re.compile(
    r"(?P<tls>rediss?)(?:\+(?P<kind>cluster|sentinel))?://"
    r"(?:(?P<user>[^:@/?#]*)(?::(?P<password>[^@/?#]*))?@)?"
    r"(?P<hosts>[^@/?#]*)(?:/(?P<path>[^?#]*))?(?:\?(?P<query>[^#]*))?"
)
_HOST = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[^:\[\]\s]+))(?::(?P<port>\d{1,5}))?")
_TLS_OPTIONS = (
    "ssl_ca_certs",
    "ssl_certfile",
    "ssl_keyfile",
    "ssl_cert_reqs",
    "ssl_check_hostname",
)
_SENTINEL_OPTIONS = ("sentinel_username", "sentinel_password")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Address:
    """What a URL says. Not shown: there may be a password in it."""

    kind: str
    hosts: Sequence[tuple[str, int]]
    service: str
    options: Mapping[str, Any]
    sentinel_options: Mapping[str, str]

    def __repr__(self) -> str:
        return f"<address of {len(self.hosts)} hosts>"


def client_maker(url: str) -> Callable[[], NewClient]:
    """Return what makes clients of the server that a URL names. Opens nothing.

    Raises:
        ConfigurationError: the URL cannot work.
    """
    address = _parsed(url)
    makers = {"": _one_server, "cluster": _cluster, "sentinel": _sentinel}
    make = makers[address.kind]
    return lambda: make(address)


def _one_server(address: _Address) -> NewClient:
    host, port = address.hosts[0]
    return Redis(host=host, port=port, **_settings(), **address.options), ()


def _cluster(address: _Address) -> NewClient:
    nodes = [ClusterNode(host, port) for host, port in address.hosts]
    return RedisCluster(startup_nodes=nodes, **_settings(), **address.options), ()


def _sentinel(address: _Address) -> NewClient:
    secure = {key: address.options[key] for key in address.options if key.startswith("ssl")}
    limits = {"socket_connect_timeout": SENTINEL_SECONDS, "socket_timeout": SENTINEL_SECONDS}
    sentinel: Any = cast("Any", Sentinel)(  # untyped as it is
        address.hosts,
        sentinel_kwargs=_settings() | limits | secure | dict(address.sentinel_options),
    )
    client: Redis = sentinel.master_for(address.service, **_settings(), **address.options)
    return client, sentinel.sentinels


def _settings() -> dict[str, Any]:
    """Return the settings of each connection. Calls have a time limit and a retry of their own."""
    return {
        "socket_connect_timeout": CONNECT_SECONDS,
        "socket_timeout": None,
        "socket_keepalive": True,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,  # half as much to say before the first command
    }


def _parsed(url: str) -> _Address:
    shape = _SHAPE.fullmatch(url.strip())
    if shape is None:
        _refuse("The URL of the Redis server cannot be understood.")
    kind, is_secure = shape["kind"] or "", shape["tls"] == "rediss"
    hosts = _hosts(shape["hosts"], _SENTINEL_PORT if kind == "sentinel" else _PORT)
    if not kind and len(hosts) > 1:
        _refuse(
            "A redis:// URL names several hosts.",
            why="One server has one address; several are a Cluster, or sentinels.",
        )
    service, database = _path(kind, unquote(shape["path"] or ""))
    options: dict[str, Any] = {}
    if shape["password"]:
        options["password"] = unquote(shape["password"])
    if shape["user"]:
        options["username"] = unquote(shape["user"])
    if database:
        options["db"] = database
    if is_secure:
        options |= {"ssl": True, "ssl_check_hostname": True}
    of_sentinel: dict[str, str] = {}
    for name, text in parse_qsl(shape["query"] or "", keep_blank_values=True):
        if kind == "sentinel" and name in _SENTINEL_OPTIONS:
            of_sentinel[name.removeprefix("sentinel_")] = text
        elif is_secure and name in _TLS_OPTIONS:
            options[name] = _tls_option(name, text)
        else:
            _refuse_option(name, kind, is_secure=is_secure)
    return _Address(
        kind=kind, hosts=hosts, service=service, options=options, sentinel_options=of_sentinel
    )


def _hosts(text: str, default_port: int) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for part in text.split(","):
        host = _HOST.fullmatch(part)
        port = default_port if host is None or host["port"] is None else int(host["port"])
        if host is None or not 0 < port < 1 << 16:
            _refuse("The URL of the Redis server names no host, or a port that cannot be one.")
        found.append((host["v6"] or unquote(host["name"]), port))
    return found


def _path(kind: str, path: str) -> tuple[str, int]:
    """Return the service that sentinels are asked for, and the number of the database."""
    service, database = "", path
    if kind == "sentinel":
        service, _, database = path.partition("/")
        if not service:
            _refuse(
                "A redis+sentinel:// URL does not say which master the sentinels watch.",
                fix="Write its name after the hosts, as in redis+sentinel://host:26379/mymaster.",
            )
    if database and not re.fullmatch(r"\d{1,5}", database):
        _refuse("The URL of the Redis server ends in something that is no database number.")
    number = int(database or 0)
    if kind == "cluster" and number:
        _refuse("A Cluster has one database, 0.", fix="Leave the path of the URL out.")
    return service, number


def _tls_option(name: str, text: str) -> str | bool:
    if name == "ssl_check_hostname":
        return _flag(text)
    if name == "ssl_cert_reqs" and text not in {"none", "optional", "required"}:
        _refuse("ssl_cert_reqs is none of none, optional and required.")
    return text


def _flag(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        _refuse("ssl_check_hostname is neither true nor false.")
    return text.lower() == "true"


def _refuse_option(name: str, kind: str, *, is_secure: bool) -> NoReturn:
    known = [
        *(_TLS_OPTIONS if is_secure else ()),
        *(_SENTINEL_OPTIONS if kind == "sentinel" else ()),
    ]
    fix = "Leave it out, or hand redis_stores a client of your own with that setting."
    # Behind a question mark in a password stands the rest of it: that is not shown.
    shown = f": {name!r}" if re.fullmatch("[a-z_]{1,40}", name) else ""
    _refuse(
        f"The URL of the Redis server has an option that is not known{shown}.",
        why="What comes after a question mark is options; in a password it is written %3F.",
        fix=f"Known are {', '.join(known)}. {fix}" if known else fix,
    )


def _refuse(what: str, *, why: str = "", fix: str = "") -> NoReturn:
    # Never with the URL in it: there may be a password.
    raise ConfigurationError(
        what, why=why, fix=fix or f"Write it as {_EXAMPLES}.", docs="how-to/redis/"
    )
