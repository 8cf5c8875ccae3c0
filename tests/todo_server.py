"""A real process of the todo application, for tests over TCP."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[1]
READY_SECONDS = 120
STOP_SECONDS = 20


@dataclass(frozen=True)
class TodoServer:
    """A process that serves, and what it has said so far."""

    url: str
    directory: Path

    @property
    def output(self) -> str:
        """What it printed and logged."""
        return (self.directory / "output.txt").read_text("utf-8")


def todo_environment(**more: str) -> dict[str, str]:
    """Return the environment of a process that only the caller configures."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("JWTKIT_", "TODO_"))
    }
    # A proxy of the machine must not come between a test and its own server.
    return {**kept, "PYTHONPATH": str(ROOT), "NO_PROXY": "127.0.0.1", **more}


@contextmanager
def running_todo(directory: Path, *, workers: int = 1, **environment: str) -> Iterator[TodoServer]:
    """Start ``python -m examples.todo`` in a directory, on a free port, and stop it after."""
    command = [sys.executable, "-m", "examples.todo", "--port", "0", "--workers", str(workers)]
    with (directory / "output.txt").open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own module
            command,
            cwd=directory,
            env=todo_environment(**environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield _wait(process, directory)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            # The group was made for this process: its workers go with it.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(process: subprocess.Popen[bytes], directory: Path) -> TodoServer:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        output = (directory / "output.txt").read_text("utf-8")
        said = re.search(r"Todo API on (http://127\.0\.0\.1:\d+)/docs", output)
        if said is not None:
            server = TodoServer(url=said[1], directory=directory)
            if _answers(server.url):
                return server
        time.sleep(0.05)
    message = f"the server did not start:\n{(directory / 'output.txt').read_text('utf-8')}"
    raise AssertionError(message)


def _answers(url: str) -> bool:
    try:
        # A fresh connection each time, and no proxy of the environment.
        return httpx.get(f"{url}/health", trust_env=False).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
