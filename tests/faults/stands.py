"""A store, its workers, and what can happen to them."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.keys.secret_ring import SecretRing
from faults.clients import Crowd
from faults.held import MayLose
from faults.ledger import PATIENCE_SECONDS
from faults.people import ISSUER
from faults.workers import Worker, stop_all

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
        prompt: seconds in which a worker that is not cut off hears of a revocation: how
            long a map is kept without reading, and one more for a busy machine.
        faults: one after the other.
    """

    name: str
    open: Callable[[], AbstractContextManager[Any]]
    url: Callable[[Any], str]
    prompt: float
    faults: Sequence[Fault]


@asynccontextmanager
async def running(stand: Stand) -> AsyncIterator[tuple[Any, list[Worker]]]:
    """Run a store and its workers, and end them whatever happens."""
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
