"""What of a server's settings would lose logins or revive what was revoked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from redis.exceptions import ResponseError

from fastapi_jwtkit.stores.redis.links import Link
from fastapi_jwtkit.stores.redis.server import RedisServer

__all__ = ["warnings_about"]

_EVICTS = (
    "Redis may evict keys (maxmemory-policy is {}), and with them sessions and revocations: "
    "set maxmemory-policy to noeviction."
)
_POLICY_UNKNOWN = (
    "Whether Redis may evict sessions and revocations could not be checked, for INFO is "
    "forbidden: see to it that maxmemory-policy is noeviction."
)
_FORGETS = (
    "Redis keeps nothing on disk (neither AOF nor RDB), so a restart ends every session: "
    "set appendonly to yes."
)
_SAVING_UNKNOWN = (
    "Whether Redis keeps anything on disk could not be checked, for CONFIG is forbidden: see to "
    "it that AOF or RDB is on."
)
_REPLICAS_UNKNOWN = (
    "Whether Redis has replicas cannot be seen, for INFO is forbidden, so a fail-over may undo a "
    "logout: allow INFO to the user of the URL."
)


async def warnings_about(server: RedisServer) -> Sequence[str]:
    """Return a sentence about each setting that should be mended.

    Raises:
        StoreUnavailableError: the server does not answer.
    """
    found = await server.ask(_warnings, reason="redis_not_prepared")
    return tuple(dict.fromkeys(found))  # one for all nodes of a Cluster


async def _warnings(link: Link) -> list[str]:
    try:
        infos = await link.on_masters("INFO")
    except ResponseError:  # not to this user, or not on a managed server
        return [_POLICY_UNKNOWN, _REPLICAS_UNKNOWN]
    said = [_said(info) for info in infos]
    found = [
        _EVICTS.format(policy[:40])
        for info in said
        if (policy := info.get("maxmemory_policy", "unknown")) != "noeviction"
    ]
    if all(info.get("aof_enabled") == "1" for info in said):
        return found
    try:
        saves = await link.on_masters("CONFIG", "GET", "save")
    except ResponseError:
        return [*found, _SAVING_UNKNOWN]
    for info, save in zip(said, saves, strict=True):
        if info.get("aof_enabled") != "1" and not _value(save):
            found.append(_FORGETS)
    return found


def _said(info: Any) -> Mapping[str, str]:
    """Return the answer to INFO by its names, whoever took it apart."""
    if isinstance(info, Mapping):
        names = cast("Mapping[object, object]", info)
        return {str(name): str(value) for name, value in names.items()}
    lines = info.decode(errors="replace").splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def _value(pair: Any) -> str:
    """Return the one value in the answer to CONFIG GET: a map or a list, by the protocol."""
    is_map = isinstance(pair, Mapping)
    parts = cast("Mapping[object, object]", pair).values() if is_map else pair[1:2]
    value = next(iter(parts), "")
    return value.decode() if isinstance(value, bytes) else str(value)
