"""A PostgreSQL that can be killed, frozen and set back to a backup."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from postgres_server import PostgresServer, account
from waiting import wait_until

DURABLE = {"synchronous_commit": "on"}
"""A commit is in the WAL before it is answered; the kernel keeps it when the server is killed."""


class BreakablePostgres(PostgresServer):
    """One server on a free port, with its data and its backup in a directory of its own."""

    def kill(self) -> None:
        """End the first process with ``kill -9``, and wait until the others followed it."""
        processes = self._processes()
        self.stop(signal.SIGKILL)
        wait_until(lambda: not any(map(_runs, processes)), "all processes of the server ended")

    def freeze(self) -> None:
        """Stop all its processes where they are; connections stay open."""
        for pid in self._processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let all of them go on."""
        for pid in self._processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def back_up(self) -> None:
        """Copy it as it is now, while it serves."""
        command = [self._binary("pg_basebackup"), "-h", "127.0.0.1", "-p", str(self.port)]
        command += ["-U", "postgres", "-D", str(self._backup), "-c", "fast", "-X", "stream", "-N"]
        with (self._home / "backup.log").open("ab") as log:
            subprocess.run(command, check=True, stdout=log, stderr=log, **account())  # noqa: S603

    def restore(self) -> None:
        """Stop it, put the backup in place of the data and start it."""
        self.stop()
        shutil.rmtree(self._data)
        self._backup.rename(self._data)
        self.start()

    @property
    def _backup(self) -> Path:
        return self._home / "backup"

    def _processes(self) -> list[int]:
        """Return the first process and its children, which are all there are."""
        if self._process is None:
            raise RuntimeError("the server does not run")
        first = self._process.pid
        children = Path(f"/proc/{first}/task/{first}/children")
        return [first, *map(int, children.read_text().split())]


def _runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@contextlib.contextmanager
def running_breakable_postgres() -> Iterator[BreakablePostgres]:
    """Run a server, and stop it whatever happens."""
    home = Path(tempfile.mkdtemp(prefix="jwtkit-postgres-"))
    if runs_as := account():
        os.chown(home, runs_as["user"], runs_as["group"])
    server = BreakablePostgres(home, options=DURABLE)
    try:
        server.create()
        server.start()
        yield server
    finally:
        with contextlib.suppress(RuntimeError, OSError):
            server.thaw()
        server.stop()
        shutil.rmtree(home, ignore_errors=True)
