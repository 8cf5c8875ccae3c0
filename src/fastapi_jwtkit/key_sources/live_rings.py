"""Rings that follow their sources: loaded at first use, re-read without a restart."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Iterable

from fastapi_jwtkit.errors import JWTKitError, KeySourceUnavailableError
from fastapi_jwtkit.event_sinks import Events, reason_of
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.key_protocols import KeySource
from fastapi_jwtkit.keys.discreet import attempt
from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.keys.secret_ring import SecretRing
from fastapi_jwtkit.protocols import Clock
from fastapi_jwtkit.records import RevocationEntry

__all__ = ["COOL_DOWN_SECONDS", "FRESH_SECONDS", "READ_SECONDS", "LiveRings"]

COOL_DOWN_SECONDS = 30.0
"""Between two re-reads that unknown key ids ask for: ids are the caller's to choose."""
FRESH_SECONDS = 5.0
"""How old the last look at the sources may be where something is issued."""
READ_SECONDS = 5.0
"""Time that a source has for one read."""
PATIENCE_SECONDS = 0.05
"""How long a request waits for a look while it has keys that are a little old."""

logger = logging.getLogger("fastapi_jwtkit")


class LiveRings:
    """The signing keys and the refresh secrets of a kit, as their sources say now.

    ``ring`` and ``secrets`` are the same two objects for ever; only their content
    changes. Nothing is read and nothing belongs to an event loop before the first
    ``await``, so one object serves several loops, threads and forked workers. On each
    loop at most one read is under way, and everybody who needs it waits for that one.

    A read that fails changes nothing: the rings keep what they have (and the cause is
    logged), except that rings which were never loaded have nothing to keep.

    Args:
        keys: source of the key ring.
        secrets: source of the ring of refresh secrets; ``None`` where none are needed.
        clock: measures the two intervals.
        events: where to say that keys are others now, or that they cannot be read.
    """

    def __init__(
        self,
        *,
        keys: KeySource,
        secrets: KeySource | None,
        clock: Clock,
        events: Events | None = None,
    ) -> None:
        self.ring = KeyRing()
        self.secrets = SecretRing()
        ring, secret_ring = self.ring, self.secrets
        self._followed = [
            _Followed("keys", keys, lambda text: ring.adopt(KeyRing.from_text(text)), events)
        ]
        if secrets is not None:
            self._followed.append(
                _Followed(
                    "refresh_secrets",
                    secrets,
                    lambda text: secret_ring.adopt(SecretRing.from_text(text)),
                    events,
                )
            )
        self._clock = clock
        self._flights: dict[asyncio.AbstractEventLoop, asyncio.Task[None]] = {}
        self.fresh_until = float("-inf")
        """Until when, by the monotonic clock, ``freshen`` has nothing to do."""
        self._reread_at = float("-inf")
        self._refused: set[str] = set()

    @property
    def is_loaded(self) -> bool:
        """Whether every ring was loaded once."""
        return all(followed.is_loaded for followed in self._followed)

    def knows_secret(self, key_id: str) -> bool:
        """Say whether this refresh secret is here and nobody said that it is revoked."""
        return key_id not in self._refused and self.secrets.has(key_id)

    def hear(self, entries: Iterable[RevocationEntry]) -> None:
        """Take note of revoked keys before the sources say so: look at them once more.

        A source may be slower than the feed, and a file is looked at every 5 s.
        """
        refused = {entry.value for entry in entries if entry.kind == "kid"}
        if refused:
            self._refused |= refused
            self.fresh_until = float("-inf")

    @property
    def is_fresh(self) -> bool:
        """Whether the last look is under 5 s old, so that ``freshen`` has nothing to do."""
        return self._clock.monotonic() < self.fresh_until

    async def ensure_loaded(self) -> None:
        """Load both rings if that was not done; without a wait once it was.

        Raises:
            ConfigurationError: there are no keys, or they are refused.
            KeySourceUnavailableError: they cannot be read now.
        """
        if not self.is_loaded:
            await self._look()
            for followed in self._followed:
                followed.raise_if_never_loaded()

    async def reread(self) -> None:
        """Look at the sources because a key id is unknown.

        Returns without any I/O if that was done in the last 30 s: a thousand made-up
        ids cost one read.

        Raises:
            KeySourceUnavailableError: a source cannot be read, so that whether the key
                exists is not known. The rings keep what they have.
        """
        if self._clock.monotonic() - self._reread_at >= COOL_DOWN_SECONDS:
            await self._look()
            self._reread_at = self._clock.monotonic()
        if any(followed.failure is not None for followed in self._followed):
            raise KeySourceUnavailableError("key_source_unreadable")

    async def freshen(self) -> None:
        """Look at the sources if the last look is more than 5 s old; cheap otherwise.

        Called before something is issued or verified, so that a key that was rotated or
        revoked is in force for no longer than that. A source that hangs delays nobody
        who has keys: they go on with those, and the look goes on beside them.

        Raises:
            ConfigurationError: nothing was ever loaded, and there are no keys.
            KeySourceUnavailableError: nothing was ever loaded, and it cannot be now.
        """
        if self.is_loaded and not self.is_fresh:
            under_way = asyncio.get_running_loop() in self._flights
            flight = self._flight()
            if not under_way:
                await asyncio.wait({flight}, timeout=PATIENCE_SECONDS)
        await self.ensure_loaded()

    async def look(self) -> None:
        """Read the sources now, because they were changed: not on the word of a stranger."""
        flight = self._flights.get(asyncio.get_running_loop())
        if flight is not None:
            await asyncio.wait({flight})  # it may have read before the change
        await self._look()

    async def _look(self) -> None:
        """Read the sources, or wait for whoever reads them on this loop already."""
        await asyncio.shield(self._flight())

    def _flight(self) -> asyncio.Task[None]:
        """Return the look that is under way on this loop, or start one."""
        loop = asyncio.get_running_loop()
        flight = self._flights.get(loop)
        if flight is None or flight.done():
            flight = loop.create_task(self._read_sources(loop), name="jwtkit-key-sources")
            self._flights[loop] = flight
        return flight

    async def _read_sources(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            await asyncio.gather(*(followed.look() for followed in self._followed))
            self.fresh_until = self._clock.monotonic() + FRESH_SECONDS
        finally:
            self._flights.pop(loop, None)


class _Followed:
    """One source, and what to do with its text when that changes."""

    def __init__(
        self, name: str, source: KeySource, adopt: Callable[[str], None], events: Events | None
    ) -> None:
        self._name = name
        self._events = events
        self._source = source
        self._adopt = adopt
        self._digest: bytes | None = None
        self._hanging: asyncio.Future[str] | None = None
        self.is_loaded = False
        self.failure: JWTKitError | None = None

    async def look(self) -> None:
        """Adopt the text if it is another one; keep the failure if there is one."""
        known = self._digest
        failure = await self._read_and_adopt()
        is_news = failure is not None and str(failure) != str(self.failure)
        if self.is_loaded and is_news:
            logger.error("keys not read, keeping those there are: %s", failure)
        # The first keys of a process are no change: an alarm must not ring at each start.
        if is_news or (known is not None and self._digest != known):
            self._tell(failure)
        self.failure = failure

    def _tell(self, failure: JWTKitError | None) -> None:
        if self._events is not None:
            self._events.emit(
                EventName.KEYS_CHANGED,
                outcome=failure is None,
                reason=reason_of(failure) if failure else "",
                detail={"ring": self._name},
            )

    def raise_if_never_loaded(self) -> None:
        """Raise why there is nothing."""
        if not self.is_loaded and self.failure is not None:
            raise self.failure.with_traceback(None)

    async def _read_and_adopt(self) -> JWTKitError | None:
        try:
            text = await self._read()
            return attempt(self._take, text)
        except JWTKitError as error:
            return error.with_traceback(None)
        except Exception as error:  # noqa: BLE001 - a source is foreign code: any failure is one
            # The type alone: what a driver says may quote what it read.
            logger.warning("key source failed: %s", type(error).__name__)
            return KeySourceUnavailableError("key_source_failed")

    async def _read(self) -> str:
        """Read, for 5 s at most; a read that hangs is taken up again, not doubled.

        A thread that a dead mount holds cannot be cancelled: one more each time would
        use up the threads of the loop.
        """
        reading, self._hanging = self._hanging, None
        if reading is None or reading.get_loop() is not asyncio.get_running_loop():
            reading = asyncio.ensure_future(self._source.read())
        await asyncio.wait({reading}, timeout=READ_SECONDS)
        if not reading.done():
            self._hanging = reading
            raise KeySourceUnavailableError("key_source_hangs")
        return reading.result()

    def _take(self, text: str) -> None:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        if digest != self._digest:
            self._adopt(text)
            self._digest = digest
            self.is_loaded = True
