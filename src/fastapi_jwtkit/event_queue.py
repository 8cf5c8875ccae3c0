"""A bounded line of events before something slow, and one thread that works it off.

Putting an event in line takes microseconds and never waits: what the line cannot hold is
dropped, counted and said. The thread is made at the first event, ends when nothing came for
a second, and is made again in a fork, so nothing has to be started or stopped.
"""

from __future__ import annotations

import atexit
import itertools
import logging
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence

from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.events import AuthEvent

__all__ = ["EventQueue"]

logger = logging.getLogger("fastapi_jwtkit")

BATCH = 256
IDLE_SECONDS = 1.0
EXIT_SECONDS = 5.0
"""How long the end of a process waits for what is in line."""

Write = Callable[[Sequence[AuthEvent], int], None]
"""Takes events in order, and how many were lost since it was called last."""


class EventQueue:
    """Hands events to a function in a thread, in order, some at a time.

    Args:
        write: takes them. What it raises loses these events, and is counted and logged.
        name: of whose events, for the log.
        limit: how many events may wait.

    Raises:
        ConfigurationError: nothing could ever wait.
    """

    def __init__(self, write: Write, *, name: str, limit: int) -> None:
        if limit < 1:
            raise ConfigurationError(
                f"{name}(limit={limit}) could take no event.",
                why="What waits to be written has to wait somewhere.",
                fix="Leave the default.",
                docs="how-to/audit-log/",
            )
        self._write = write
        self._name = name
        self._limit = limit
        self._lines: dict[int, _Line] = {}
        _LIVE.add(self)

    @property
    def lost(self) -> int:
        """How many events this process dropped, or could not write."""
        return self._line_here().lost

    def put(self, event: AuthEvent) -> None:
        """Take one event. Returns at once, and never raises."""
        line = self._line_here()
        with line.changed:
            if len(line.waiting) >= self._limit:
                line.lost += 1
                return
            line.waiting.append(event)
            if line.is_served:
                line.changed.notify_all()
                return
            line.is_served = True
        self._serve(line)

    def flush(self, seconds: float) -> bool:
        """Wait until all that was taken is written, or for so many seconds; say which."""
        line = self._line_here()
        with line.changed:
            return line.changed.wait_for(
                lambda: not line.waiting and not line.is_writing, timeout=max(0.0, seconds)
            )

    def _line_here(self) -> _Line:
        # A thread does not survive a fork, and a lock may be held across one: a line per process.
        pid = os.getpid()
        line = self._lines.get(pid)
        if line is None:
            line = self._lines.setdefault(pid, _Line())
            for parent in [known for known in self._lines if known != pid]:
                self._lines.pop(parent, None)
        return line

    def _serve(self, line: _Line) -> None:
        thread = threading.Thread(
            target=self._work, args=(line,), name=f"jwtkit-events-{next(_numbers)}", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:  # no more threads, or the interpreter ends
            with line.changed:
                line.is_served = False
                line.lost += len(line.waiting)
                line.waiting.clear()

    def _work(self, line: _Line) -> None:
        while batch := self._next(line):
            lost = line.lost - line.told
            failure = ""
            try:
                self._write(batch, lost)
            except Exception as error:  # noqa: BLE001 - whatever it is, the next may be written
                failure = type(error).__name__
            with line.changed:
                line.is_writing = False
                if failure:
                    line.lost += len(batch)
                else:
                    line.told += lost
                line.changed.notify_all()
            self._say(line, failure, lost)

    def _next(self, line: _Line) -> list[AuthEvent]:
        """Return what to write next; nothing once nobody sends anything any more."""
        with line.changed:
            if not line.waiting:
                line.changed.wait(IDLE_SECONDS)
            batch = [line.waiting.popleft() for _ in range(min(BATCH, len(line.waiting)))]
            line.is_writing = bool(batch)
            line.is_served = bool(batch)
        return batch

    def _say(self, line: _Line, failure: str, lost: int) -> None:
        """Log a failure once until it is another, by its type: messages quote what was sent."""
        if failure and failure != line.failure:
            logger.error("%s: events could not be written: %s", self._name, failure)
        elif lost and not failure:
            logger.error("%s: %d events were lost", self._name, lost)
        line.failure = failure


class _Line:
    """What waits in one process."""

    __slots__ = ("changed", "failure", "is_served", "is_writing", "lost", "told", "waiting")

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.waiting: deque[AuthEvent] = deque()
        self.is_served = self.is_writing = False
        self.lost = self.told = 0
        self.failure = ""


_numbers = itertools.count(1)
_LIVE: weakref.WeakSet[EventQueue] = weakref.WeakSet()


@atexit.register
def _flush_all() -> None:
    """Write what waits, also where nobody stopped the kit."""
    deadline = time.monotonic() + EXIT_SECONDS
    for queue in list(_LIVE):
        queue.flush(deadline - time.monotonic())
