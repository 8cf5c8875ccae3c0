"""How scripts and commands reach a server: over lines of our own, or over a Cluster's client."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar, cast

from redis.asyncio import Redis, RedisCluster
from redis.exceptions import AskError, MovedError, NoScriptError, TryAgainError
from redis.exceptions import ConnectionError as RedisConnectionError

from fastapi_jwtkit.stores.redis.lines import Line, Word
from fastapi_jwtkit.stores.redis.scripts import Script

__all__ = ["CALL_SECONDS", "ClusterLink", "LineLink", "Link", "RedisClient"]

RedisClient: TypeAlias = "Redis | RedisCluster"
Answer = TypeVar("Answer")

CALL_SECONDS = 0.8
"""A server that does not answer within it is taken for dead."""
CALLS_AT_ONCE = 16
"""Calls of one event loop that a server is asked at a time. More would wait for one another in
this process all the same, and open sockets besides."""
WAIT_MS = 100
"""How long a write may take to reach a replica."""
_REDIRECTIONS = (MovedError, AskError, TryAgainError)
_MOVES_FOLLOWED = 3


class Link(Protocol):
    """What the stores ask of a server from one event loop.

    Each call ends within ``CALL_SECONDS``. Answers are bytes, integers, lists of them, or
    ``None``, whatever the client decodes for others.
    """

    async def evaluate(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Word], /, *, again: bool
    ) -> Any:
        """Run a script on the node of its keys, which share a slot.

        Args:
            again: whether to run it once more if the connection breaks.
        """
        ...

    async def evaluate_for_replicas(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Word], /
    ) -> tuple[int, bool]:
        """Run a script that returns a number and how many replicas it saw; once more if need be.

        Where it saw one, waits on the connection of the write for a replica to have it.

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


class LineLink:
    """To one server, or to the master that sentinels name.

    The client says how to connect, and no more: of what a command costs in Python, its
    pool and its ``execute_command`` are more than half.

    Args:
        client: whose settings the lines have.
    """

    def __init__(self, client: Redis) -> None:
        self._pool = client.connection_pool
        self._loop = asyncio.get_running_loop()
        self._turns = asyncio.Semaphore(CALLS_AT_ONCE)
        self._free: list[Line] = []
        self._waiting: list[Line] = []

    async def evaluate(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Word], /, *, again: bool
    ) -> Any:
        """Run a script."""

        async def work(line: Line, due: float) -> Any:
            return await line.evaluate(script, keys, arguments, due=due)

        return await self._on_line(work, again=again)

    async def evaluate_for_replicas(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Word], /
    ) -> tuple[int, bool]:
        """Run a script, and wait for a replica where there is one."""

        async def work(line: Line, due: float) -> tuple[int, bool]:
            result, replicas = await line.evaluate(script, keys, arguments, due=due)
            if replicas < 1:
                return result, False
            return result, await line.ask("WAIT", 1, WAIT_MS, due=due) < 1

        return await self._on_line(work, again=True)

    async def values(self, keys: Sequence[str], /) -> list[bytes | None]:
        """Return the values of keys."""

        async def work(line: Line, due: float) -> list[bytes | None]:
            return cast("list[bytes | None]", await line.ask("MGET", *keys, due=due))

        return await self._on_line(work, again=True)

    async def command(self, key: str, *words: Word, seconds: float = CALL_SECONDS) -> Any:
        """Run a command, on a line of its own if it may block."""
        del key
        if seconds > CALL_SECONDS:
            return await self._wait(words, seconds)

        async def work(line: Line, due: float) -> Any:
            return await line.ask(*words, due=due)

        return await self._on_line(work, again=False)

    async def on_masters(self, *words: Word) -> list[Any]:
        """Run a command on the one server."""
        return [await self.command("", *words)]

    async def close(self) -> None:
        """Close all lines."""
        lines, self._free, self._waiting = [*self._free, *self._waiting], [], []
        for line in lines:
            await line.close()

    async def _on_line(
        self, work: Callable[[Line, float], Awaitable[Answer]], *, again: bool
    ) -> Answer:
        due = self._loop.time() + CALL_SECONDS
        if self._turns.locked():
            async with asyncio.timeout_at(due):
                await self._turns.acquire()
        else:
            await self._turns.acquire()
        line = self._free.pop() if self._free else Line(self._pool.make_connection())
        try:
            if not again:
                await line.ensure_open(due=due)
                return await work(line, due)
            try:
                return await work(line, due)
            except RedisConnectionError:  # the server closed it while nobody asked anything
                return await work(line, due)
        finally:
            self._free.append(line)
            self._turns.release()

    async def _wait(self, words: Sequence[Word], seconds: float) -> Any:
        line = self._waiting.pop() if self._waiting else Line(self._pool.make_connection())
        try:
            return await line.ask(*words, due=self._loop.time() + seconds)
        finally:
            self._waiting.append(line)


class ClusterLink:
    """To a Cluster, whose client finds the node of a key and follows it when it moves.

    Args:
        client: serves this event loop.
    """

    def __init__(self, client: RedisCluster) -> None:
        self._client = client
        self._turns = asyncio.Semaphore(CALLS_AT_ONCE)

    async def evaluate(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Word], /, *, again: bool
    ) -> Any:
        """Run a script on the node of its keys."""

        async def work() -> Any:
            return await self._evaluate(script, keys, arguments)

        return await self._within_limit(work, again=again)

    async def evaluate_for_replicas(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Word], /
    ) -> tuple[int, bool]:
        """Run a script, and where it saw a replica once more, before ``WAIT``.

        The first time finds the node. Then both go over one connection of that node.
        """

        async def work() -> tuple[int, bool]:
            result = 0
            for _ in range(_MOVES_FOLLOWED):
                result, replicas = await self._evaluate(script, keys, arguments)
                if replicas < 1:
                    return result, False
                acknowledged = await self._write_and_wait(script, keys, arguments)
                if acknowledged is not None:
                    return result, acknowledged < 1
            return result, True

        return await self._within_limit(work, again=True)

    async def values(self, keys: Sequence[str], /) -> list[bytes | None]:
        """Return the values of keys, each from its node."""

        async def work() -> list[bytes | None]:
            pipeline = self._client.pipeline()
            for key in keys:
                pipeline.execute_command("GET", key, NEVER_DECODE=True)
            return cast("list[bytes | None]", await pipeline.execute())

        return await self._within_limit(work, again=True)

    async def command(self, key: str, *words: Word, seconds: float = CALL_SECONDS) -> Any:
        """Run a command on the node of a key."""
        async with asyncio.timeout(seconds):
            await self._client.initialize()
            node = self._client.get_node_from_key(key)
            return await self._client.execute_command(*words, target_nodes=node, NEVER_DECODE=True)

    async def on_masters(self, *words: Word) -> list[Any]:
        """Run a command on each master."""
        async with asyncio.timeout(CALL_SECONDS):
            await self._client.initialize()
            return [
                await self._client.execute_command(*words, target_nodes=node, NEVER_DECODE=True)
                for node in self._client.get_primaries()
            ]

    async def close(self) -> None:
        """Do nothing: all connections are the client's own."""

    async def _within_limit(self, work: Callable[[], Awaitable[Answer]], *, again: bool) -> Answer:
        async with asyncio.timeout(CALL_SECONDS), self._turns:
            try:
                return await work()
            except RedisConnectionError:
                if not again:
                    raise
            return await work()

    async def _evaluate(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Word]
    ) -> Any:
        words = (len(keys), *keys, *arguments)
        ask = self._client.execute_command
        try:
            return await ask("EVALSHA", script.digest, *words, NEVER_DECODE=True)
        except NoScriptError:
            return await ask("EVAL", script.source, *words, NEVER_DECODE=True)

    async def _write_and_wait(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Word]
    ) -> int | None:
        """Return how many replicas have it, or ``None`` if the slot has moved meanwhile."""
        node = self._client.get_node_from_key(keys[0])
        pipeline = self._client.pipeline()
        words = (script.digest, len(keys), *keys, *arguments)
        pipeline.execute_command("EVALSHA", *words, target_nodes=node, NEVER_DECODE=True)
        pipeline.execute_command("WAIT", 1, WAIT_MS, target_nodes=node)
        answers = await pipeline.execute(raise_on_error=False, allow_redirections=False)
        if isinstance(answers[0], _REDIRECTIONS):
            return None
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return cast("int", answers[1])
