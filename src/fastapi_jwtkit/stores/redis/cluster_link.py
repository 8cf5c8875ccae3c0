"""To a Cluster, over its client, which knows which node has what."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar, cast

from redis.asyncio import RedisCluster
from redis.exceptions import AskError, MovedError, NoScriptError, TryAgainError
from redis.exceptions import ConnectionError as RedisConnectionError

from fastapi_jwtkit.stores.redis.lines import Word
from fastapi_jwtkit.stores.redis.links import CALL_SECONDS, CALLS_AT_ONCE, wait_ms
from fastapi_jwtkit.stores.redis.scripts import Script

__all__ = ["ClusterLink"]

Answer = TypeVar("Answer")

FIRST_SECONDS = (0.3, 0.3, 0.3, 0.6, 1.5)
"""How long it may take to learn which node has what, try by try.

The client asks the nodes in random order and waits for the first of them. One that hangs
must not keep the others from being asked; and on a slow network, it is much to read.
"""
_REDIRECTIONS = (MovedError, AskError, TryAgainError)
_MOVES_FOLLOWED = 3


class ClusterLink:
    """To a Cluster, whose client finds the node of a key and follows it when it moves.

    Args:
        client: serves this event loop.
    """

    def __init__(self, client: RedisCluster) -> None:
        self._client = client
        self._turns = asyncio.Semaphore(CALLS_AT_ONCE)
        self._first: asyncio.Task[None] | None = None
        self._is_known = False

    async def evaluate(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Word], /, *, again: bool
    ) -> Any:
        """Run a script on the node of its keys."""

        async def work() -> Any:
            return await self._evaluate(script, keys, arguments)

        return await self._within_limit(work, again=again)

    async def evaluate_for_replicas(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Word], /, *, patience: float
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
                acknowledged = await self._write_and_wait(script, keys, arguments, patience)
                if acknowledged is not None:
                    return result, acknowledged < 1
            return result, True

        return await self._within_limit(work, again=True, patience=patience)

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
        await self._know()
        async with asyncio.timeout(seconds):
            await self._client.initialize()
            node = self._client.get_node_from_key(key)
            return await self._client.execute_command(*words, target_nodes=node, NEVER_DECODE=True)

    async def on_masters(self, *words: Word) -> list[Any]:
        """Run a command on each master."""
        await self._know()
        async with asyncio.timeout(CALL_SECONDS):
            await self._client.initialize()
            return [
                await self._client.execute_command(*words, target_nodes=node, NEVER_DECODE=True)
                for node in self._client.get_primaries()
            ]

    async def close(self) -> None:
        """End what still runs; all connections are the client's own."""
        if self._first is not None:
            self._first.cancel()

    async def _within_limit(
        self, work: Callable[[], Awaitable[Answer]], *, again: bool, patience: float = 0.0
    ) -> Answer:
        if not self._is_known:
            await self._know()
        async with asyncio.timeout(CALL_SECONDS + patience), self._turns:
            try:
                return await work()
            except RedisConnectionError:
                if not again:
                    raise
            return await work()

    async def _know(self) -> None:
        """Learn which node has what, once for all who ask first.

        In a task of its own: it goes on if the one who asked is in more of a hurry.
        """
        if self._is_known:
            return
        if self._first is None or self._first.done():
            self._first = asyncio.create_task(self._learn(), name="jwtkit-redis-cluster")
            self._first.add_done_callback(_forget_error)
        await asyncio.shield(self._first)

    async def _learn(self) -> None:
        *first_tries, last_try = FIRST_SECONDS
        for seconds in first_tries:
            with suppress(TimeoutError):
                return await self._learn_within(seconds)
        return await self._learn_within(last_try)

    async def _learn_within(self, seconds: float) -> None:
        async with asyncio.timeout(seconds):
            await self._client.initialize()
        self._is_known = True

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
        self, script: Script, keys: Sequence[str], arguments: Sequence[Word], patience: float
    ) -> int | None:
        """Return how many replicas have it, or ``None`` if the slot has moved meanwhile."""
        node = self._client.get_node_from_key(keys[0])
        pipeline = self._client.pipeline()
        words = (script.digest, len(keys), *keys, *arguments)
        pipeline.execute_command("EVALSHA", *words, target_nodes=node, NEVER_DECODE=True)
        pipeline.execute_command("WAIT", 1, wait_ms(patience), target_nodes=node)
        answers = await pipeline.execute(raise_on_error=False, allow_redirections=False)
        if isinstance(answers[0], _REDIRECTIONS):
            return None
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return cast("int", answers[1])


def _forget_error(task: asyncio.Task[None]) -> None:
    """Take the error of a task that nobody waits for any more, so that it is not logged."""
    if not task.cancelled():
        task.exception()
