"""Where events go: a dispatcher that no broken sink can stop, and a sink for logging."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from fastapi_jwtkit.events import AuthEvent, EventName
from fastapi_jwtkit.protocols import Clock, EventSink
from fastapi_jwtkit.records import Device

__all__ = ["Events", "LoggingSink"]

logger = logging.getLogger("fastapi_jwtkit")
audit_logger = logging.getLogger("fastapi_jwtkit.audit")
# Without a handler of the application's, Python would print each bad token to stderr.
audit_logger.addHandler(logging.NullHandler())


class LoggingSink:
    """Write each event to the logger ``fastapi_jwtkit.audit``, fields in ``extra``."""

    def emit(self, event: AuthEvent, /) -> None:
        """Log one event: failures as warnings, the rest as information."""
        level = logging.INFO if event.outcome else logging.WARNING
        fields = {name: getattr(event, name) for name in event.__dataclass_fields__}
        said = f"{event.name.value}: {event.reason}" if event.reason else event.name.value
        audit_logger.log(level, "%s", said, extra={"auth_event": fields})


class Events:
    """Hand each event to every sink; a sink that fails is counted and breaks nothing.

    Args:
        sinks: where events go, in order.
        realm: stamped on each event.
        clock: stamps its time.
    """

    def __init__(self, sinks: Sequence[EventSink], *, realm: str, clock: Clock) -> None:
        self._sinks = tuple(sinks)
        self._realm = realm
        self._clock = clock
        self.sink_failures = 0

    def emit(
        self,
        name: EventName,
        *,
        outcome: bool = True,
        reason: str = "",
        subject: str | None = None,
        session_id: str | None = None,
        device: Device | None = None,
        detail: Mapping[str, str | int] | None = None,
    ) -> None:
        """Build the event and hand it on. Never raises."""
        device = device or Device()
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
        for sink in self._sinks:
            try:
                sink.emit(event)
            except Exception:
                # A broken audit sink must not log people out; it must not hide either.
                self.sink_failures += 1
                logger.exception("event sink %s failed", type(sink).__name__)
