"""To one server, or to the master that sentinels name, over lines of our own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar, cast

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from fastapi_jwtkit.stores.redis.line_pool import LinePool
from fastapi_jwtkit.stores.redis.lines import Line, Wire, Word
from fastapi_jwtkit.stores.redis.links import CALL_SECONDS, wait_ms
from fastapi_jwtkit.stores.redis.scripts import Script

__all__ = ["LineLink"]

Answer = TypeVar("Answer")


class LineLink:
    """To one server, or to the master that sentinels name.

    The client says how to connect, and no more: of what a command costs in Python, its
    pool and its ``execute_command`` are more than half.

    Args:
        client: whose settings the lines have.
    """

    def __init__(self, client: Redis) -> None:
        self._new_wire = cast("Callable[[], Wire]", client.connection_pool.make_connection)
        self._loop = asyncio.get_running_loop()
        self._pool = LinePool(self._new_wire)
        self._patient: list[Line] = []
        self._free_patient: list[Line] = []

    async def evaluate(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Word], /, *, again: bool
    ) -> Any:
        """Run a script."""

        async def work(line: Line, due: float) -> Any:
            return await line.evaluate(script, keys, arguments, due=due)

        return await self._on_line(work, again=again)

    async def evaluate_for_replicas(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Word], /, *, patience: float
    ) -> tuple[int, bool]:
        """Run a script, and wait for a replica where there is one."""

        async def work(line: Line, due: float) -> tuple[int, bool]:
            result, replicas = await line.evaluate(script, keys, arguments, due=due)
            if replicas < 1:
                return result, False
            return result, await line.ask("WAIT", 1, wait_ms(patience), due=due) < 1

        return await self._on_line(work, again=True, patience=patience)

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
        """Close all lines, those that wait for something too."""
        await asyncio.gather(self._pool.close(), *(line.close() for line in self._patient))

    async def _on_line(
        self,
        work: Callable[[Line, float], Awaitable[Answer]],
        *,
        again: bool,
        patience: float = 0.0,
    ) -> Answer:
        due = self._loop.time() + CALL_SECONDS + patience
        line = await self._pool.take(due)
        try:
            if not again:
                await line.ensure_open(due=due)
                return await work(line, due)
            try:
                return await work(line, due)
            except RedisConnectionError:  # the server closed it while nobody asked anything
                return await work(line, due)
        finally:
            self._pool.give(line)

    async def _wait(self, words: Sequence[Word], seconds: float) -> Any:
        if self._free_patient:
            line = self._free_patient.pop()
        else:
            line = Line(self._new_wire())
            self._patient.append(line)
        try:
            return await line.ask(*words, due=self._loop.time() + seconds)
        finally:
            self._free_patient.append(line)
