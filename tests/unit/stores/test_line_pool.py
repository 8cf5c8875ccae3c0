"""Lines are opened a few at a time, handed on, and never lost."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from fastapi_jwtkit.stores.redis.line_pool import LinePool
from fastapi_jwtkit.stores.redis.lines import Line


class Wire:
    """A connection that opens when told to."""

    opened = 0
    opening = 0
    most_opening = 0

    def __init__(self, gate: asyncio.Event, *, fails: bool = False) -> None:
        self.is_connected = False
        self._gate = gate
        self._fails = fails

    async def connect(self) -> None:
        """Wait for the gate."""
        cls = type(self)
        cls.opening += 1
        cls.most_opening = max(cls.most_opening, cls.opening)
        try:
            await self._gate.wait()
        finally:
            cls.opening -= 1
        if self._fails:
            raise RedisConnectionError
        cls.opened += 1
        self.is_connected = True

    async def send_packed_command(self, command: bytes, /) -> None:
        """Take a command."""

    async def read_response(self, *, disable_decoding: bool) -> Any:
        """Answer."""
        return disable_decoding

    async def disconnect(self, *, nowait: bool) -> None:
        """Close."""
        del nowait
        self.is_connected = False


@pytest.fixture
def wires() -> type[Wire]:
    """Return a kind of wire that counts anew."""
    return type("CountingWire", (Wire,), {})


def soon() -> float:
    """Return a time limit that is not reached."""
    return asyncio.get_running_loop().time() + 30


async def test_a_crowd_opens_a_few_lines_at_once_and_shares_them(wires: type[Wire]) -> None:
    """Not one for each."""
    gate = asyncio.Event()
    pool = LinePool(lambda: wires(gate))
    in_use: set[Line] = set()

    async def call() -> None:
        line = await pool.take(soon())
        assert line not in in_use
        in_use.add(line)
        await line.ask("PING", due=soon())
        in_use.discard(line)
        pool.give(line)

    calls = [asyncio.ensure_future(call()) for _ in range(100)]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*calls)
    assert wires.most_opening == 4
    assert wires.opened == 4


async def test_as_many_lines_as_calls_may_run_at_once(wires: type[Wire]) -> None:
    """And no more."""
    gate = asyncio.Event()
    gate.set()
    pool = LinePool(lambda: wires(gate))
    lines = [await pool.take(soon()) for _ in range(16)]
    with pytest.raises(TimeoutError):
        await pool.take(asyncio.get_running_loop().time())
    waiting = asyncio.ensure_future(pool.take(soon()))
    await asyncio.sleep(0)
    pool.give(lines[7])
    assert await waiting is lines[7]


async def test_a_line_is_not_lost_on_who_gave_up(wires: type[Wire]) -> None:
    """Also when it was handed over at that very moment."""
    gate = asyncio.Event()
    gate.set()
    pool = LinePool(lambda: wires(gate))
    lines = [await pool.take(soon()) for _ in range(16)]
    for hand_first in (True, False):
        waiting = asyncio.ensure_future(pool.take(soon()))
        await asyncio.sleep(0)
        if hand_first:
            pool.give(lines[0])
            waiting.cancel()
        else:
            waiting.cancel()
            pool.give(lines[0])
        await asyncio.gather(waiting, return_exceptions=True)
        assert await pool.take(soon()) is lines[0]


async def test_a_line_that_cannot_be_opened_blocks_nobody(wires: type[Wire]) -> None:
    """Each caller finds out, and the next may try again."""
    gate = asyncio.Event()
    gate.set()
    pool = LinePool(lambda: wires(gate, fails=True))

    async def call() -> None:
        line = await pool.take(soon())
        try:
            await line.ask("PING", due=soon())
        finally:
            pool.give(line)

    answers = await asyncio.gather(*(call() for _ in range(50)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [RedisConnectionError] * 50
