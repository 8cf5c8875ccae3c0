"""One connection to a server, asked one thing at a time, each within a time limit."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, ReadOnlyError

from fastapi_jwtkit.stores.redis.scripts import Script

__all__ = ["Line", "Wire", "Word"]

Word: TypeAlias = str | bytes | int
_TRUSTED_SECONDS = 1.0
"""A connection that answered so recently is taken to be open still."""


class Wire(Protocol):
    """What a line asks of a connection of redis-py."""

    @property
    def is_connected(self) -> bool:
        """Whether it was opened, and not closed from this side."""
        ...

    async def connect(self) -> None:
        """Open it and say who we are."""
        ...

    async def send_packed_command(self, command: bytes, /) -> None:
        """Send bytes; closes the connection if it is interrupted."""
        ...

    async def read_response(self, *, disable_decoding: bool) -> Any:
        """Read one answer; closes the connection if it is interrupted."""
        ...

    async def disconnect(self, *, nowait: bool) -> None:
        """Close it."""
        ...


class Line:
    """A connection that connects when it is first asked, and anew after it broke.

    ``asyncio.timeout`` around each call would cost a fifth of the call. So one timer
    looks after a line: calls move the time that is due, and the timer follows them.

    Args:
        connection: not connected yet; nobody else uses it.
    """

    __slots__ = (
        "_answered_at",
        "_connection",
        "_due",
        "_is_closed",
        "_is_cut",
        "_loop",
        "_task",
        "_timer",
    )

    def __init__(self, connection: Wire) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._answered_at = -math.inf
        self._due = math.inf
        self._is_closed = False
        self._is_cut = False
        self._task: asyncio.Task[Any] | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is connected, as far as can be seen from this side."""
        return self._connection.is_connected

    async def open(self, due: float) -> None:
        """Connect, if it is not.

        Raises:
            TimeoutError: it took longer than until ``due``.
            RedisError: nobody answers, or whoever does refuses.
        """
        connection = self._connection
        if not self._is_closed and not connection.is_connected:
            async with asyncio.timeout_at(due):
                await connection.connect()
            self._answered_at = self._loop.time()
        if self._is_closed:  # before, or meanwhile
            await connection.disconnect(nowait=True)
            message = "the stores were closed"
            raise RedisConnectionError(message)

    async def evaluate(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Word], *, due: float
    ) -> Any:
        """Run a script; a server that does not know it is sent it."""
        words = (len(keys), *keys, *arguments)
        try:
            return await self.ask("EVALSHA", script.digest, *words, due=due)
        except NoScriptError:  # a new server, or SCRIPT FLUSH
            return await self.ask("EVAL", script.source, *words, due=due)

    async def ensure_open(self, *, due: float) -> None:
        """Find out whether the server closed the connection meanwhile, and connect again.

        For what must not be asked twice: after this a broken connection is bad luck.
        """
        if self._loop.time() - self._answered_at < _TRUSTED_SECONDS:
            return
        try:
            await self.ask("PING", due=due)
        except RedisConnectionError:
            await self.ask("PING", due=due)

    async def ask(self, *words: Word, due: float) -> Any:
        """Send a command and return its answer, as bytes.

        Args:
            words: the command.
            due: when there has to be an answer, by the clock of the event loop.

        Raises:
            TimeoutError: there was none. It is lost: the connection is closed.
            RedisError: the connection broke, or the server refuses.
        """
        connection, loop = self._connection, self._loop
        if not connection.is_connected:
            await self.open(due)
        task = self._task = asyncio.current_task(loop)
        assert task is not None  # noqa: S101 - coroutines of an event loop run in a task
        cancelling = task.cancelling()
        self._due = due
        if self._timer is None:
            self._timer = loop.call_at(due, self._look)
        try:
            # Whatever interrupts either step closes the connection, a cancellation too:
            # an answer that comes late is nobody's.
            await connection.send_packed_command(_packed(words))
            answer = await connection.read_response(disable_decoding=True)
        except ReadOnlyError:
            # The server is nobody's primary any more; its name may lead to another by now.
            await connection.disconnect(nowait=True)
            message = "the server became a replica"
            raise RedisConnectionError(message) from None
        except asyncio.CancelledError:
            if self._is_cut and task.uncancel() <= cancelling:
                raise TimeoutError from None
            raise
        finally:
            self._due, self._is_cut = math.inf, False
        self._answered_at = loop.time()
        return answer

    async def close(self) -> None:
        """Close the connection, for good."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        await self._connection.disconnect(nowait=False)

    def _look(self) -> None:
        """Cut a call that is overdue, or come back when the present one would be."""
        self._timer = None
        if self._due == math.inf:
            return
        if self._loop.time() < self._due:
            self._timer = self._loop.call_at(self._due, self._look)
        elif self._task is not None:
            self._is_cut = True
            self._task.cancel()


def _packed(words: Sequence[Word]) -> bytes:
    """Return a command as it goes over the line (RESP: an array of bulk strings)."""
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        text = word if isinstance(word, bytes) else str(word).encode(errors="surrogatepass")
        parts.append(b"$%d\r\n%b\r\n" % (len(text), text))
    return b"".join(parts)
