"""Sinks: none that fails, hangs or is slow stops what it is told of, and none is silent."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable

import pytest

from clocks import FakeClock
from fastapi_jwtkit import event_queue, event_sinks
from fastapi_jwtkit.errors import ConfigurationError, StoreUnavailableError
from fastapi_jwtkit.event_sinks import Events, QueuedSink, WaitingSink
from fastapi_jwtkit.events import AuthEvent, EventName
from fastapi_jwtkit.personal_data import PersonalData
from fastapi_jwtkit.protocols import EventSink
from fastapi_jwtkit.records import Device
from kits import PASSWORD, Heard, House


def event(number: int = 0) -> AuthEvent:
    """Return an event that can be told from others."""
    return AuthEvent(name=EventName.SESSION_CREATED, time=1.0, realm="r", session_id=f"s{number}")


class Broken:
    """A sink whose server is gone, and which quotes what it was told."""

    def emit(self, event: AuthEvent, /) -> None:
        """Fail."""
        message = f"no route to log.example with the key secret, for {event.subject}"
        raise ConnectionError(message)


class Held(Heard):
    """A sink that hangs until a test lets it go."""

    def __init__(self) -> None:
        super().__init__()
        self.began = threading.Event()
        self.go = threading.Event()

    def emit(self, event: AuthEvent, /) -> None:
        """Wait, and remember."""
        self.began.set()
        assert self.go.wait(30)
        super().emit(event)


def events_to(*sinks: EventSink) -> Events:
    """Return a dispatcher."""
    return Events(sinks, realm="r", clock=FakeClock())


async def test_a_sink_that_fails_stops_no_login_and_no_other_sink(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is counted and logged, by type and place: what it says may quote anything."""
    heard = Heard()
    house = House(parts={"events": (Broken(), heard)})
    await house.log_in()
    assert heard.of(EventName.LOGIN_SUCCEEDED)
    assert house.kit.vitals().sink_failures == len(heard.events)
    assert "event sink Broken failed: ConnectionError in " in caplog.text
    assert "secret" not in caplog.text
    assert PASSWORD not in caplog.text
    await house.kit.stop()


def test_a_sink_that_is_slow_is_counted_and_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody can interrupt it; the line says what to do."""
    monkeypatch.setattr(event_sinks, "SLOW_SECONDS", -1.0)
    events = events_to(Heard())
    for _ in range(3):
        events.emit(EventName.SESSION_CREATED)
    assert events.slow_calls == 3
    assert caplog.text.count("event sink Heard held up the event loop") == 1
    assert "QueuedSink" in caplog.text


async def test_a_sink_that_hangs_stops_no_login_behind_a_queue(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What does not fit is dropped and counted; the rest arrives in order."""
    held, heard = Held(), Heard()
    queued = QueuedSink(held, limit=2)
    house = House(parts={"events": (queued, heard)})
    async with asyncio.timeout(10):
        await house.log_in()
        await asyncio.to_thread(held.began.wait, 10)
        for _ in range(5):
            await house.log_in()
    assert queued.lost > 0
    assert house.kit.vitals().events_lost == queued.lost
    held.go.set()
    await house.kit.stop()
    assert len(held.events) + queued.lost == len(heard.events)
    places = [heard.events.index(each) for each in held.events]
    assert places == sorted(places)
    assert "still had events" not in caplog.text


async def test_a_kit_stops_although_a_sink_hangs(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It waits for a moment, and says what it leaves behind."""
    monkeypatch.setattr("fastapi_jwtkit.lifecycle.FLUSH_SECONDS", 0.05)
    held = Held()
    house = House(parts={"events": (QueuedSink(held),)})
    await house.log_in()
    await asyncio.wait_for(house.kit.stop(), 10)
    assert "event sink QueuedSink still had events to write" in caplog.text
    held.go.set()


def test_what_a_queued_sink_does_not_take_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    """One that fails for one event gets the next."""
    queued = QueuedSink(Broken())
    for number in range(3):
        queued.emit(event(number))
    assert queued.flush(10)
    assert queued.lost == 3
    assert caplog.text.count("event sink Broken failed: ConnectionError") == 3
    assert "secret" not in caplog.text


def test_a_thousand_events_arrive_in_order_and_the_thread_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing runs while nothing is told; the next event starts it anew."""
    monkeypatch.setattr(event_queue, "IDLE_SECONDS", 0.01)
    heard = Heard()
    queued = QueuedSink(heard)
    others = set(running())
    for start in (0, 1_000):
        for number in range(start, start + 1_000):
            queued.emit(event(number))
        assert queued.flush(10)
        wait_until(lambda: set(running()) <= others)
    assert [each.session_id for each in heard.events] == [f"s{n}" for n in range(2_000)]
    assert queued.lost == 0


def running() -> list[str]:
    """Return the threads of event queues."""
    names = (thread.name for thread in threading.enumerate())
    return [name for name in names if name.startswith("jwtkit-events")]


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for a thread."""
    patience = threading.Event()
    for _ in range(1_000):
        if holds():
            return
        patience.wait(0.01)
    pytest.fail("it did not come to pass")


def test_events_told_from_many_threads_all_arrive() -> None:
    """Logins are served by several event loops."""
    heard = Heard()
    queued = QueuedSink(heard)

    def tell(first: int) -> None:
        for number in range(first, first + 200):
            queued.emit(event(number))

    threads = [threading.Thread(target=tell, args=(n * 200,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert queued.flush(10)
    assert {each.session_id for each in heard.events} == {f"s{n}" for n in range(1_600)}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_worker_tells_by_a_thread_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """It neither waits for the thread of its parent nor tells what the parent tells."""
    heard = Heard()
    queued = QueuedSink(heard)
    queued.emit(event(0))
    assert queued.flush(10)
    heard.events.clear()
    # What a fork leaves: the same object in a process of another number.
    monkeypatch.setattr(os, "getpid", lambda: -1)
    queued.emit(event(1))
    assert queued.flush(10)
    assert [each.session_id for each in heard.events] == ["s1"]


def test_a_queue_that_holds_nothing_is_refused() -> None:
    """Every event would be lost."""
    with pytest.raises(ConfigurationError, match="limit=0"):
        QueuedSink(Heard(), limit=0)


def test_no_thread_is_no_reason_to_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """As while the interpreter ends: what cannot be told is counted."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    queued = QueuedSink(Heard())
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        queued.emit(event())
    assert queued.lost == 1
    queued.emit(event())
    assert queued.flush(10)
    assert queued.lost == 1


async def test_a_sink_that_cannot_be_flushed_does_not_keep_others_from_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is counted as a failure."""

    class Unflushable(Heard):
        lost = 0

        def flush(self, seconds: float, /) -> bool:
            del seconds
            raise OSError

    heard = Heard()
    queued = QueuedSink(heard)
    unflushable = Unflushable()
    assert isinstance(unflushable, WaitingSink)
    events = events_to(unflushable, queued)
    events.emit(EventName.SESSION_CREATED)
    await events.flush(10)
    assert len(heard.events) == 1
    assert events.sink_failures == 1
    assert "event sink Unflushable failed: OSError" in caplog.text


def test_what_may_not_be_kept_is_in_no_event() -> None:
    """Neither address nor user agent, each by itself."""
    heard = Heard()
    device = Device(ip="192.0.2.1", user_agent="phone")
    for personal in (PersonalData(ip=False), PersonalData(user_agent=False)):
        events = Events((heard,), realm="r", clock=FakeClock(), personal=personal)
        events.emit(EventName.SESSION_CREATED, device=device)
    assert [(each.ip, each.user_agent) for each in heard.events] == [
        (None, "phone"),
        ("192.0.2.1", None),
    ]


def test_a_block_tells_its_outcome_and_an_unfinished_one_nothing() -> None:
    """An error of ours is a failure with its reason; a mistake in the program is no event."""
    heard = Heard()
    events = events_to(heard)
    with events.telling(EventName.USER_DELETED, subject="u1") as telling:
        telling.happened = True
    with events.telling(EventName.USER_DELETED):
        pass  # nobody was there
    with (
        pytest.raises(StoreUnavailableError),
        events.telling(EventName.USER_DELETED, subject="u2"),
    ):
        raise StoreUnavailableError("user_store_failed")
    with pytest.raises(ConfigurationError), events.telling(EventName.USER_DELETED):
        raise ConfigurationError("A long sentence.")
    with pytest.raises(KeyError), events.telling(EventName.USER_DELETED):
        raise KeyError
    assert [(each.outcome, each.reason, each.subject) for each in heard.events] == [
        (True, "", "u1"),
        (False, "user_store_failed", "u2"),
        (False, "misconfigured", None),
    ]
