"""The faults' own judgement: it must see what would be broken, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from faults.held import Dead, Held, MayLose, Promises
from faults.ledger import Answer, Ledger
from faults.report import BEGIN, END, write_between_markers
from faults.workers import Absence, Worker


@pytest.fixture
def workers(tmp_path: Path) -> list[Worker]:
    """Return two workers that were never started."""
    return [Worker(f"worker{n}", tmp_path, {}, port=n) for n in (1, 2)]


@pytest.fixture
def promises() -> Promises:
    """Return promises before any fault."""
    return Promises(ledger=Ledger(), may_lose=MayLose.NONE, max_staleness=2.0, prompt=1.0)


def answer(
    worker: Worker, at: float, status: int = 200, *, took: float = 0.0, trouble: str = ""
) -> Answer:
    """Return an answer."""
    retry = "1" if status == 503 else None
    return Answer(
        worker=worker,
        status=status,
        began=at,
        ended=at + took,
        retry_after=retry,
        trouble=trouble,
    )


def held(opened: float = 0.0) -> Held:
    """Return a session."""
    return Held("ann", opened, "refresh", ["access"])


def dead(by: Worker, ended: float, how: str = "logout") -> Dead:
    """Return a session that was ended."""
    return Dead(held=held(), how=how, ended=ended, by=by, by_start=by.starts)


@pytest.mark.parametrize(
    ("at", "how", "asked", "kept"),
    [
        (100.9, "logout", 1, True),
        (101.2, "logout", 1, False),
        (100.2, "logout", 0, False),
        (100.2, "reuse", 0, True),
        (99.9, "logout", 0, True),
    ],
)
def test_a_dead_session_is_accepted_for_as_long_as_a_map_may_be_old(
    promises: Promises, workers: list[Worker], at: float, how: str, asked: int, *, kept: bool
) -> None:
    """At the worker that acknowledged it not at all; a request of before does not count."""
    promises.accepted(dead(workers[0], 100.0, how), answer(workers[asked], at), "call")
    assert promises.ledger.kept is kept
    assert promises.ledger.accepted_dead == (0 if kept else 1)


@pytest.mark.parametrize(("at", "kept"), [(101.9, True), (102.2, False)])
def test_a_worker_that_was_cut_off_has_max_staleness(
    promises: Promises, workers: list[Worker], at: float, *, kept: bool
) -> None:
    """By the fault of the store, or because it was away itself."""
    promises.fault_began = 99.0
    promises.accepted(dead(workers[0], 100.0), answer(workers[1], at), "call")
    promises.fault_began = float("inf")
    workers[1].absences.append(Absence(99.0, 103.0))
    promises.accepted(dead(workers[0], 100.0), answer(workers[1], at), "call")
    assert promises.ledger.kept is kept


def test_after_the_fault_a_revocation_is_prompt_again(
    promises: Promises, workers: list[Worker]
) -> None:
    """An old outage excuses nothing."""
    promises.fault_began, promises.fault_over = 50.0, 60.0
    promises.accepted(dead(workers[0], 100.0), answer(workers[1], 101.5), "call")
    assert not promises.ledger.kept


@pytest.mark.parametrize(
    ("may_lose", "opened", "at", "kept"),
    [
        (MayLose.NONE, 95.0, 101.0, False),
        (MayLose.RECENT, 95.0, 101.0, False),
        (MayLose.RECENT, 100.5, 101.0, True),
        (MayLose.ALL, 95.0, 101.0, True),
        (MayLose.ALL, 95.0, 99.0, False),
    ],
)
def test_a_live_session_is_refused_only_where_the_fault_may_have_ended_it(
    promises: Promises,
    workers: list[Worker],
    may_lose: MayLose,
    opened: float,
    at: float,
    *,
    kept: bool,
) -> None:
    """Lost is lost in any case, and is counted once."""
    promises.may_lose, promises.fault_began = may_lose, 100.0
    session = held(opened)
    for _ in range(2):
        promises.refused(session, answer(workers[0], at, 401), "call")
    assert promises.ledger.kept is kept
    assert promises.ledger.lost == 1
    assert promises.ledger.refused_live == (0 if kept else 2)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"status": 500}, "answered 500"),
        ({"status": 429}, "answered 429"),
        ({"status": 0, "trouble": "ReadError"}, "no answer"),
        ({"status": 0, "trouble": "ReadTimeout", "took": 9.0}, "no answer"),
        ({"status": 0, "trouble": "ReadTimeout", "took": 1.5}, ""),
        ({"status": 503}, ""),
        ({"status": 401}, ""),
    ],
)
def test_an_answer_that_nobody_may_get_is_complained_of(
    workers: list[Worker], given: dict[str, int], complaint: str
) -> None:
    """But not a client that hung up early, nor what a worker cannot answer while it is down."""
    ledger = Ledger()
    ledger.record("call", answer(workers[0], 100.0, **given), "call")  # type: ignore[arg-type]
    assert ledger.kept is not bool(complaint)
    assert complaint in ledger.verdict
    workers[1].absences.append(Absence(90.0, 120.0))
    away = Ledger()
    away.record("call", answer(workers[1], 100.0, 0, trouble="ConnectError"), "call")
    assert away.kept


def test_a_503_says_when_to_come_back(workers: list[Worker]) -> None:
    """Else clients would storm a server that is down."""
    ledger = Ledger()
    bare = Answer(worker=workers[0], status=503, began=1.0, ended=1.1)
    ledger.record("write", bare, "refresh")
    assert "503 without Retry-After" in ledger.verdict


def test_an_outage_lasts_from_the_first_failure_to_the_first_success_after_it(
    workers: list[Worker],
) -> None:
    """What was sent before it and answered in it does not end it; calls and writes are apart."""
    ledger = Ledger()
    ledger.record("write", answer(workers[0], 10.0, 503), "refresh")
    ledger.record("write", answer(workers[0], 9.0, took=3.0), "refresh")
    ledger.record("call", answer(workers[0], 11.0), "call")
    ledger.record("write", answer(workers[1], 11.0), "refresh")
    assert ledger.still_failing
    ledger.record("write", answer(workers[0], 14.0, took=0.5), "refresh")
    assert not ledger.still_failing
    assert (ledger.outage("write"), ledger.outage("call")) == (4.5, 0.0)


def test_the_table_goes_where_the_page_has_room_for_it(tmp_path: Path) -> None:
    """Again and again, and nowhere else."""
    page = tmp_path / "page.md"
    page.write_text(f"before\n\n{BEGIN}\n\nold\n\n{END}\n\nafter\n", "utf-8")
    for _ in range(2):
        write_between_markers(page, "new")
    assert page.read_text("utf-8") == f"before\n\n{BEGIN}\n\nnew\n\n{END}\n\nafter\n"
    page.write_text("no room", "utf-8")
    with pytest.raises(ValueError, match="markers"):
        write_between_markers(page, "new")
