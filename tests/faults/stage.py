"""One store, its workers, and one fault after the other on it."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.keys.secret_ring import SecretRing
from faults.asking import Asker
from faults.clients import Client, Crowd, GaveUpError
from faults.held import Dead, Held, MayLose, Promises
from faults.ledger import PATIENCE_SECONDS, Ledger
from faults.people import ISSUER
from faults.probes import ask_about_all, haunt, watch
from faults.workers import Worker, stop_all
from server_processes import PLAIN_HTTP

WORKERS = 3
CLIENTS = 12
THIEVES = 2
HAUNTING_EACH = 2
MAX_STALENESS = 2.0
GRACE = 60.0
"""Longer than each fault, also where a machine is slow to start a server."""
FAULT_LIMIT_SECONDS = 75.0
WARM_LIMIT_SECONDS = 20.0
RECOVERY_LIMIT_SECONDS = 25.0
AFTERWARDS_SECONDS = MAX_STALENESS + 0.5


@dataclass(slots=True, kw_only=True)
class Stage:
    """Where a fault happens: what it may break, and who is there meanwhile.

    Attributes:
        server: of the store, as its stand opened it.
        workers: all of them.
        crowd: of the fault that goes on.
    """

    server: Any
    workers: list[Worker]
    crowd: Crowd

    def note(self, text: str) -> None:
        """Say something about this fault."""
        self.crowd.promises.ledger.notes.append(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong.

    Attributes:
        slug: to choose it by.
        name: for the table.
        strike: makes it happen, and returns when what it broke is whole again.
        may_lose: which sessions it may end.
        patience: seconds a client waits for an answer before it asks another worker.
    """

    slug: str
    name: str
    strike: Callable[[Stage], Awaitable[None]]
    may_lose: MayLose = MayLose.NONE
    patience: float = PATIENCE_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """A store and the faults that are tried on it.

    Attributes:
        name: for the table.
        open: runs the server.
        url: for ``JWTKIT_STORE_URL``.
        prompt: seconds in which a worker that is not cut off hears of a revocation: how
            long a map is kept without reading, and one more for a busy machine.
        faults: one after the other.
    """

    name: str
    open: Callable[[], AbstractContextManager[Any]]
    url: Callable[[Any], str]
    prompt: float
    faults: Sequence[Fault]


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What became of one fault."""

    fault: Fault
    store: str
    ledger: Ledger
    seconds: float


@dataclass(slots=True)
class _Past:
    """What earlier faults on the same stand leave behind: sessions that are dead for good."""

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
    async with _running(stand) as (server, workers):
        for fault in faults:
            print(f"{stand.name}: {fault.name} ...", flush=True)
            if time.monotonic() < due:
                outcome = await _one(stand, fault, server, workers, past)
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


async def _one(
    stand: Stand, fault: Fault, server: Any, workers: list[Worker], past: _Past
) -> Outcome:
    ledger = Ledger()
    promises = Promises(
        ledger=ledger, may_lose=fault.may_lose, max_staleness=MAX_STALENESS, prompt=stand.prompt
    )
    asker = Asker(ledger)
    asker.patience = fault.patience
    crowd = Crowd(workers=workers, asker=asker, promises=promises, dead=list(past.dead))
    stage = Stage(server=server, workers=workers, crowd=crowd)
    began = time.monotonic()
    try:
        async with asyncio.timeout(FAULT_LIMIT_SECONDS):
            await _play(stage, fault)
    except Exception as error:  # noqa: BLE001 - a fault that breaks the harness is no success
        ledger.broken("could not be carried out", "; ".join(_causes(error)))
    finally:
        crowd.stopping = True
        await asker.close()
    past.dead = [dead for dead in crowd.dead if not dead.accepted]  # complained of once
    _read_outputs(workers, ledger)
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
        for number in range(CLIENTS + THIEVES):
            client = Client(crowd)
            group.create_task(_go_on(client.steal if number < THIEVES else client.live))
        for worker in crowd.workers:
            for _ in range(HAUNTING_EACH):
                group.create_task(haunt(crowd, worker))
            group.create_task(watch(crowd, worker))
        try:
            await _warm(crowd)
            promises.fault_began = time.monotonic()
            await fault.strike(stage)
            await _recovered(crowd)
            promises.fault_over = time.monotonic()
            await asyncio.sleep(AFTERWARDS_SECONDS)
        finally:
            crowd.stopping = True
    crowd.asker.patience = PATIENCE_SECONDS
    await _survivors(crowd)
    await ask_about_all(crowd)
    await _ask_readiness(stage)


async def _go_on(live: Callable[[], Awaitable[None]]) -> None:
    with suppress(GaveUpError):  # it said so
        await live()


async def _warm(crowd: Crowd) -> None:
    """Wait until there are sessions of all ages, and some that are dead."""
    deadline = time.monotonic() + WARM_LIMIT_SECONDS
    buried = len(crowd.dead)
    while time.monotonic() < deadline:
        if len(crowd.live) >= CLIENTS * 2 // 3 and len(crowd.dead) >= buried + CLIENTS // 2:
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


@asynccontextmanager
async def _running(stand: Stand) -> AsyncIterator[tuple[Any, list[Worker]]]:
    with tempfile.TemporaryDirectory(prefix="jwtkit-faults-") as directory, stand.open() as server:
        now = time.time()
        settings = {
            "JWTKIT_ENV": "dev",  # a hasher that costs nothing
            "JWTKIT_ISSUER": ISSUER,
            "JWTKIT_KEYS": KeyRing.generate(now=now).to_text(),
            "JWTKIT_REFRESH_SECRETS": SecretRing.generate(now=now).to_text(),
            "JWTKIT_MAX_STALENESS": str(MAX_STALENESS),
            "JWTKIT_GRACE": str(GRACE),
            "JWTKIT_STORE_URL": stand.url(server),
        }
        workers = [Worker(f"worker{n + 1}", Path(directory), settings) for n in range(WORKERS)]
        try:
            await asyncio.gather(*(asyncio.to_thread(worker.start) for worker in workers))
            yield server, workers
        finally:
            await asyncio.to_thread(stop_all, workers)
