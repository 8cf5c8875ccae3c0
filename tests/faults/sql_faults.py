"""What can happen to PostgreSQL, and to a SQLite file."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import asyncpg

from faults import worker_faults
from faults.breakable_postgres import BreakablePostgres, running_breakable_postgres
from faults.held import MayLose
from faults.stands import Fault, Stage, Stand

FROZEN_SECONDS = 3.0
CUTS = 10
CUT_EVERY_SECONDS = 0.3
LOCKED_SECONDS = 3.0
# A backup younger than the last poll would hide a table that was set back.
SINCE_BACKUP_SECONDS = 3.0
# sync_after is 2.5 s here, more than the harness's max_staleness.
PROMPT_SECONDS = 2.0


async def _restart(stage: Stage) -> None:
    server: BreakablePostgres = stage.server
    await asyncio.to_thread(server.stop)
    await asyncio.to_thread(server.start)


async def _kill(stage: Stage) -> None:
    server: BreakablePostgres = stage.server
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)


async def _freeze(stage: Stage) -> None:
    server: BreakablePostgres = stage.server
    server.freeze()
    try:
        await asyncio.sleep(FROZEN_SECONDS)
    finally:
        server.thaw()


async def _cut(stage: Stage) -> None:
    server: BreakablePostgres = stage.server
    connection = await asyncpg.connect(server.url.replace("+asyncpg", ""))
    cut = 0
    try:
        for _ in range(CUTS):
            cut += await connection.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            await asyncio.sleep(CUT_EVERY_SECONDS)
    finally:
        await connection.close()
    stage.note(f"{cut} connections were cut")


async def _restore(stage: Stage) -> None:
    """Go back to an older backup, as quickly as it can be done."""
    server: BreakablePostgres = stage.server
    await asyncio.to_thread(server.back_up)
    await asyncio.sleep(SINCE_BACKUP_SECONDS)
    await asyncio.to_thread(server.restore)


async def _lock(stage: Stage) -> None:
    with closing(sqlite3.connect(stage.server, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        await asyncio.sleep(LOCKED_SECONDS)
        connection.execute("ROLLBACK")


async def _restore_file(stage: Stage) -> None:
    """Go back to an older backup, in place: nobody's connection ends."""
    live, backup = stage.server, f"{stage.server}.backup"
    await asyncio.to_thread(_copy, live, backup)
    await asyncio.sleep(SINCE_BACKUP_SECONDS)
    await asyncio.to_thread(_copy, backup, live)


def _copy(source: str, target: str) -> None:
    with (
        closing(sqlite3.connect(source, timeout=10)) as of,
        closing(sqlite3.connect(target, timeout=10)) as to,
    ):
        of.backup(to)


@contextmanager
def _file() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="jwtkit-faults-") as directory:
        yield str(Path(directory) / "auth.db")


POSTGRES = Stand(
    name="PostgreSQL",
    open=running_breakable_postgres,
    url=lambda server: str(server.url),
    can_part=True,
    prompt=PROMPT_SECONDS,
    faults=(
        Fault(slug="postgres-restarted", name="Server restarted", strike=_restart),
        Fault(slug="postgres-killed", name="Server killed (-9) and restarted", strike=_kill),
        Fault(
            slug="postgres-frozen",
            name=f"Server frozen for {FROZEN_SECONDS:.0f} s",
            strike=_freeze,
        ),
        Fault(slug="postgres-cut", name="Connections cut, again and again", strike=_cut),
        worker_faults.KILLED,
        worker_faults.FROZEN,
        worker_faults.CUT_OFF,
        Fault(
            slug="postgres-restored",
            name=f"Restored from a backup {SINCE_BACKUP_SECONDS:.0f} s old",
            strike=_restore,
            may_lose=MayLose.RECENT,
            newcomer=True,
        ),
    ),
)
SQLITE = Stand(
    name="SQLite",
    open=_file,
    url=lambda path: f"sqlite+aiosqlite:///{path}",
    prompt=PROMPT_SECONDS,
    faults=(
        Fault(
            slug="sqlite-locked",
            name=f"File locked by another for {LOCKED_SECONDS:.0f} s",
            strike=_lock,
        ),
        worker_faults.KILLED,
        Fault(
            slug="sqlite-restored",
            name=f"Restored in place from a backup {SINCE_BACKUP_SECONDS:.0f} s old",
            strike=_restore_file,
            may_lose=MayLose.RECENT,
            newcomer=True,
        ),
    ),
)
STANDS = (POSTGRES, SQLITE)
