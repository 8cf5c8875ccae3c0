"""What the stores ask of a server, however it is reached."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

from redis.asyncio import Redis, RedisCluster

from fastapi_jwtkit.stores.redis.lines import Word
from fastapi_jwtkit.stores.redis.scripts import Script

__all__ = ["CALLS_AT_ONCE", "CALL_SECONDS", "Link", "RedisClient", "wait_ms"]

RedisClient: TypeAlias = "Redis | RedisCluster"

CALL_SECONDS = 0.8
"""A server that does not answer within it is taken for dead."""
WAIT_SECONDS = 0.1
"""How long a write may take to reach a replica."""
CALLS_AT_ONCE = 16
"""Calls of one event loop that a server is asked at a time. More would wait for one another in
this process all the same, and open sockets besides."""


class Link(Protocol):
    """What the stores ask of a server from one event loop.

    Each call ends within ``CALL_SECONDS``. Answers are bytes, integers, lists of them, or
    ``None``, whatever the client decodes for others.
    """

    async def evaluate(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Word], /, *, again: bool
    ) -> Any:
        """Run a script on the node of its keys.

        Args:
            script: what to run.
            keys: of one slot.
            arguments: of the script.
            again: whether to run it once more if the connection breaks.
        """
        ...

    async def evaluate_for_replicas(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Word], /, *, patience: float
    ) -> tuple[int, bool]:
        """Run a script that returns a number and how many replicas it saw; once more if need be.

        Where it saw one, waits on the connection of the write for a replica to have it.

        Args:
            script: what to run.
            keys: of one slot.
            arguments: of the script.
            patience: seconds that it may take longer than other calls, a quarter of them
                to reach a replica.

        Returns:
            the number, and whether no replica has it that should.
        """
        ...

    async def values(self, keys: Sequence[str], /) -> list[bytes | None]:
        """Return the values of keys that may live on several nodes."""
        ...

    async def command(self, key: str, *words: Word, seconds: float = CALL_SECONDS) -> Any:
        """Run a command on the node of a key, once."""
        ...

    async def on_masters(self, *words: Word) -> list[Any]:
        """Run a command on each node that takes writes."""
        ...

    async def close(self) -> None:
        """Close the connections that are not the client's own."""
        ...


def wait_ms(patience: float) -> int:
    """Return how long to wait for a replica, in milliseconds."""
    return int((WAIT_SECONDS + patience / 4) * 1000)
