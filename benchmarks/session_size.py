"""How much a session takes: memory of Redis or Valkey, disk of PostgreSQL and SQLite.

Run it on a quiet machine: ``uv run --group bench python -m benchmarks.session_size``.
The sessions are those of an ordinary application: a login with a browser, refreshed
until its row does not grow any more, one session to a person, which makes the index of
a person's sessions dearest.

- Redis: the growth of ``used_memory``, which counts everything, by the number of
  sessions; "row" and "index" are what ``MEMORY USAGE`` says of the keys alone.
- PostgreSQL: ``pg_total_relation_size`` of the table; "index" are its three indexes.
- SQLite: the growth of the file.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.redis_sizes import measure_redis
from benchmarks.reports import COLOURS, Column, Report, Table, deliver, parser, verdict
from benchmarks.servers import add_options, serving
from benchmarks.sql_sizes import REFRESHES, measure_sql

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SESSIONS = 100_000
GOAL_BYTES = 500
MORE_PER_PERSON = 3

COLUMNS = (
    Column(key="store", title="store"),
    Column(key="sessions", title="sessions", form=",d"),
    Column(key="per_person", title="to a person", form="d"),
    Column(key="total", title="bytes per session", form=",.0f"),
    Column(key="row", title="of it row", form=",.0f"),
    Column(key="index", title="index", form=",.0f"),
    Column(key="million", title="MB per million", form=",.0f"),
    Column(key="goal", title="goal (bytes)"),
)


def counts_up_to(sessions: int) -> list[int]:
    """Return a hundredth, a tenth and the whole."""
    return sorted({max(2, sessions // 100), max(2, sessions // 10), sessions})


def growth_note(name: str, row: dict[str, Any]) -> list[str]:
    """Say how much more the sessions take after some use."""
    if "refreshed" not in row:
        return []
    use = f"after each of {row['sessions']:,} sessions was refreshed {REFRESHES} times more"
    return [f"{name}: {use}, they took {row['refreshed']:.2f} times as much."]


def measure(options: argparse.Namespace) -> Report:
    """Fill one store after the other."""
    counts = counts_up_to(options.sessions)
    rows: list[dict[str, Any]] = []
    samples: dict[str, str] = {}
    versions: dict[str, str] = {}
    notes: list[str] = []
    for name in options.stores:
        with serving(name, options) as server:
            versions[name] = server.version
            if name == "Valkey":
                found, samples[f"A session on {name}:"] = measure_redis(server, counts, 1)
                some = max(counts[-2], MORE_PER_PERSON + 1)
                found += measure_redis(server, [some], MORE_PER_PERSON)[0]
            else:
                found = measure_sql(server, counts)
                notes += growth_note(name, found[0])
        print()
        rows += [{"store": name, "per_person": 1} | row for row in found]
    for row in rows:
        row["million"] = row["total"]  # bytes each are megabytes for a million
        if row["store"] == "Valkey" and row["sessions"] == options.sessions:
            row["goal"] = verdict(row["total"], at_most=GOAL_BYTES)
    return Report(
        name="session_size",
        picture="Bytes per session and in all by the number of sessions on each store",
        tables=(Table(columns=COLUMNS, rows=rows),),
        notes=notes,
        samples=samples,
        versions=versions,
    )


def draw(report: Report, figure: Figure) -> None:
    """Draw what all sessions take, and each, by their number."""
    rows: Sequence[Any] = [row for row in report.tables[0].rows if row["per_person"] == 1]
    figure.set_size_inches(9, 3.6)
    whole, each = figure.subplots(1, 2)
    for store in dict.fromkeys(row["store"] for row in rows):
        mine = [row for row in rows if row["store"] == store]
        at, colour = [row["sessions"] for row in mine], COLOURS[store]
        sizes = [row["total"] * row["sessions"] / 1e6 for row in mine]
        whole.loglog(at, sizes, "o-", color=colour, label=store)
        each.semilogx(at, [row["total"] for row in mine], "o-", color=colour, label=store)
    goal = {"color": COLOURS["Valkey"], "linestyle": "--", "linewidth": 0.8}
    each.axhline(GOAL_BYTES, **goal, label="goal for Redis")
    whole.set(title="All sessions", ylabel="megabytes")
    each.set(title="One session", ylabel="bytes", ylim=(0, None))
    for axes in (whole, each):
        axes.set_xlabel("sessions")
        axes.legend()


def main(words: Sequence[str] | None = None) -> None:
    """Measure, print, and keep the figures."""
    options = parser(__doc__)
    options.add_argument("--sessions", type=int, default=SESSIONS, help="sessions in each store")
    add_options(options, "SQLite", "PostgreSQL", "Valkey")
    given = options.parse_args(words)
    deliver(measure(given), draw, given)


if __name__ == "__main__":
    main()
