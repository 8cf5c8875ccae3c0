"""The benchmark of guarded requests serves what it measures, every variant with a 200."""

from __future__ import annotations

from benchmarks import overhead


def test_every_variant_answers_and_is_measured() -> None:
    """A variant that refuses raises; a goal names a row that exists."""
    run = overhead.measure(batch=1, rounds=2, live_entries=10)
    assert all(len(rounds) == 2 for rounds in run.values())
    assert set(overhead.GOALS) <= {*run, overhead.SHARE}
    row = overhead.compare([run], overhead.WARM, overhead.BASELINE)
    assert row["median"] is not None
    assert row["median"] > 0
