"""Events as lines of JSON, one each, for a file or a stream."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from fastapi_jwtkit.event_queue import EventQueue
from fastapi_jwtkit.event_table import EVENTS, Level
from fastapi_jwtkit.events import AuthEvent

__all__ = ["JSONLinesSink", "line_of"]

_LOST = "audit_events_lost"


class JSONLinesSink:
    """Write each event as one line of JSON, in a thread of its own.

    The keys are those of the OWASP Logging Vocabulary. All that is not printable ASCII is
    escaped, so that nothing a client sends can begin a line or colour a terminal. A file is
    opened for each batch, with mode 0600 where it is made: whoever rotates it may move it
    away at any time.

    A place that is slow holds up nobody: ``limit`` events wait, and beyond that they are
    lost. Losses are counted in ``lost``, logged, and written into the place itself as soon
    as it takes lines again (``audit_events_lost``).

    Args:
        place: the path of a file, or a stream such as ``sys.stdout``.
        limit: how many events may wait.
    """

    def __init__(self, place: TextIO | Path | str, *, limit: int = 10_000) -> None:
        self._place = Path(place) if isinstance(place, str) else place
        self._queue = EventQueue(self._write, name=type(self).__name__, limit=limit)

    @property
    def lost(self) -> int:
        """How many events this process could not write."""
        return self._queue.lost

    def emit(self, event: AuthEvent, /) -> None:
        """Put one event in line."""
        self._queue.put(event)

    def flush(self, seconds: float, /) -> bool:
        """Wait until all is written, or for so many seconds; say which."""
        return self._queue.flush(seconds)

    def _write(self, events: Sequence[AuthEvent], lost: int) -> None:
        lines = [line_of(event) for event in events]
        if lost:
            lines.insert(0, _line_of_loss(events[0], lost))
        text = "".join(f"{line}\n" for line in lines)
        if isinstance(self._place, Path):
            # Opened by the mode that it shall have, and by no other first.
            with os.fdopen(
                os.open(self._place, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "wb"
            ) as file:
                file.write(text.encode("ascii"))
        else:
            self._place.write(text)
            self._place.flush()


def line_of(event: AuthEvent) -> str:
    """Return an event as one line of JSON, without its end."""
    level = EVENTS[event.name].level or (Level.INFO if event.outcome else Level.WARN)
    fields: dict[str, Any] = {
        "datetime": _time_of(event.time),
        "appid": event.realm,
        "event": event.name.value,
        "level": level,
        "outcome": "success" if event.outcome else "failure",
        "reason": event.reason,
        "userid": event.subject,
        "sessionid": event.session_id,
        "source_ip": event.ip,
        "useragent": event.user_agent,
        "detail": dict(event.detail),
    }
    return _dump({key: value for key, value in fields.items() if value not in (None, "", {})})


def _line_of_loss(next_event: AuthEvent, lost: int) -> str:
    return _dump(
        {
            "datetime": _time_of(next_event.time),
            "appid": next_event.realm,
            "event": _LOST,
            "level": Level.CRITICAL,
            "outcome": "failure",
            "detail": {"lost": lost},
        }
    )


def _time_of(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _dump(fields: dict[str, Any]) -> str:
    # Escapes all but printable ASCII; and DEL, which JSON lets through.
    return json.dumps(fields, separators=(",", ":")).replace("\x7f", "\\u007f")
