"""One fault after the other: load, fault, load, and what holds at the end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import httpx

from faults.asking import Asker
from faults.clients import Client, Crowd, GaveUpError
from faults.held import Dead, Held, Promises
from faults.ledger import PATIENCE_SECONDS, Ledger
from faults.probes import (
    ASKED_AT_THE_END,
    ask_about_all,
    haunt_calls,
    haunt_refreshes,
    knock,
    until_all_are_dead,
    watch,
)
from faults.stands import MAX_STALENESS, Fault, Running, Stage, Stand, running
from faults.workers import PLAIN_HTTP, Worker

CLIENTS = 12
THIEVES = 2
LOOKING = (haunt_calls, haunt_refreshes, watch)
FAULT_LIMIT_SECONDS = 75.0
WARM_LIMIT_SECONDS = 40.0
ENOUGH_LIVE = 8
ENOUGH_DEAD = 4
RECOVERY_LIMIT_SECONDS = 25.0
AFTERWARDS_SECONDS = 1.0


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What became of one fault."""

    fault: Fault
    store: str
    ledger: Ledger
    seconds: float


@dataclass(slots=True)
class _Past:
    """What earlier faults on the same stand leave behind."""

    live: list[Held] = field(default_factory=list)
    dead: list[Dead] = field(default_factory=list)


async def perform(stand: Stand, faults: Sequence[Fault], *, due: float) -> list[Outcome]:
    """Run some of a stand's faults, say how they go and return what became of them.

    Args:
        stand: where.
        faults: which of its faults.
        due: by the monotonic clock; what has not begun by then is not run.
    """
    outcomes: list[Outcome] = []
    past = _Past()
    async with running(stand) as at:
        for fault in faults:
            print(f"{stand.name}: {fault.name} ...", flush=True)
            if time.monotonic() < due:
                outcome = await _one(stand, fault, at, past)
            else:
                outcome = Outcome(fault=fault, store=stand.name, ledger=Ledger(), seconds=0.0)
                outcome.ledger.broken("not run", "there was no time left")
            outcomes.append(outcome)
            print(summary(outcome), flush=True)
    return outcomes


def summary(outcome: Outcome) -> str:
    """Return one line on an outcome, and what there is to say about it."""
    ledger = outcome.ledger
    line = (
        f"  {ledger.verdict} after {outcome.seconds:.0f} s: {ledger.sent} requests, "
        f"{ledger.sessions} sessions, {ledger.revoked} revoked, {ledger.lost} lost, "
        f"dead accepted for {ledger.dead_accepted_for:.2f} s, outage {ledger.outage('call'):.1f} s "
        f"of calls and {ledger.outage('write'):.1f} s of writes, slowest {ledger.slowest:.1f} s"
    )
    return "\n".join([line, *(f"    {text}" for text in [*ledger.notes, *ledger.complaints()])])


async def _one(stand: Stand, fault: Fault, at: Running, past: _Past) -> Outcome:
    ledger = Ledger()
    promises = Promises(
        ledger=ledger, may_lose=fault.may_lose, max_staleness=MAX_STALENESS, prompt=stand.prompt
    )
    asker = Asker(ledger)
    asker.patience = fault.patience
    crowd = Crowd(
        workers=at.workers,
        asker=asker,
        promises=promises,
        live=list(past.live),
        waiting=list(past.live),
        dead=list(past.dead),
    )
    ledger.sessions = len(past.live)
    stage = Stage(server=at.server, workers=at.workers, crowd=crowd, partition=at.partition)
    began = time.monotonic()
    try:
        async with asyncio.timeout(FAULT_LIMIT_SECONDS):
            await _play(stage, fault)
    except Exception as error:  # noqa: BLE001 - a fault that breaks the harness is no success
        ledger.broken("could not be carried out", "; ".join(_causes(error)))
    finally:
        await asker.close()
    past.live = [held for held in crowd.live if not held.lost]
    past.dead = [dead for dead in crowd.dead if not dead.accepted]  # complained of once
    _read_outputs(at.workers, ledger)
    return Outcome(fault=fault, store=stand.name, ledger=ledger, seconds=time.monotonic() - began)


def _causes(error: BaseException) -> Iterator[str]:
    if isinstance(error, BaseExceptionGroup):
        for cause in error.exceptions:
            yield from _causes(cause)
    else:
        yield f"{type(error).__name__}: {error}"


async def _play(stage: Stage, fault: Fault) -> None:
    crowd, promises = stage.crowd, stage.crowd.promises
    async with asyncio.TaskGroup() as group:
        clients = [Client(crowd) for _ in range(CLIENTS + THIEVES)]
        lives = [client.steal if n < THIEVES else client.live for n, client in enumerate(clients)]
        busy = [group.create_task(_go_on(live)) for live in lives]
        for worker in crowd.workers:
            for look in LOOKING:
                group.create_task(look(crowd, worker))
        try:
            await _warm(crowd)
            promises.fault_began = time.monotonic()
            await fault.strike(stage)
            await _recovered(crowd)
            promises.fault_over = time.monotonic()
            await asyncio.sleep(AFTERWARDS_SECONDS)
            if fault.newcomer:
                await _start_one_anew(crowd)
            crowd.stopping = True
            await asyncio.gather(*busy)
            crowd.asker.patience = PATIENCE_SECONDS
            await _survivors(crowd)
            await until_all_are_dead(crowd)
        finally:
            crowd.stopping = crowd.over = True
    await ask_about_all(crowd)
    await _ask_readiness(stage)


async def _start_one_anew(crowd: Crowd) -> None:
    """Let a worker start that hears of every revocation from the store alone."""
    await asyncio.sleep(MAX_STALENESS)  # within which the others put back what is missing
    worker = crowd.workers[-1]
    worker.kill()
    await asyncio.to_thread(worker.start)
    await knock(crowd, worker, count=ASKED_AT_THE_END)


async def _go_on(live: Callable[[], Awaitable[None]]) -> None:
    with suppress(GaveUpError):  # it said so
        await live()


async def _warm(crowd: Crowd) -> None:
    """Wait until there are sessions enough that live, and enough that have just died."""
    deadline = time.monotonic() + WARM_LIMIT_SECONDS
    enough_dead = len(crowd.dead) + ENOUGH_DEAD
    while time.monotonic() < deadline:
        if len(crowd.live) >= ENOUGH_LIVE and len(crowd.dead) >= enough_dead:
            return
        await asyncio.sleep(0.05)
    raise TimeoutError("the load did not begin")


async def _recovered(crowd: Crowd) -> None:
    """Wait until no worker fails any more, whatever it is asked."""
    ledger = crowd.promises.ledger
    deadline = time.monotonic() + RECOVERY_LIMIT_SECONDS
    while time.monotonic() < deadline:
        await asyncio.sleep(0.1)
        if not ledger.still_failing:
            return
    ledger.broken("does not recover", f"some worker fails for {RECOVERY_LIMIT_SECONDS} s")


async def _survivors(crowd: Crowd) -> None:
    """Refresh every session that lives, and call every worker with what came."""

    async def survive(held: Held) -> None:
        await Client(crowd).refresh(held)
        if not held.lost:
            for worker in crowd.workers:
                access = held.access[-1]
                answer = await crowd.asker.ask(worker, "call", "/guarded", access=access)
                if answer.status != 200:
                    crowd.promises.refused(held, answer, "guarded call at the end")

    await asyncio.gather(*(survive(held) for held in crowd.live))
    alive = sum(not held.lost for held in crowd.live)
    crowd.promises.ledger.notes.append(f"{alive} sessions lived on, and could refresh")


async def _ask_readiness(stage: Stage) -> None:
    put_back = 0
    async with httpx.AsyncClient(
        trust_env=False, verify=PLAIN_HTTP, timeout=PATIENCE_SECONDS
    ) as client:
        for worker in stage.workers:
            ready = (await client.get(f"{worker.url}/ready")).json()
            put_back += ready["put_back"]
            if ready["reason"]:
                stage.crowd.promises.ledger.broken("not ready afterwards", ready["reason"])
    if put_back:
        stage.note(f"{put_back} revocations were put back by the workers so far")


def _read_outputs(workers: Sequence[Worker], ledger: Ledger) -> None:
    for worker in workers:
        _, raised, rest = worker.news().partition("Traceback")
        if raised:
            ledger.broken("a worker raised", f"{worker.name}: {rest[-2000:]}")
