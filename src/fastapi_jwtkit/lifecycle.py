"""What a kit does around its requests: starting, readiness, pruning, stopping."""

from __future__ import annotations

import asyncio
import logging
import math
from dataclasses import dataclass

from fastapi_jwtkit.assembly import Assembly
from fastapi_jwtkit.errors import (
    ConfigurationError,
    JWTKitError,
    RevocationsStaleError,
    SecondWorkerError,
    StoreUnavailableError,
)
from fastapi_jwtkit.protocols import UserStore
from fastapi_jwtkit.stores.memory import MemorySessionStore
from fastapi_jwtkit.stores.memory.users import MemoryUserStore
from fastapi_jwtkit.vitals import Vitals

__all__ = ["Lifecycle", "Readiness"]

logger = logging.getLogger("fastapi_jwtkit")

FIRST_READ_SECONDS = 5.0
FLUSH_SECONDS = 5.0
HANDOVER_TRIES = 15
HANDOVER_PAUSE_SECONDS = 0.2
"""A server that restarts its one worker starts the new one before the old one ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether a worker can answer for its tokens, and how far its feed is behind.

    For a readiness probe, never for liveness: restarting the worker would not mend it.

    Attributes:
        reason: why it is not ready, snake_case; empty if it is.
        revocation_age: seconds since the last completed read of the feed began; ``None``
            if there was none. A gauge to watch: it stays below a second or two.
        live_revocations: entries in the map.
        put_back: entries that this process gave back to a store which had forgotten them.
    """

    reason: str
    revocation_age: float | None
    live_revocations: int
    put_back: int

    @property
    def ready(self) -> bool:
        """Whether requests with a token can be answered."""
        return not self.reason


class Lifecycle:
    """Starts and stops the parts of a kit; a kit that is never started works as well.

    Args:
        assembly: the parts.
        users: the kit's own.
        mode: of revocation; ``off`` asks no map.
    """

    def __init__(self, assembly: Assembly, users: UserStore | None, *, mode: str) -> None:
        self._assembly = assembly
        self._users = users
        self._has_sessions = assembly.accounts is not None or assembly.stores.brought
        self._reads_feed = mode != "off" and self._has_sessions

    async def start(self) -> None:
        """Read keys, prepare the stores and read the feed.

        Raises:
            MissingKeyError: in production without keys; says which command makes them.
            SecondWorkerError: another worker keeps the realm in its memory.
        """
        await self._assembly.rings.ensure_loaded()
        await self._prepare_stores()
        if self._assembly.accounts is None:
            logger.warning("no user store: this kit verifies tokens and logs nobody in")
        elif self._assembly.accounts.attempts.warning:
            logger.warning("%s", self._assembly.accounts.attempts.warning)
        await self._become_the_only_worker()
        if self._has_sessions and isinstance(self._assembly.stores.sessions, MemorySessionStore):
            logger.warning("sessions live in memory: every login ends with this process")

    async def readiness(self) -> Readiness:
        """Return whether tokens can be answered for, after reading what is not fresh.

        Raises:
            ConfigurationError: what is wrong will not pass by waiting.
        """
        reason = ""
        try:
            await self._assembly.rings.ensure_loaded()
            if self._reads_feed:
                await self._assembly.revocations.freshen()
        except ConfigurationError:
            raise
        except JWTKitError as error:
            reason = error.reason
        revocations = self._assembly.revocations
        age = revocations.age()
        return Readiness(
            reason=reason,
            revocation_age=age if math.isfinite(age) else None,
            live_revocations=len(revocations.known),
            put_back=revocations.put_back,
        )

    def vitals(self) -> Vitals:
        """Return the figures of this worker; nothing is asked and nothing is read."""
        revocations, accounts = self._assembly.revocations, self._assembly.accounts
        events, age = self._assembly.events, revocations.age()
        return Vitals(
            revocation_age=age if math.isfinite(age) else None,
            live_revocations=len(revocations.known),
            put_back=revocations.put_back,
            sink_failures=events.sink_failures,
            slow_sink_calls=events.slow_calls,
            events_lost=events.lost,
            mail_failures=accounts.flows.mail_failures if accounts else 0,
            hashes=accounts.hashing.hashes if accounts else 0,
            hashing_seconds=accounts.hashing.seconds if accounts else 0.0,
        )

    async def prune(self) -> int:
        """Delete what is over from the stores, and say how many rows that were."""
        together = self._assembly.stores.together
        return 0 if together is None else await together.prune()

    async def stop(self) -> None:
        """Send the mails and write the events that wait, end what runs, close the stores."""
        if self._assembly.accounts is not None:
            await self._assembly.accounts.flows.drain()
        await self._assembly.revocations.stop()
        if self._assembly.stores.together is not None:
            await self._assembly.stores.together.close()
        if self._assembly.accounts is not None:
            self._assembly.accounts.hashing.close()
        await self._assembly.events.flush(FLUSH_SECONDS)  # last: all of the above tell events

    async def _prepare_stores(self) -> None:
        together = self._assembly.stores.together
        if together is None:
            return
        try:
            for warning in await together.prepare():
                logger.warning("%s", warning)
        except StoreUnavailableError as error:
            # The worker serves, answers 503 and keeps trying: its store may come up later.
            logger.warning("the stores cannot be prepared now: %s", error.reason)

    async def _become_the_only_worker(self) -> None:
        """Ask what lives in memory; a worker that is being replaced has a moment to end."""
        for _ in range(HANDOVER_TRIES):
            try:
                return await self._ask_once()
            except SecondWorkerError:
                await asyncio.sleep(HANDOVER_PAUSE_SECONDS)
        return await self._ask_once()

    async def _ask_once(self) -> None:
        if self._reads_feed:
            await self._read_feed()
        if isinstance(self._users, MemoryUserStore):
            await self._users.find_by_id("")

    async def _read_feed(self) -> None:
        try:
            await self._assembly.revocations.freshen(wait=FIRST_READ_SECONDS)
        except RevocationsStaleError:
            logger.warning("the revocation feed cannot be read yet: answering 503 until it can")
