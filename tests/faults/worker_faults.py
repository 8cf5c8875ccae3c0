"""What can happen to a worker, whatever it stands on."""

from __future__ import annotations

import asyncio

from faults.probes import knock
from faults.stands import MAX_STALENESS, Fault, Stage

FROZEN_SECONDS = MAX_STALENESS + 2.0
IMPATIENT_SECONDS = 1.0
CUT_OFF_SECONDS = MAX_STALENESS + 3.0
DOWN_SECONDS = 1.0
AHEAD_SECONDS = 2.0
TOGETHER_SECONDS = 3.0


async def _kill_one(stage: Stage) -> None:
    """Kill a worker in the middle of whatever it does, and start it again."""
    worker = stage.workers[0]
    worker.kill()
    await asyncio.sleep(DOWN_SECONDS)
    await asyncio.to_thread(worker.start)
    await knock(stage.crowd, worker)


async def _freeze_one(stage: Stage) -> None:
    """Stop a worker until its map is too old, and let it find a queue of dead tokens."""
    worker = stage.workers[-1]
    worker.freeze()
    try:
        await asyncio.sleep(FROZEN_SECONDS)
        # These wait in the kernel and are the first that it reads.
        knocking = asyncio.create_task(knock(stage.crowd, worker))
        await asyncio.sleep(0.2)
    finally:
        worker.thaw()
    await knocking


async def _cut_off_one(stage: Stage) -> None:
    """Block the way of a worker to the store until its map is too old; the others go on."""
    if stage.partition is None:
        raise RuntimeError("no worker of this stand has a way of its own")
    stage.partition.block()
    try:
        await asyncio.sleep(CUT_OFF_SECONDS)
    finally:
        stage.partition.unblock()


async def _set_clock(stage: Stage) -> None:
    """Start a worker again with another clock, and let both kinds serve for a while."""
    worker = stage.workers[1]
    worker.kill()
    worker.clock_ahead = AHEAD_SECONDS
    await asyncio.to_thread(worker.start)
    await asyncio.sleep(TOGETHER_SECONDS)


KILLED = Fault(slug="worker-killed", name="One worker killed (-9) amid refreshes", strike=_kill_one)
FROZEN = Fault(
    slug="worker-stopped",
    name=f"One worker stopped for {FROZEN_SECONDS:.0f} s and continued",
    strike=_freeze_one,
    patience=IMPATIENT_SECONDS,
)
CUT_OFF = Fault(
    slug="worker-cut-off",
    name=f"One worker cut off from the store for {CUT_OFF_SECONDS:.0f} s",
    strike=_cut_off_one,
    patience=IMPATIENT_SECONDS,
)
CLOCKS = Fault(
    slug="clocks", name=f"Clock of one worker {AHEAD_SECONDS:.0f} s ahead", strike=_set_clock
)
