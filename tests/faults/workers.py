"""Workers: one uvicorn process each, on a port of its own, so that it is known who answers."""

from __future__ import annotations

import multiprocessing
import os
import signal
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import httpx

from faults.people import CLOCK_AHEAD
from faults.serving import serve
from server_processes import READY_SECONDS, STOP_SECONDS, environment_of
from valkey_server import free_port
from waiting import wait_until

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["__main__", "faults.serving"])
PLAIN_HTTP = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Made once: each client would read the certificates of the world, and use none."""
AFTERMATH_SECONDS = 0.5
"""A connection that was made while a worker was down may fail a moment later."""


@dataclass(slots=True)
class Absence:
    """When a worker was ended or stopped by the fault, and not by what it stands on."""

    began: float
    ended: float = float("inf")


@dataclass(eq=False)
class Worker:
    """One worker, which can be ended, frozen and started again.

    Attributes:
        name: for messages.
        directory: where its output goes.
        settings: its environment, beside what the machine needs.
        clock_ahead: seconds its clock is ahead.
        absences: when it was away.
        starts: how often it was started.
    """

    name: str
    directory: Path
    settings: dict[str, str]
    clock_ahead: float = 0.0
    port: int = 0
    absences: list[Absence] = field(default_factory=list)
    starts: int = 0
    _process: ForkServerProcess | None = None
    _heard: int = 0

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Which process it is."""
        return _pid(self._running())

    @property
    def output(self) -> str:
        """What it has said so far."""
        return self._output_file.read_text("utf-8", "replace")

    def news(self) -> str:
        """Return what it has said since this was asked last."""
        said = self.output
        news, self._heard = said[self._heard :], len(said)
        return news

    @property
    def is_away(self) -> bool:
        """Whether it was ended or stopped and is not back."""
        return bool(self.absences) and self.absences[-1].ended == float("inf")

    def was_away(self, began: float, ended: float) -> bool:
        """Say whether it was away at some time between the two, or has just come back."""
        return any(
            absence.began <= ended and began <= absence.ended + AFTERMATH_SECONDS
            for absence in self.absences
        )

    def start(self) -> None:
        """Start it and wait until it answers: the first time on a free port, then on the same."""
        self.port = self.port or free_port()
        environment = environment_of(self.directory, **self.settings)
        environment[CLOCK_AHEAD] = str(self.clock_ahead)
        self._output_file.touch()
        process = FORKS.Process(
            target=serve, args=(environment, self.port, self._output_file), daemon=True
        )
        process.start()
        self._process = process
        self.starts += 1

        def answers() -> bool:
            if not process.is_alive():
                raise RuntimeError(f"{self.name} did not start:\n{self.output}")
            with suppress(httpx.TransportError):
                answer = httpx.get(f"{self.url}/pid", trust_env=False, verify=PLAIN_HTTP, timeout=2)
                return bool(answer.json() == self.pid)
            return False

        wait_until(answers, f"{self.name} answers", seconds=READY_SECONDS)
        if self.is_away:
            self.absences[-1].ended = time.monotonic()

    def kill(self) -> None:
        """End it with ``kill -9``, whatever it is doing."""
        self.absences.append(Absence(time.monotonic()))
        process = self._running()
        process.kill()
        process.join(STOP_SECONDS)
        self._process = None

    def freeze(self) -> None:
        """Stop it where it is (``SIGSTOP``); the kernel goes on taking connections for it."""
        self.absences.append(Absence(time.monotonic()))
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on where it was stopped."""
        os.kill(self.pid, signal.SIGCONT)
        self.absences[-1].ended = time.monotonic()

    def stop(self) -> None:
        """End it, also if it is frozen."""
        process, self._process = self._process, None
        if process is None or not process.is_alive():
            return
        os.kill(_pid(process), signal.SIGCONT)
        process.terminate()
        process.join(STOP_SECONDS)
        if process.is_alive():
            process.kill()
            process.join(STOP_SECONDS)

    @property
    def _output_file(self) -> Path:
        return self.directory / f"{self.name}.txt"

    def _running(self) -> ForkServerProcess:
        if self._process is None:
            raise RuntimeError(f"{self.name} does not run")
        return self._process


def _pid(process: ForkServerProcess) -> int:
    if process.pid is None:
        raise RuntimeError("the process was not started")
    return process.pid


def stop_all(workers: Sequence[Worker]) -> None:
    """End all of them, also if one of them cannot be ended."""
    for worker in workers:
        with suppress(OSError):
            worker.stop()
