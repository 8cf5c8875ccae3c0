"""A way to a server that can be blocked: what is sent on it goes nowhere, and nobody says so."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from valkey_wire import HOST

CHUNK = 65_536
STOP_SECONDS = 10


class Partition:
    """Passes on what it gets to a port of this machine, in a thread of its own.

    Args:
        target: the port of the server.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._open = asyncio.Event()
        self._open.set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0

    def start(self) -> None:
        """Listen on a free port."""
        self._thread.start()
        starting = asyncio.start_server(self._connect, HOST, 0)
        server = asyncio.run_coroutine_threadsafe(starting, self._loop).result(STOP_SECONDS)
        self.port = server.sockets[0].getsockname()[1]

    def block(self) -> None:
        """Hold back everything from now on; connections are taken and stay open."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def unblock(self) -> None:
        """Pass on what was held back, and everything that follows."""
        self._loop.call_soon_threadsafe(self._open.set)

    def stop(self) -> None:
        """End all connections."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(STOP_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_SECONDS)
        self._loop.close()

    async def _end(self) -> None:
        for pump in list(self._pumps):
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._open.wait()
        try:
            there, back = await asyncio.open_connection(HOST, self._target)
        except OSError:  # the server is down, and so is this way to it
            writer.close()
            return
        for source, sink in ((reader, back), (there, writer)):
            pump = asyncio.create_task(self._pump(source, sink))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError):
                while data := await source.read(CHUNK):
                    await self._open.wait()
                    sink.write(data)
                    await sink.drain()
        finally:
            sink.close()


@contextmanager
def running_partition(target: int) -> Iterator[Partition]:
    """Run it, and stop it whatever happens."""
    partition = Partition(target)
    partition.start()
    try:
        yield partition
    finally:
        partition.stop()
