"""What can happen to one Valkey server."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from faults import worker_faults
from faults.held import MayLose
from faults.stands import Fault, Stage, Stand
from valkey_server import ValkeyServer, running_valkey

FROZEN_SECONDS = 3.0
DOWN_SECONDS = 1.0
CUTS = 10
CUT_EVERY_SECONDS = 0.3
SINCE_BACKUP_SECONDS = 3.0
# A map is kept for 1 s without reading; one more for a machine that is busy.
PROMPT_SECONDS = 2.0


async def _kill(stage: Stage) -> None:
    server: ValkeyServer = stage.server
    await asyncio.to_thread(server.kill)
    await asyncio.sleep(DOWN_SECONDS)
    await asyncio.to_thread(server.start)


async def _kill_everything(stage: Stage) -> None:
    """Kill the server and all workers, as if their machine had lost its power."""
    server: ValkeyServer = stage.server
    server.kill()
    for worker in stage.workers:
        worker.kill()
    await asyncio.to_thread(server.start)
    await asyncio.gather(*(asyncio.to_thread(worker.start) for worker in stage.workers))


async def _freeze(stage: Stage) -> None:
    server: ValkeyServer = stage.server
    server.freeze()
    try:
        await asyncio.sleep(FROZEN_SECONDS)
    finally:
        server.thaw()


async def _cut(stage: Stage) -> None:
    server: ValkeyServer = stage.server
    cut = 0
    for _ in range(CUTS):
        cut += await asyncio.to_thread(server.ask, "CLIENT", "KILL", "TYPE", "normal")
        await asyncio.sleep(CUT_EVERY_SECONDS)
    stage.note(f"{cut} connections were cut")


async def _empty(stage: Stage) -> None:
    await asyncio.to_thread(stage.server.ask, "FLUSHALL")


async def _restore(stage: Stage) -> None:
    """Go back to a backup, as quickly as it can be done."""
    server: ValkeyServer = stage.server
    _, home = await asyncio.to_thread(server.ask, "CONFIG", "GET", "dir")
    live, backup = Path(home) / "appendonlydir", Path(home) / "backup"
    await asyncio.to_thread(shutil.copytree, live, backup)
    await asyncio.sleep(SINCE_BACKUP_SECONDS)
    await asyncio.to_thread(server.stop)
    shutil.rmtree(live)
    backup.rename(live)
    await asyncio.to_thread(server.start)


def _server(*, durable: bool) -> AbstractContextManager[ValkeyServer]:
    return running_valkey(durable=durable)


KILLED = "Server killed (-9), back after 1 s"
DURABLE = Stand(
    name="Valkey, appendfsync always",
    open=partial(_server, durable=True),
    url=lambda server: str(server.url),
    can_part=True,
    prompt=PROMPT_SECONDS,
    faults=(
        Fault(slug="valkey-killed", name=KILLED, strike=_kill),
        Fault(
            slug="valkey-frozen", name=f"Server frozen for {FROZEN_SECONDS:.0f} s", strike=_freeze
        ),
        Fault(slug="valkey-cut", name="Connections cut, again and again", strike=_cut),
        worker_faults.KILLED,
        worker_faults.FROZEN,
        worker_faults.CUT_OFF,
        Fault(
            slug="valkey-restored",
            name=f"Restored from a backup {SINCE_BACKUP_SECONDS:.0f} s old",
            strike=_restore,
            may_lose=MayLose.RECENT,
            newcomer=True,
        ),
        Fault(
            slug="all-killed", name="Server and all workers killed (-9)", strike=_kill_everything
        ),
        worker_faults.CLOCKS,
    ),
)
IN_MEMORY = Stand(
    name="Valkey without persistence",
    open=partial(_server, durable=False),
    url=lambda server: str(server.url),
    prompt=PROMPT_SECONDS,
    faults=(
        Fault(slug="memory-killed", name=KILLED, strike=_kill, may_lose=MayLose.ALL),
        Fault(
            slug="memory-emptied", name="Emptied (FLUSHALL)", strike=_empty, may_lose=MayLose.ALL
        ),
        Fault(
            slug="memory-all-killed",
            name="Server and all workers killed (-9)",
            strike=_kill_everything,
            may_lose=MayLose.ALL,
        ),
    ),
)
STANDS = (DURABLE, IN_MEMORY)
