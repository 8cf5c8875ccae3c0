"""Lines to one server: as many as calls need at a time, and few of them opened at once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from redis.exceptions import ConnectionError as RedisConnectionError

from fastapi_jwtkit.stores.redis.lines import Line, Wire
from fastapi_jwtkit.stores.redis.links import CALLS_AT_ONCE

__all__ = ["LinePool"]

OPENED_AT_ONCE = 4
"""To connect costs as much as dozens of calls, so a crowd of first callers had better wait for
lines that are open than each open one."""


class LinePool:
    """The lines of an event loop.

    Args:
        new_wire: returns a connection that has not connected yet.
    """

    def __init__(self, new_wire: Callable[[], Wire]) -> None:
        self._new_wire = new_wire
        self._loop = asyncio.get_running_loop()
        self._lines: set[Line] = set()
        self._free: list[Line] = []
        self._opening = 0
        self._waiting: deque[asyncio.Future[Line | None]] = deque()

    async def take(self, due: float) -> Line:
        """Return a line that nobody else uses until it is given back.

        Raises:
            TimeoutError: none was free before ``due``, by the clock of the event loop.
        """
        while not self._free:
            if self._opening < OPENED_AT_ONCE and len(self._lines) < CALLS_AT_ONCE:
                return await self._opened(due)
            line = await self._handed(due)
            if line is not None:
                return line
        return self._free.pop()

    def give(self, line: Line) -> None:
        """Give a line back; one that broke is forgotten."""
        if not line.is_open:
            self._lines.discard(line)
            self._hand(None)
        elif not self._hand(line):
            self._free.append(line)

    async def close(self) -> None:
        """Close all lines, those that are in use too."""
        await asyncio.gather(*(line.close() for line in self._lines))

    async def _opened(self, due: float) -> Line:
        line = Line(self._new_wire())
        self._lines.add(line)
        self._opening += 1
        try:
            with suppress(RedisConnectionError):  # who takes it tries again
                await line.open(due)
        except BaseException:
            self._lines.discard(line)
            self._hand(None)
            raise
        finally:
            self._opening -= 1
        return line

    async def _handed(self, due: float) -> Line | None:
        """Wait for a line, or for a turn to open one."""
        future: asyncio.Future[Line | None] = self._loop.create_future()
        self._waiting.append(future)
        try:
            async with asyncio.timeout_at(due):
                return await future
        except BaseException:
            if future.done() and not future.cancelled():  # both came at once
                line = future.result()
                if line is None:
                    self._hand(None)
                else:
                    self.give(line)
            raise

    def _hand(self, line: Line | None) -> bool:
        """Hand a line, or a turn, to who waits longest; say whether there was somebody."""
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(line)
                return True
        return False
