"""What is done after the answer: in order of arrival, a few at a time, in bounded number."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
import traceback
import weakref
from collections import deque
from collections.abc import Awaitable, Callable

from fastapi_jwtkit.errors import ConfigurationError, UnavailableError

__all__ = ["BackgroundWork"]

logger = logging.getLogger("fastapi_jwtkit")

MAX_WAITING = 1_000
AT_ONCE = 4
"""A mail server that takes its time holds up no more than one of these."""
JOB_SECONDS = 30.0
DRAIN_SECONDS = 10.0

Job = Callable[[], Awaitable[None]]


class BackgroundWork:
    """A bounded line of jobs, worked off by a few tasks of the running event loop.

    Nothing runs while nothing waits: a job starts a task if there are not enough, and the
    task ends with the last job. The line belongs to the process: what an event loop leaves
    behind when it ends is taken up by the next one. A restart loses what waits.

    Args:
        on_failure: told the type of what a job raised; the job is not done again.
    """

    def __init__(self, on_failure: Callable[[str], None]) -> None:
        self._on_failure = on_failure
        self._waiting: deque[Job] = deque()
        self._lock = threading.Lock()
        self._tasks: weakref.WeakKeyDictionary[
            asyncio.AbstractEventLoop, set[asyncio.Task[None]]
        ] = weakref.WeakKeyDictionary()
        self.failures = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def submit(self, job: Job) -> None:
        """Put a job at the end of the line and return at once.

        Raises:
            UnavailableError: the line is full; the job was not taken.
        """
        loop = asyncio.get_running_loop()
        with self._lock:
            if len(self._waiting) >= MAX_WAITING:
                raise UnavailableError("background_work_full", retry_after=JOB_SECONDS)
            self._waiting.append(job)
        self._start(loop)

    async def drain(self, seconds: float = DRAIN_SECONDS) -> None:
        """Wait until everything that was taken is done; give up what takes too long."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while tasks := self._start(loop):
            await asyncio.wait(tasks, timeout=max(0.0, deadline - loop.time()))
            if loop.time() >= deadline:
                break
        left = [task for task in self._tasks.get(loop, ()) if not task.done()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        lost = len(self._waiting)
        self._waiting.clear()
        if lost:
            self.failures += lost
            logger.error("%s mails were not sent: there was no time left to", lost)

    def _start(self, loop: asyncio.AbstractEventLoop) -> set[asyncio.Task[None]]:
        """Start what tasks are missing, and return those there are."""
        with self._lock:
            tasks = self._tasks.setdefault(loop, set())
        # One for each that waits, up to the limit: those there are may be held up.
        for _ in range(min(AT_ONCE - len(tasks), len(self._waiting))):
            # Without the context of a request, which is over before this begins.
            task = loop.create_task(self._work(), name="jwtkit-mail", context=contextvars.Context())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        return set(tasks)

    async def _work(self) -> None:
        while self._waiting:
            try:
                job = self._waiting.popleft()
            except IndexError:  # another thread was faster
                return
            try:
                async with asyncio.timeout(JOB_SECONDS):
                    await job()
            except asyncio.CancelledError:
                # The event loop ends: the next one takes it up.
                self._waiting.appendleft(job)
                raise
            except Exception as error:  # noqa: BLE001 - the others still have to be sent
                self._note(error)

    def _note(self, error: Exception) -> None:
        self.failures += 1
        if isinstance(error, ConfigurationError):
            logger.error("not done after an answer: %s", error)
        # Its type and place, never its message: mail servers like to repeat the address.
        where = traceback.extract_tb(error.__traceback__)[-1]
        name = type(error).__name__
        logger.error("not done after an answer: %s in %s:%s", name, where.filename, where.lineno)
        self._on_failure(name)
