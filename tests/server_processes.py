"""Servers as real processes, on free ports of 127.0.0.1, each stopped by its own id."""

from __future__ import annotations

import os
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

READY_SECONDS = 120
STOP_SECONDS = 10
TRIES = 500
# On a busy machine a worker may import for longer than the 5 s after which it is replaced.
UVICORN = ("uvicorn", "--port", "0", "--timeout-worker-healthcheck", "60")
CLIENT: dict[str, Any] = {
    "trust_env": False,
    "timeout": READY_SECONDS,
    "limits": httpx.Limits(max_connections=1),
    # Made once: each client would read the certificates of the world, and use none.
    "verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
}
GUNICORN = ("gunicorn", "--bind", "127.0.0.1:0", "-k", "uvicorn_worker.UvicornWorker")

Connections = dict[int, list[httpx.AsyncClient]]
"""Clients with one connection, by the process id of the worker at its end."""


@dataclass(frozen=True)
class ServerProcess:
    """A server that answers, and what it has said so far."""

    url: str
    output_file: Path

    @property
    def output(self) -> str:
        """What it printed and logged."""
        return self.output_file.read_text("utf-8")

    def connect(self) -> httpx.Client:
        """Return a client with one connection, and no proxy of the machine between."""
        return httpx.Client(base_url=self.url, **CLIENT)

    def connect_async(self) -> httpx.AsyncClient:
        """Return the same for a test that sends several requests at once."""
        return httpx.AsyncClient(base_url=self.url, **CLIENT)

    @asynccontextmanager
    async def connections(self, workers: int, each: int) -> AsyncIterator[Connections]:
        """Open so many connections to each of so many workers.

        Args:
            workers: how many there are.
            each: connections to each.
        """
        kept: Connections = {}
        async with AsyncExitStack() as stack:
            for _ in range(TRIES):
                client = self.connect_async()
                stack.push_async_callback(client.aclose)
                mine = kept.setdefault((await client.get("/pid")).json(), [])
                if len(mine) == each:
                    await client.aclose()
                    continue
                mine.append(client)
                if len(kept) == workers and all(len(those) == each for those in kept.values()):
                    yield kept
                    return
        counts = {worker: len(clients) for worker, clients in kept.items()}
        message = f"the workers took {counts} connections:\n{self.output}"
        raise AssertionError(message)

    def workers(self, count: int) -> list[int]:
        """Return the process ids of so many workers, in ascending order.

        The app tells its own at ``/pid``.
        """
        seen: set[int] = set()
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:  # the last of them may still be starting
            with self.connect() as client:
                seen.add(client.get("/pid").json())
            if len(seen) == count:
                return sorted(seen)
            time.sleep(0.01)
        message = f"only {seen} answered:\n{self.output}"
        raise AssertionError(message)

    def ask(self, worker: int, method: str, path: str, **request: Any) -> httpx.Response:
        """Send a request to one of the workers.

        Which of them takes a connection is for the kernel to say; all requests of one
        connection go to the same.
        """
        for _ in range(TRIES):
            with self.connect() as client:
                if client.get("/pid").json() == worker:
                    return client.request(method, path, **request)
        message = f"worker {worker} took no connection:\n{self.output}"
        raise AssertionError(message)


def environment_of(directory: Path, **settings: str) -> dict[str, str]:
    """Return an environment in which only ``settings`` configure the kit."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JWTKIT_")}
    # gunicorn keeps a socket in the home directory, one for all its servers.
    return {**kept, "HOME": str(directory), **settings}


@contextmanager
def running(directory: Path, command: Sequence[str], **settings: str) -> Iterator[ServerProcess]:
    """Start ``python -m <command>`` in a directory; stop it after, also when a test fails."""
    output = directory / "output.txt"
    with output.open("wb") as file:
        process = subprocess.Popen(  # noqa: S603 - this interpreter
            [sys.executable, "-m", *command],
            cwd=directory,
            env=environment_of(directory, **settings),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield _wait(process, output)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            # The group was made for this process: its workers go with it.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(process: subprocess.Popen[bytes], output: Path) -> ServerProcess:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        said = re.search(r"http://127\.0\.0\.1:[1-9]\d*", output.read_text("utf-8"))
        if said is not None:
            server = ServerProcess(url=said[0], output_file=output)
            if _answers(server):
                return server
        time.sleep(0.02)
    message = f"the server did not start:\n{output.read_text('utf-8')}"
    raise AssertionError(message)


def _answers(server: ServerProcess) -> bool:
    try:
        with server.connect() as client:
            return client.get("/pid").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
