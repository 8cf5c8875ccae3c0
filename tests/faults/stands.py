"""A store, its workers, and what can happen to them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.keys.secret_ring import SecretRing
from faults.aging import age_feed
from faults.clients import Crowd
from faults.held import MayLose
from faults.ledger import PATIENCE_SECONDS
from faults.partition import Partition, running_partition
from faults.people import ISSUER
from faults.workers import Worker, stop_all

STORE_URL = "JWTKIT_STORE_URL"
WORKERS = 3
MAX_STALENESS = 2.0
GRACE = 60.0
"""Longer than each fault, also where a machine is slow to start a server."""


@dataclass(slots=True, kw_only=True)
class Stage:
    """Where a fault happens: what it may break, and who is there meanwhile.

    Attributes:
        server: of the store, as its stand opened it.
        workers: all of them.
        crowd: of the fault that goes on.
        partition: the way of the second worker to the store, where it has one of its own.
    """

    server: Any
    workers: list[Worker]
    crowd: Crowd
    partition: Partition | None

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
        newcomer: whether a worker starts anew some time after it. It knows nothing but
            what the store tells it, and the store may have forgotten.
        patience: seconds a client waits for an answer before it asks another worker.
    """

    slug: str
    name: str
    strike: Callable[[Stage], Awaitable[None]]
    may_lose: MayLose = MayLose.NONE
    newcomer: bool = False
    patience: float = PATIENCE_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """A store and the faults that are tried on it.

    Attributes:
        name: for the table.
        open: runs the server.
        url: for ``JWTKIT_STORE_URL``.
        can_part: whether the second worker has a way of its own to the server, whose
            ``port`` is in the URL.
        prompt: seconds in which a worker that is not cut off hears of a revocation: how
            long a map is kept without reading, and one more for a busy machine.
        faults: one after the other.
    """

    name: str
    open: Callable[[], AbstractContextManager[Any]]
    url: Callable[[Any], str]
    prompt: float
    faults: Sequence[Fault]
    can_part: bool = False


@dataclass(slots=True, kw_only=True)
class Running:
    """A stand that was opened."""

    server: Any
    workers: list[Worker]
    partition: Partition | None


@asynccontextmanager
async def running(stand: Stand) -> AsyncIterator[Running]:
    """Run a store and its workers, and end them whatever happens."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="jwtkit-faults-")))
        server = stack.enter_context(stand.open())
        settings = _settings(stand.url(server))
        workers = [Worker(f"worker{n + 1}", directory, settings) for n in range(WORKERS)]
        partition = None
        if stand.can_part:
            partition = stack.enter_context(running_partition(server.port))
            url = settings[STORE_URL].replace(f":{server.port}", f":{partition.port}")
            workers[1].settings = settings | {STORE_URL: url}
        await age_feed(settings[STORE_URL])
        try:
            await asyncio.gather(*(asyncio.to_thread(worker.start) for worker in workers))
            yield Running(server=server, workers=workers, partition=partition)
        finally:
            await asyncio.to_thread(stop_all, workers)


def _settings(url: str) -> dict[str, str]:
    now = time.time()
    return {
        "JWTKIT_ENV": "dev",  # a hasher that costs nothing
        "JWTKIT_ISSUER": ISSUER,
        "JWTKIT_THROTTLE": "off",  # everybody logs in from one address, many times
        "JWTKIT_KEYS": KeyRing.generate(now=now).to_text(),
        "JWTKIT_REFRESH_SECRETS": SecretRing.generate(now=now).to_text(),
        "JWTKIT_MAX_STALENESS": str(MAX_STALENESS),
        "JWTKIT_GRACE": str(GRACE),
        STORE_URL: url,
    }
