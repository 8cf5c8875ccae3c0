"""Where events go: a dispatcher that no broken sink can stop, and sinks for it."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from fastapi_jwtkit.errors import ConfigurationError, JWTKitError
from fastapi_jwtkit.event_queue import EventQueue
from fastapi_jwtkit.events import AuthEvent, EventName
from fastapi_jwtkit.personal_data import KEEP_ALL, PersonalData
from fastapi_jwtkit.protocols import Clock, EventSink
from fastapi_jwtkit.records import UNKNOWN_DEVICE, Device

__all__ = ["Events", "LoggingSink", "QueuedSink", "Telling", "WaitingSink", "reason_of"]

logger = logging.getLogger("fastapi_jwtkit")
audit_logger = logging.getLogger("fastapi_jwtkit.audit")
# Without a handler of the application's, Python would print each bad token to stderr.
audit_logger.addHandler(logging.NullHandler())

SLOW_SECONDS = 0.1
"""A sink that holds the event loop for longer is counted as slow."""
SAID_AGAIN_SECONDS = 60.0


@runtime_checkable
class WaitingSink(Protocol):
    """A sink in which events wait: ``kit.stop`` flushes it, ``kit.vitals`` counts its losses."""

    @property
    def lost(self) -> int:
        """How many events this process lost."""
        ...

    def flush(self, seconds: float, /) -> bool:
        """Wait until nothing waits any more, or for so many seconds; say which."""
        ...


class LoggingSink:
    """Write each event to the logger ``fastapi_jwtkit.audit``, fields in ``extra``."""

    def emit(self, event: AuthEvent, /) -> None:
        """Log one event: failures as warnings, the rest as information."""
        level = logging.INFO if event.outcome else logging.WARNING
        fields = {name: getattr(event, name) for name in event.__dataclass_fields__}
        said = f"{event.name.value}: {event.reason}" if event.reason else event.name.value
        audit_logger.log(level, "%s", said, extra={"auth_event": fields})


class QueuedSink:
    """Call a slow sink in a thread of its own, behind a bounded line.

    Args:
        sink: the slow one; called by one thread at a time, in order.
        limit: how many events may wait; beyond that they are lost and counted.
    """

    def __init__(self, sink: EventSink, *, limit: int = 10_000) -> None:
        self._sink = sink
        self._failed = 0
        self._queue = EventQueue(self._write, name=type(sink).__name__, limit=limit)

    @property
    def lost(self) -> int:
        """How many events this process dropped, and how many the sink did not take."""
        return self._queue.lost + self._failed

    def emit(self, event: AuthEvent, /) -> None:
        """Put one event in line."""
        self._queue.put(event)

    def flush(self, seconds: float, /) -> bool:
        """Wait until the sink took all, or for so many seconds; say which."""
        return self._queue.flush(seconds)

    def _write(self, events: Sequence[AuthEvent], _: int) -> None:
        for event in events:
            try:
                self._sink.emit(event)
            except Exception as error:  # noqa: BLE001 - the next may be taken
                self._failed += 1
                _log_failure(self._sink, error)


@dataclass(slots=True, kw_only=True)
class Telling:
    """What becomes of something that is tried.

    Attributes:
        happened: whether there was anything to do, and it was done.
        subject: the user that it concerns.
        detail: more, see ``AuthEvent``.
    """

    happened: bool = False
    subject: str | None = None
    detail: Mapping[str, str | int] | None = None


class Events:
    """Hand each event to every sink; a sink that fails is counted and breaks nothing.

    Args:
        sinks: where events go, in order.
        realm: stamped on each event.
        clock: stamps its time.
        personal: what of a request may be in them.
    """

    def __init__(
        self,
        sinks: Sequence[EventSink],
        *,
        realm: str,
        clock: Clock,
        personal: PersonalData = KEEP_ALL,
    ) -> None:
        self._sinks = tuple(sinks)
        self._waiting = [sink for sink in self._sinks if isinstance(sink, WaitingSink)]
        self._realm = realm
        self._clock = clock
        self.personal = personal
        self._said_slow_at = float("-inf")
        self.sink_failures = 0
        """How often a sink raised."""
        self.slow_calls = 0
        """How often a sink held the event loop for more than 0.1 s."""

    def emit(
        self,
        name: EventName,
        *,
        outcome: bool = True,
        reason: str = "",
        subject: str | None = None,
        session_id: str | None = None,
        device: Device = UNKNOWN_DEVICE,
        detail: Mapping[str, str | int] | None = None,
    ) -> None:
        """Build the event and hand it on. Never raises."""
        device = self.personal.kept(device)
        event = AuthEvent(
            name=name,
            time=self._clock.now(),
            realm=self._realm,
            outcome=outcome,
            reason=reason,
            subject=subject,
            session_id=session_id,
            ip=device.ip,
            user_agent=device.user_agent,
            detail=MappingProxyType(dict(detail or {})),
        )
        started = time.perf_counter()
        for sink in self._sinks:
            try:
                sink.emit(event)
            except Exception as error:  # noqa: BLE001 - whatever it is
                # A broken audit sink must not log people out; it must not hide either.
                self.sink_failures += 1
                _log_failure(sink, error)
            ended = time.perf_counter()
            if ended - started > SLOW_SECONDS:
                self._note_slow(sink, ended - started)
            started = ended

    @contextmanager
    def telling(
        self, name: EventName, *, subject: str | None = None, device: Device = UNKNOWN_DEVICE
    ) -> Generator[Telling]:
        """Emit an event at the end of the block: of success, or of the error that ended it.

        Args:
            name: what is tried.
            subject: the user that it concerns, where that is known before.
            device: where the request comes from.
        """
        telling = Telling(subject=subject)
        reason = ""
        try:
            yield telling
        except JWTKitError as error:
            reason = reason_of(error)
            raise
        finally:
            if reason or telling.happened:
                self.emit(
                    name,
                    outcome=not reason,
                    reason=reason,
                    subject=telling.subject,
                    device=device,
                    detail=telling.detail,
                )

    @property
    def lost(self) -> int:
        """How many events were lost in sinks in which they wait."""
        return sum(sink.lost for sink in self._waiting)

    async def flush(self, seconds: float) -> None:
        """Wait for sinks in which events wait; for so many seconds in all."""
        deadline = time.monotonic() + seconds
        for sink in self._waiting:
            # In a thread: a sink of somebody's own may block.
            await asyncio.to_thread(self._flush, sink, deadline - time.monotonic())

    def _flush(self, sink: WaitingSink, seconds: float) -> None:
        try:
            if not sink.flush(seconds):
                logger.error("event sink %s still had events to write", type(sink).__name__)
        except Exception as error:  # noqa: BLE001 - the others still have to be flushed
            self.sink_failures += 1
            _log_failure(sink, error)

    def _note_slow(self, sink: EventSink, seconds: float) -> None:
        self.slow_calls += 1
        now = time.monotonic()
        if now - self._said_slow_at >= SAID_AGAIN_SECONDS:
            self._said_slow_at = now
            logger.warning(
                "event sink %s held up the event loop for %.1f s: put it into QueuedSink(…)",
                type(sink).__name__,
                seconds,
            )


def _log_failure(sink: object, error: Exception) -> None:
    # Its type and place: what a sink says may quote the event, or the password of a server.
    where = traceback.extract_tb(error.__traceback__)[-1]
    sink_name, error_name = type(sink).__name__, type(error).__name__
    logger.error(
        "event sink %s failed: %s in %s:%s", sink_name, error_name, where.filename, where.lineno
    )


def reason_of(error: JWTKitError) -> str:
    """Return the reason of an error as events take it: one word in snake_case."""
    return "misconfigured" if isinstance(error, ConfigurationError) else error.reason
