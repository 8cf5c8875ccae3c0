"""What is done after the answer: bounded, in order, and never lost without a word."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

import pytest

from fastapi_jwtkit.accounts import background
from fastapi_jwtkit.accounts.background import BackgroundWork
from fastapi_jwtkit.errors import UnavailableError


class Jobs:
    """Jobs that note that they ran, and wait if they are told to."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.work = BackgroundWork(self.failed.append)
        self.done: list[int] = []
        self.running = 0
        self.most = 0
        self.go = asyncio.Event()

    async def wait(self, number: int) -> None:
        """Note how many run at once, and wait to be let go."""
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.go.wait()
            self.done.append(number)
        finally:
            self.running -= 1


async def nothing() -> None:
    """Be a job that is done at once."""


async def test_jobs_are_done_after_the_caller_goes_on() -> None:
    """Nothing of them runs inside of ``submit``."""
    jobs = Jobs()
    jobs.go.set()
    for number in range(20):
        jobs.work.submit(partial(jobs.wait, number))
    assert jobs.done == []
    await jobs.work.drain()
    assert jobs.done == list(range(20))
    assert len(jobs.work) == 0


async def test_few_run_at_once_and_none_stays() -> None:
    """A slow mail server holds up no more than four."""
    jobs = Jobs()
    for number in range(20):
        jobs.work.submit(partial(jobs.wait, number))
    for _ in range(5):
        await asyncio.sleep(0)
    assert jobs.running == background.AT_ONCE
    jobs.go.set()
    await jobs.work.drain()
    assert (len(jobs.done), jobs.most) == (20, background.AT_ONCE)
    assert [task.get_name() for task in asyncio.all_tasks() if "mail" in task.get_name()] == []


async def test_one_that_is_slow_holds_up_no_other() -> None:
    """Not even the next, which comes while nothing else waits."""
    jobs = Jobs()
    jobs.work.submit(partial(jobs.wait, 1))
    await asyncio.sleep(0)
    done = asyncio.Event()

    async def quick() -> None:
        done.set()

    jobs.work.submit(quick)
    await asyncio.wait_for(done.wait(), 5)
    jobs.go.set()
    await jobs.work.drain()


async def test_a_line_that_is_full_takes_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller is told when to come again."""
    monkeypatch.setattr(background, "MAX_WAITING", 3)
    jobs = Jobs()
    for _ in range(3):
        jobs.work.submit(nothing)
    with pytest.raises(UnavailableError) as caught:
        jobs.work.submit(nothing)
    assert caught.value.retry_after > 0
    await jobs.work.drain()
    jobs.work.submit(nothing)
    await jobs.work.drain()


@pytest.mark.attack(20)
@pytest.mark.std(23)
async def test_a_failure_is_counted_and_named_without_its_message(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Mail servers repeat the address in theirs; the next job is done all the same."""
    jobs = Jobs()
    jobs.go.set()

    async def fail() -> None:
        raise ConnectionError("no such mailbox: ann@example.com")

    with caplog.at_level(logging.DEBUG):
        jobs.work.submit(fail)
        jobs.work.submit(partial(jobs.wait, 1))
        await jobs.work.drain()
    assert (jobs.failed, jobs.work.failures, jobs.done) == (["ConnectionError"], 1, [1])
    assert "ConnectionError" in caplog.text
    assert "ann@example.com" not in caplog.text


async def test_a_job_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would hold its place for ever."""
    monkeypatch.setattr(background, "JOB_SECONDS", 0.01)
    jobs = Jobs()
    jobs.work.submit(partial(jobs.wait, 1))
    await jobs.work.drain()
    assert (jobs.failed, jobs.done) == (["TimeoutError"], [])


async def test_what_is_left_at_the_end_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    """Stopping does not wait for ever, and says what it cost."""
    jobs = Jobs()
    for number in range(6):
        jobs.work.submit(partial(jobs.wait, number))
    await jobs.work.drain(0.01)
    assert jobs.work.failures == 6
    assert "6 mails were not sent" in caplog.text
    assert len(jobs.work) == 0


def test_what_an_event_loop_leaves_behind_the_next_takes_up() -> None:
    """As under a test client, which has one loop for each request."""
    jobs = Jobs()

    async def first() -> None:
        jobs.work.submit(partial(jobs.wait, 1))
        jobs.work.submit(partial(jobs.wait, 2))
        await asyncio.sleep(0)

    asyncio.run(first())
    assert (jobs.done, len(jobs.work)) == ([], 2)
    jobs.go = asyncio.Event()
    jobs.go.set()
    asyncio.run(jobs.work.drain())
    assert sorted(jobs.done) == [1, 2]
