"""Those who go on asking every worker: with tokens of the dead, and with tokens of the living."""

from __future__ import annotations

import asyncio
import time

from faults.clients import Crowd
from faults.held import SLACK_SECONDS, Dead
from faults.ledger import PATIENCE_SECONDS, REFUSALS, Answer
from faults.workers import Worker

PAUSE_SECONDS = (0.05, 0.15)
WATCH_SECONDS = (0.08, 0.25)
FRESHLY_DEAD = 8
ASKED_AT_THE_END = 50
AT_ONCE = 8


async def haunt_calls(crowd: Crowd, worker: Worker) -> None:
    """Call one worker with access tokens of the dead, until the fault is over."""
    while not crowd.over:
        await crowd.pause(PAUSE_SECONDS)
        if crowd.dead:
            dead = _one_of(crowd)
            await _call(crowd, worker, dead, crowd.random.choice(dead.held.access))


async def haunt_refreshes(crowd: Crowd, worker: Worker) -> None:
    """Present refresh tokens of the dead to one worker, until the fault is over.

    Apart from the calls: these wait for the store, and calls do not.
    """
    while not crowd.over:
        await crowd.pause(PAUSE_SECONDS)
        if crowd.dead:
            dead = _one_of(crowd)
            tokens = [dead.held.refresh, *dead.held.spent]
            await _refresh(crowd, worker, dead, crowd.random.choice(tokens))


async def watch(crowd: Crowd, worker: Worker) -> None:
    """Call one worker with tokens of sessions that live, whatever their clients wait for."""
    while not crowd.over:
        await crowd.pause(WATCH_SECONDS)
        if not crowd.live:
            continue
        held = crowd.random.choice(crowd.live)
        access = held.access[-1]
        answer = await crowd.asker.ask(worker, "call", "/guarded", access=access)
        # Its client may have ended it meanwhile.
        if answer.status in REFUSALS and held in crowd.live:
            crowd.promises.refused(held, answer, "guarded call")


async def knock(crowd: Crowd, worker: Worker, *, count: int = FRESHLY_DEAD) -> None:
    """Ask one worker once about each session that died last, all at once."""
    dead = crowd.dead[-count:]
    await asyncio.gather(*(_call(crowd, worker, one, one.held.access[-1]) for one in dead))


async def until_all_are_dead(crowd: Crowd) -> None:
    """Wait until no worker may accept a session any more that was ended so far."""
    last = max((dead.ended for dead in crowd.dead), default=0.0)
    over = last + crowd.promises.max_staleness + 2 * SLACK_SECONDS
    await asyncio.sleep(max(0.0, over - time.monotonic()))


async def ask_about_all(crowd: Crowd) -> None:
    """Ask every worker once more about the dead, and each of them must answer."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def once(worker: Worker, dead: Dead) -> None:
        async with gate:
            answer = await _call(crowd, worker, dead, dead.held.access[-1])
            if answer.status == 503:
                crowd.promises.ledger.broken("does not recover", f"503 at {worker.name}")
            await _refresh(crowd, crowd.any_worker(), dead, dead.held.refresh)

    await asyncio.gather(
        *(once(worker, dead) for dead in crowd.dead[-ASKED_AT_THE_END:] for worker in crowd.workers)
    )


def _one_of(crowd: Crowd) -> Dead:
    """Choose mostly what has just died: there a worker may not have heard of it."""
    recent = crowd.random.random() < 0.8
    return crowd.random.choice(crowd.dead[-FRESHLY_DEAD:] if recent else crowd.dead)


async def _call(crowd: Crowd, worker: Worker, dead: Dead, access: str) -> Answer:
    answer = await crowd.asker.ask(
        worker, "dead", "/guarded", access=access, patience=PATIENCE_SECONDS
    )
    if answer.status == 200:
        crowd.promises.accepted(dead, answer, "guarded call")
    return answer


async def _refresh(crowd: Crowd, worker: Worker, dead: Dead, token: str) -> None:
    answer = await crowd.asker.ask(
        worker, "dead", "/auth/refresh", json={"refresh_token": token}, patience=PATIENCE_SECONDS
    )
    if answer.status == 200:
        crowd.promises.accepted(dead, answer, "refresh")
