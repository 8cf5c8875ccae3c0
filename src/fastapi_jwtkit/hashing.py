"""Password hashing off the event loop, in threads of its own, in bounded number."""

from __future__ import annotations

import asyncio
import math
import os
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

from fastapi_jwtkit.errors import ConfigurationError, HashingBusyError, PasswordRejectedError
from fastapi_jwtkit.passwords.rules import normalize_password
from fastapi_jwtkit.protocols import PasswordHasher

__all__ = ["HashingExecutor"]

MEMORY_BUDGET_BYTES: Final = 128 * 1024 * 1024
_SMOOTHING: Final = 0.2

_Result = TypeVar("_Result")


class HashingExecutor:
    """Run a ``PasswordHasher`` in a few threads behind a bounded queue.

    Argon2 takes 64 MiB and a fifth of a second per login. In the default thread pool a
    burst of logins takes all its threads and gigabytes; on the event loop it stops every
    request. Here it takes ``workers`` threads, and what the queue cannot hold is told so
    at once instead of being served when nobody waits any more.

    Threads are made at the first use in a process and again in a fork. One executor may
    serve several event loops. It is the one door to the hasher: passwords are normalised
    here whichever hasher is behind it.

    Args:
        hasher: what does the work.
        workers: threads; default: as many as there are cores, and as fit in 128 MiB.
        queue: how many hashes may wait while all threads are busy.
    """

    def __init__(
        self, hasher: PasswordHasher, *, workers: int | None = None, queue: int = 32
    ) -> None:
        if (workers is not None and workers < 1) or queue < 0:
            raise ConfigurationError(
                f"HashingExecutor(workers={workers}, queue={queue}) cannot hash anything.",
                why="It needs at least one thread, and a queue of none or more.",
                fix="Leave the defaults.",
            )
        self.hasher = hasher
        self.workers = workers or _fitting_workers(hasher)
        self.queue = queue
        self._lanes: dict[int, _Lanes] = {}
        self._dummy_hash: str | None = None
        self._typical_seconds = 0.0
        self.hashes = 0
        """How many pieces of work the threads did."""
        self.seconds = 0.0
        """How long that took them, waiting not included."""

    async def warm(self) -> None:
        """Make the threads, load the hasher and make the dummy hash. Never needed."""
        await self._run(self._make_dummy)

    async def hash(self, password: str) -> str:
        """Return a new salted hash of the password.

        Raises:
            PasswordRejectedError: longer than 256 characters, or no text.
            HashingBusyError: the queue is full.
        """
        normal = normalize_password(password)
        return await self._run(lambda: self.hasher.hash(normal))

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Say whether the password made this hash, by exactly one comparison in all cases.

        Args:
            password: as it was presented.
            password_hash: ``None`` where there is none to compare with (an unknown login, a
                user without a password): the comparison is then with a dummy and ``False``,
                and an over-long password is treated alike, so that none of them tells
                itself by its time (ASVS 6.3.8).

        Raises:
            HashingBusyError: the queue is full.
        """
        try:
            normal = normalize_password(password)
        except PasswordRejectedError:
            normal, password_hash = "", None
        matched, missing_seconds = await self._run(lambda: self._compare(normal, password_hash))
        if missing_seconds > 0:
            # An old, cheaper hash failed sooner than a dummy would have: wait out the rest
            # here, where it costs no thread. A success need not hide that the user exists.
            await asyncio.sleep(missing_seconds)
        return matched

    def needs_upgrade(self, password_hash: str) -> bool:
        """Say whether the hash is weaker than what ``hash`` makes today. Costs nothing."""
        return self.hasher.needs_upgrade(password_hash)

    def close(self) -> None:
        """Let the threads of this process end once what was accepted is done.

        Does not wait. A later use makes new ones.
        """
        lanes = self._lanes.pop(os.getpid(), None)
        if lanes is not None:
            lanes.threads.shutdown(wait=False)

    async def _run(self, work: Callable[[], _Result]) -> _Result:
        lanes = self._lanes_here()
        if not lanes.places.acquire(blocking=False):
            raise HashingBusyError("hashing_queue_full", retry_after=self._drain_seconds())
        try:
            future = lanes.threads.submit(self._timed, work)
        except BaseException as error:
            lanes.places.release()
            if isinstance(error, RuntimeError):  # closed between the two lines above
                raise HashingBusyError("hashing_closed") from None
            raise

        def leave(_: Future[_Result]) -> None:
            lanes.places.release()

        # Also called at once when a waiter is cancelled whose turn had not come; one whose
        # hash is running keeps its place until the thread is free again.
        future.add_done_callback(leave)
        return await asyncio.wrap_future(future)

    def _timed(self, work: Callable[[], _Result]) -> _Result:
        started = time.perf_counter()
        try:
            return work()
        finally:
            seconds = time.perf_counter() - started
            with self._lanes_here().count_lock:
                self.hashes += 1
                self.seconds += seconds

    def _lanes_here(self) -> _Lanes:
        # Threads do not survive a fork, and a lock may be held across one: so no lock here.
        # dict.setdefault is atomic, and lanes that lost the race hold no thread yet.
        pid = os.getpid()
        lanes = self._lanes.get(pid)
        if lanes is None:
            lanes = self._lanes.setdefault(pid, _Lanes(self.workers, self.queue))
            for parent in [known for known in self._lanes if known != pid]:
                self._lanes.pop(parent, None)
        return lanes

    def _compare(self, password: str, password_hash: str | None) -> tuple[bool, float]:
        # Made before the first comparison of any kind, so that not even the first login of
        # a process tells a known login from an unknown one.
        dummy = self._make_dummy()
        started = time.perf_counter()
        matched = self.hasher.matches(password, password_hash or dummy)
        seconds = time.perf_counter() - started
        if password_hash and self.hasher.needs_upgrade(password_hash):
            return matched, 0.0 if matched else self._typical_seconds - seconds
        self._typical_seconds += _SMOOTHING * (seconds - self._typical_seconds)
        return matched and bool(password_hash), 0.0

    def _make_dummy(self) -> str:
        if self._dummy_hash is None:
            with self._lanes_here().dummy_lock:
                if self._dummy_hash is None:
                    started = time.perf_counter()
                    dummy = self.hasher.hash(secrets.token_urlsafe(32))
                    self._typical_seconds = time.perf_counter() - started
                    self._dummy_hash = dummy
        return self._dummy_hash

    def _drain_seconds(self) -> float:
        return max(1.0, math.ceil(self._typical_seconds * self.queue / self.workers))


class _Lanes:
    """The threads of one process, and the places in and before them."""

    __slots__ = ("count_lock", "dummy_lock", "places", "threads")

    def __init__(self, workers: int, queue: int) -> None:
        # Starts no thread: ThreadPoolExecutor does that at the first submit.
        self.threads = ThreadPoolExecutor(workers, thread_name_prefix="jwtkit-hashing")
        self.places = threading.BoundedSemaphore(workers + queue)
        self.dummy_lock = threading.Lock()
        self.count_lock = threading.Lock()


def _fitting_workers(hasher: PasswordHasher) -> int:
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
    cores = len(affinity(0)) if affinity is not None else (os.cpu_count() or 1)
    return max(1, min(cores, MEMORY_BUDGET_BYTES // max(1, hasher.memory_bytes)))
