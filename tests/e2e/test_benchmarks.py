"""Every benchmark of the stores runs, tells what it should, and fills its part of a page.

With few calls and few rows: what the figures are is not the point.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import advance, login_timing, propagation, reports, revocation_map, session_size

STORES = {"SQLite", "PostgreSQL", "Valkey"}
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return what runs a benchmark and returns what it wrote."""

    def run(main: Callable[[list[str]], None], name: str, *words: str) -> dict[str, Any]:
        page = tmp_path / "page.md"
        page.write_text(f"before\n<!-- benchmark: {name} -->\nold\n<!-- end: {name} -->\nafter\n")
        main(["--results", str(tmp_path), "--no-plot", "--markdown", str(page), *words])
        text = page.read_text("utf-8")
        assert text.startswith("before\n")
        assert text.endswith("after\n")
        assert "old" not in text
        told: dict[str, Any] = json.loads((tmp_path / f"{name}.json").read_text("utf-8"))
        for table in told["tables"]:
            for column in table["columns"]:
                assert column["title"] in text
        return told

    return run


def rows(told: dict[str, Any], table: int = 0) -> list[dict[str, Any]]:
    """Return the rows of a table that a benchmark wrote."""
    found: list[dict[str, Any]] = told["tables"][table]["rows"]
    return found


def test_advance_is_compared_with_plain_writes_on_every_store(run: Run) -> None:
    """Each store and number of callers has its row, and the goal stands at one of them."""
    told = run(
        advance.main, "advance", "--rounds", "1", "--seconds", "0.01", "--callers", "1", "16"
    )
    assert {row["store"] for row in rows(told)} == STORES | {"memory", "Valkey (fsync)"}
    assert {row["callers"] for row in rows(told)} == {1, 16}
    for row in rows(told):
        assert row["advance"] > 0
        if row["store"] != "memory":
            assert row["min"] <= row["median"] <= row["max"]
    goals = [row for row in rows(told) if "goal" in row]
    assert [(row["store"], row["callers"]) for row in goals] == [("Valkey", 16)]
    assert set(told["versions"]) == STORES | {"Valkey (fsync)"}


def test_the_size_of_a_session_is_told_for_every_store(run: Run) -> None:
    """Row and index are parts of the whole, and one session is shown."""
    told = run(session_size.main, "session_size", "--sessions", "200")
    assert {row["store"] for row in rows(told)} == STORES
    assert all(row["million"] == row["total"] >= 0 for row in rows(told))
    assert all(row["total"] > 0 for row in rows(told) if row["sessions"] == 200)
    in_valkey = [row for row in rows(told) if row["store"] == "Valkey"]
    for row in in_valkey:
        assert row["row"] > row["index"] > 0
    assert [row["sessions"] for row in in_valkey if "goal" in row] == [200]
    (sample,) = told["samples"].values()
    assert "user_agent" in sample
    assert "random bytes" in sample


def test_propagation_is_timed_between_processes(run: Run) -> None:
    """Each follower tells of each logout."""
    words = ("--stores", "Valkey", "--followers", "1", "--logouts", "3")
    told = run(propagation.main, "propagation", *words)
    (row,) = rows(told)
    assert 0 < row["p50"] <= row["p99"] <= row["max"]
    assert len(told["details"]["refused_ms"]["Valkey"]) == 3


def test_the_map_of_revocations_is_weighed_and_read_from_every_store(run: Run) -> None:
    """Memory grows with the entries, and each store is read at each size."""
    words = ("--entries", "10", "100", "--claims", "10", "--loops", "1", "--reads", "1")
    told = run(revocation_map.main, "revocation_map", *words)
    empty, few, many = rows(told)
    assert empty["entries"] == 0
    assert 0 < few["memory_kib"] < many["memory_kib"]
    found = {(row["store"], row["entries"]) for row in rows(told, 1)}
    assert found == {(store, size) for store in STORES | {"in process"} for size in (10, 100)}


@pytest.mark.std(96)
def test_failed_logins_are_timed_for_each_kind_of_hash(run: Run) -> None:
    """None of them is through before the slowest comparison alone would be."""
    words = ("--attempts", "4", "--costs", "cheap")
    told = run(login_timing.main, "login_timing", *words)
    kinds = {row["kind"]: row for row in rows(told)}
    assert set(kinds) == {"unknown user", "argon2id", "bcrypt", "Django"}
    slowest = max(row["bare"] for row in kinds.values())
    assert slowest > 2 * kinds["argon2id"]["bare"]
    for name, row in kinds.items():
        assert row["p50"] >= 0.8 * slowest
        assert ("guessed" in row) is (name != "unknown user")
    assert login_timing.guessed_right([1.0, 2.0], [0.0, 1.0]) == 1.0
    assert login_timing.guessed_right([1.0, 0.0], [1.0, 1.0]) == 0.25


def test_a_page_without_a_place_for_the_figures_is_refused(tmp_path: Path) -> None:
    """Figures never land somewhere else."""
    page = tmp_path / "page.md"
    page.write_text("nothing\n")
    report = reports.Report(name="advance", picture="", tables=())
    with pytest.raises(ValueError, match=r"page\.md holds"):
        reports.put_into(page, report)
    assert page.read_text() == "nothing\n"


def test_a_verdict_says_whether_the_goal_was_met() -> None:
    """A missed goal cannot be overlooked."""
    assert reports.verdict(0.9, at_least=0.85) == ">= 0.85: met"
    assert reports.verdict(0.8, at_least=0.85) == ">= 0.85: MISSED"
    assert reports.verdict(49, at_most=50) == "<= 50: met"
    assert reports.verdict(51, at_most=50) == "<= 50: MISSED"
