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
from fastapi_jwtkit.passwords.failure_floor import FailureFloor
from fastapi_jwtkit.passwords.rules import normalize_password
from fastapi_jwtkit.passwords.stored_hash import ReadingHasher, StoredHash
from fastapi_jwtkit.protocols import PasswordHasher

__all__ = ["HashingExecutor"]

MEMORY_BUDGET_BYTES: Final = 128 * 1024 * 1024
_SPREAD_SECONDS: Final = 0.01
"""What a failure that waits for the floor waits beyond it, at most and by chance. What work
before the wait leaves behind in the machine would show otherwise: some tenths of a
millisecond tell a slow format from a quick one."""
_chance: Final = secrets.SystemRandom()

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
        self._dummy_cost = ""
        self._floor = FailureFloor()
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

    async def matches(
        self, password: str, password_hash: str | None, *, may_succeed: bool = True
    ) -> bool:
        """Say whether the password made this hash, by exactly one comparison in all cases.

        Where hashes of several costs are in use, a failure waits until the slowest of them
        would have failed too; it waits here, where that takes no thread.

        Args:
            password: as it was presented.
            password_hash: ``None`` where there is none to compare with (an unknown login, a
                user without a password): the comparison is then with a dummy and ``False``,
                and so it is for a hash that is refused or a password that is too long, so
                that none of them tells itself by its time (ASVS 6.3.8).
            may_succeed: ``False`` if the caller refuses even a right password, a disabled
                user's: it then takes as long as a wrong one.

        Raises:
            HashingBusyError: the queue is full.
        """
        try:
            normal = normalize_password(password)
        except PasswordRejectedError:
            password = normal = ""
            password_hash = None
        matched, fails_at = await self._run(lambda: self._compare(password, normal, password_hash))
        waiting = 0.0 if matched and may_succeed else fails_at - time.perf_counter()
        if waiting > 0:
            await asyncio.sleep(waiting + _chance.uniform(0, _SPREAD_SECONDS))
        return matched

    def refusal(self, password: str, password_hash: str) -> str:
        """Return why this pair can never match, for events and logs; empty if it can.

        ``hash_format_unknown`` and ``hash_too_dear`` say that the hash is never compared
        with; ``password_over_72_bytes`` that a bcrypt hash cannot tell the password apart.
        """
        stored = self._read(password_hash)
        if stored.refused or stored.most_bytes is None:
            return stored.refused
        over = len(password.encode(errors="surrogatepass")) > stored.most_bytes
        return f"password_over_{stored.most_bytes}_bytes" if over else ""

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

    def _compare(self, as_typed: str, normal: str, password_hash: str | None) -> tuple[bool, float]:
        # Made before the first comparison of any kind, so that not even the first login of
        # a process tells a known login from an unknown one.
        dummy = self._make_dummy()
        stored = self._read(password_hash) if password_hash else None
        started = time.perf_counter()
        if password_hash and stored is not None and not stored.refused:
            cost = stored.cost
            matched = self.hasher.matches(as_typed if stored.as_typed else normal, password_hash)
        else:
            cost = self._dummy_cost
            self.hasher.matches(normal, dummy)
            matched = False
        floor = self._floor.note(cost, time.perf_counter() - started)
        return matched, started + floor

    def _read(self, password_hash: str) -> StoredHash:
        if isinstance(self.hasher, ReadingHasher):
            return self.hasher.read(password_hash)
        return StoredHash(cost="older" if self.hasher.needs_upgrade(password_hash) else "current")

    def _make_dummy(self) -> str:
        if self._dummy_hash is None:
            with self._lanes_here().dummy_lock:
                if self._dummy_hash is None:
                    started = time.perf_counter()
                    dummy = self.hasher.hash(secrets.token_urlsafe(32))
                    self._dummy_cost = self._read(dummy).cost
                    self._floor.note(self._dummy_cost, time.perf_counter() - started)
                    if isinstance(self.hasher, ReadingHasher):
                        self._measure(self.hasher)
                    self._dummy_hash = dummy
        return self._dummy_hash

    def _measure(self, hasher: ReadingHasher) -> None:
        for sample in hasher.samples:
            started = time.perf_counter()
            self.hasher.matches("", sample)
            self._floor.note(hasher.read(sample).cost, time.perf_counter() - started)

    def _drain_seconds(self) -> float:
        typical = self._floor.typical(self._dummy_cost)
        return max(1.0, math.ceil(typical * self.queue / self.workers))


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
