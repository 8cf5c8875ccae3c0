"""The bounded executor in front of the hasher."""

from __future__ import annotations

import asyncio
import os
import threading

import pytest

from fastapi_jwtkit.errors import ConfigurationError, HashingBusyError, PasswordRejectedError
from fastapi_jwtkit.hashing import HashingExecutor
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from password_doubles import HeldHasher, WatchedHasher

PASSWORD = "correct horse battery"


def hashing_threads() -> list[str]:
    """Return the hashing threads that are alive in this process."""
    return [t.name for t in threading.enumerate() if t.name.startswith("jwtkit-hashing")]


async def until_started(hasher: HeldHasher, count: int) -> None:
    """Wait until so many hashes are being worked on."""
    for _ in range(count):
        assert await asyncio.to_thread(hasher.started.acquire, timeout=30)


async def test_a_password_matches_its_hash_and_no_other() -> None:
    """The executor hands on what the hasher says."""
    hashing = HashingExecutor(PasslibHasher.cheap_for_tests())
    made = await hashing.hash(PASSWORD)
    assert await hashing.matches(PASSWORD, made) is True
    assert await hashing.matches(PASSWORD + "!", made) is False
    assert hashing.needs_upgrade(made) is False
    hashing.close()


@pytest.mark.std(94)
async def test_work_runs_in_threads_of_its_own_only() -> None:
    """Neither the event loop nor the default thread pool is held up."""
    hasher = WatchedHasher()
    hashing = HashingExecutor(hasher)
    await hashing.matches(PASSWORD, await hashing.hash(PASSWORD))
    assert hasher.threads
    assert all(name.startswith("jwtkit-hashing") for name in hasher.threads)
    hashing.close()


def test_construction_makes_no_thread() -> None:
    """Threads come with the first use, so that a fork before it loses none."""
    before = hashing_threads()
    HashingExecutor(PasslibHasher())
    assert hashing_threads() == before


def test_as_many_threads_as_cores_and_as_fit_in_128_mebibytes() -> None:
    """At least one, however much a hash takes."""
    cores = len(os.sched_getaffinity(0))
    assert HashingExecutor(PasslibHasher()).workers == min(cores, 2)
    assert HashingExecutor(PasslibHasher(memory_mib=128)).workers == 1
    assert HashingExecutor(PasslibHasher(memory_mib=1024)).workers == 1
    assert HashingExecutor(PasslibHasher.cheap_for_tests()).workers == cores
    assert HashingExecutor(PasslibHasher(), workers=3).workers == 3


@pytest.mark.parametrize(("workers", "queue"), [(0, 1), (-1, 1), (1, -1)])
def test_an_executor_that_could_hash_nothing_is_refused(workers: int, queue: int) -> None:
    """A mistake of the developer shows at start-up."""
    with pytest.raises(ConfigurationError):
        HashingExecutor(PasslibHasher(), workers=workers, queue=queue)


@pytest.mark.std(94)
async def test_what_the_queue_cannot_hold_is_refused_at_once() -> None:
    """One runs, two wait, the fourth is told when to come back; afterwards all is free."""
    hasher = HeldHasher()
    hashing = HashingExecutor(hasher, workers=1, queue=2)
    accepted = [asyncio.create_task(hashing.hash(f"password {n}")) for n in range(3)]
    await until_started(hasher, 1)
    with pytest.raises(HashingBusyError) as caught:
        await hashing.hash("one too many")
    assert caught.value.retry_after >= 1
    assert caught.value.reason == "hashing_queue_full"
    hasher.go.set()
    assert await asyncio.gather(*accepted) == [f"held:password {n}" for n in range(3)]
    assert await asyncio.gather(*(hashing.hash(str(n)) for n in range(3)))
    hashing.close()


async def test_a_waiter_who_gives_up_leaves_the_queue_and_costs_no_hash() -> None:
    """Its place is free at once, and its password is never hashed."""
    hasher = HeldHasher()
    hashing = HashingExecutor(hasher, workers=1, queue=1)
    running = asyncio.create_task(hashing.hash("runs"))
    await until_started(hasher, 1)
    for _ in range(20):
        waiting = asyncio.create_task(hashing.hash("gives up"))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    patient = asyncio.create_task(hashing.hash("patient"))
    await asyncio.sleep(0)
    hasher.go.set()
    assert await running == "held:runs"
    assert await patient == "held:patient"
    assert hasher.finished == 2
    hashing.close()


async def test_a_caller_who_gives_up_keeps_its_place_while_its_hash_runs() -> None:
    """The thread is busy until the hash ends, so nobody else may count on it."""
    hasher = HeldHasher()
    hashing = HashingExecutor(hasher, workers=1, queue=0)
    running = asyncio.create_task(hashing.hash("runs"))
    await until_started(hasher, 1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    with pytest.raises(HashingBusyError):
        await hashing.hash("too early")
    hasher.go.set()
    await asyncio.to_thread(hashing._lanes[os.getpid()].places.acquire)
    hashing._lanes[os.getpid()].places.release()
    assert await hashing.hash("now") == "held:now"
    hashing.close()


async def test_what_the_hasher_raises_reaches_the_caller_and_frees_the_place() -> None:
    """A hasher of your own may fail; the queue does not shrink by it."""

    class Broken(HeldHasher):
        def hash(self, password: str, /) -> str:
            raise LookupError(len(password))

    hashing = HashingExecutor(Broken(), workers=1, queue=0)
    for _ in range(5):
        with pytest.raises(LookupError):
            await hashing.hash("x")
    hashing.close()


@pytest.mark.std(96)
@pytest.mark.attack(15)
async def test_every_comparison_is_exactly_one_whatever_is_compared() -> None:
    """Unknown, over-long, unwritable, wrong and right cost the same comparison."""
    hasher = WatchedHasher()
    hashing = HashingExecutor(hasher)
    made = await hashing.hash(PASSWORD)
    await hashing.warm()
    hashed = hasher.hashed
    for password, stored, expected in [
        (PASSWORD, made, True),
        ("wrong", made, False),
        (PASSWORD, None, False),
        (PASSWORD, "", False),
        ("", None, False),
        ("x" * 1_000_000, made, False),
        ("\ud800", made, False),
        ("\ud800", None, False),
    ]:
        hasher.compared.clear()
        assert await hashing.matches(password, stored) is expected
        assert len(hasher.compared) == 1
        assert hasher.compared[0].startswith("$argon2id$")
    assert hasher.hashed == hashed
    hashing.close()


@pytest.mark.std(96)
async def test_the_first_login_of_a_process_makes_the_dummy_whoever_it_is() -> None:
    """A known login pays for the dummy too, once, even when many come at once."""
    for first in (True, False):
        hasher = WatchedHasher()
        made = hasher.real.hash(PASSWORD)
        hashing = HashingExecutor(hasher, workers=4)
        await asyncio.gather(
            *(hashing.matches(PASSWORD, made if first else None) for _ in range(8))
        )
        assert hasher.hashed == 1
        assert len(hasher.compared) == 8
        hashing.close()


@pytest.mark.std(96)
async def test_a_failure_against_an_old_cheap_hash_waits_for_the_rest_of_a_dummy() -> None:
    """An old hash format does not tell by its time that the user exists."""

    class Uneven(HeldHasher):
        def hash(self, password: str, /) -> str:
            return "slow:" + password

        def matches(self, password: str, password_hash: str, /) -> bool:
            if password_hash.startswith("slow:"):
                threading.Event().wait(0.3)
            return password_hash.endswith(":" + password)

        def needs_upgrade(self, password_hash: str, /) -> bool:
            return password_hash.startswith("quick:")

    hashing = HashingExecutor(Uneven(), workers=2)
    for _ in range(3):
        assert await hashing.matches("x", None) is False
    order: list[str] = []

    async def note(name: str, password: str) -> None:
        await hashing.matches(password, "quick:right")
        order.append(name)

    failing = asyncio.create_task(note("failure", "wrong"))
    await note("success", "right")
    await failing
    assert order == ["success", "failure"]
    hashing.close()


async def test_an_over_long_new_password_is_refused_before_it_takes_a_place() -> None:
    """The length comes first."""
    hasher = WatchedHasher()
    hashing = HashingExecutor(hasher)
    with pytest.raises(PasswordRejectedError):
        await hashing.hash("x" * 257)
    assert hasher.hashed == 0
    hashing.close()


@pytest.mark.std(91)
async def test_passwords_are_normalised_whatever_hasher_is_behind() -> None:
    """A hasher of your own need not know about Unicode."""
    hasher = HeldHasher()
    hasher.go.set()
    hashing = HashingExecutor(hasher)
    made = await hashing.hash("cafe\N{COMBINING ACUTE ACCENT}")
    assert made == "held:caf\N{LATIN SMALL LETTER E WITH ACUTE}"
    assert await hashing.matches("cafe\N{COMBINING ACUTE ACCENT}", made)
    hashing.close()


async def test_closing_lets_accepted_work_finish_and_a_later_use_starts_again() -> None:
    """A kit may be stopped and started, as test clients do."""
    hasher = HeldHasher()
    hashing = HashingExecutor(hasher, workers=1, queue=1)
    accepted = [asyncio.create_task(hashing.hash(str(n))) for n in range(2)]
    await until_started(hasher, 1)
    hashing.close()
    hashing.close()
    hasher.go.set()
    assert await asyncio.gather(*accepted) == ["held:0", "held:1"]
    assert await hashing.hash("again") == "held:again"
    hashing.close()


def test_one_executor_serves_several_event_loops_in_several_threads_at_once() -> None:
    """Nothing is bound to the loop of the first use."""
    hashing = HashingExecutor(PasslibHasher.cheap_for_tests(), queue=500)
    made = asyncio.run(hashing.hash(PASSWORD))
    answers: list[bool] = []

    async def many() -> None:
        answers.extend(await asyncio.gather(*(hashing.matches(PASSWORD, made) for _ in range(50))))

    threads = [threading.Thread(target=lambda: asyncio.run(many())) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 250
    assert len(hashing._lanes) == 1
    hashing.close()
