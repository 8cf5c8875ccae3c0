"""What may happen once happens once, whoever asks."""

from __future__ import annotations

import asyncio
import threading

from clocks import FakeClock
from fastapi_jwtkit.protocols import OneTimeStore
from fastapi_jwtkit.stores.memory import MemoryOneTimeStore

REALM = "https://one-time.example"


async def test_the_first_of_fifty_callers_is_told_so_and_no_other() -> None:
    """An id is consumed by one."""
    store: OneTimeStore = MemoryOneTimeStore(clock=FakeClock())
    answers = await asyncio.gather(*(store.consume(REALM, "id", expires_at=2e9) for _ in range(50)))
    assert sorted(answers) == [False] * 49 + [True]


async def test_an_id_of_another_realm_is_another_id() -> None:
    """Two kits may share a store."""
    store = MemoryOneTimeStore(clock=FakeClock())
    assert await store.consume(REALM, "id", expires_at=2e9)
    assert await store.consume("https://one-time-2.example", "id", expires_at=2e9)
    assert not await store.consume(REALM, "id", expires_at=2e9)


async def test_ids_are_forgotten_after_their_expiry_and_not_before() -> None:
    """The store does not grow for ever."""
    clock = FakeClock()
    store = MemoryOneTimeStore(clock=clock)
    assert await store.consume(REALM, "short", expires_at=clock.now() + 10)
    clock.step(9)
    assert not await store.consume(REALM, "short", expires_at=clock.now() + 10)
    clock.step(2)
    assert await store.consume(REALM, "other", expires_at=clock.now() + 10)
    assert await store.consume(REALM, "short", expires_at=clock.now() + 10)


def test_event_loops_in_several_threads_share_one_answer() -> None:
    """An id is consumed by one of them."""
    store = MemoryOneTimeStore(clock=FakeClock())
    answers: list[bool] = []

    def ask() -> None:
        answers.append(asyncio.run(store.consume(REALM, "id", expires_at=2e9)))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(True) == 1
    assert len(answers) == 8
