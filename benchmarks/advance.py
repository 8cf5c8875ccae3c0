"""``advance`` per second on each store, beside the plainest write of the same client.

Run it on a quiet machine: ``uv run --group bench python -m benchmarks.advance``.
``advance`` is the one write of a refresh: it decides whether the presented token is the
current one and spends it. Beside it stands a plain ``SET`` of a value of the same length
(Redis) or a plain ``UPDATE`` of one row (SQL) through the same client or engine; see
``plain_writes.py``. Each caller rotates a session of its own, one call after the other.

Both are run in short batches that take turns, so that a machine that changes its speed
changes it for both. A ratio is of two batches of one round; the table gives the minimum,
median and maximum over the rounds. "floor" is the ratio of the fastest batches of each:
what else runs on the machine can only slow either down.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.plain_writes import Work, plain_write
from benchmarks.reports import COLOURS, Column, Report, Table, deliver, parser, verdict
from benchmarks.sample_sessions import advance_once, new_session
from benchmarks.servers import NAMES, add_options, prepared, serving
from fastapi_jwtkit.protocols import SessionStore, Stores
from fastapi_jwtkit.stores.memory import MemorySessionStore

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CALLERS = (1, 16, 64)
GOAL_CALLERS, GOAL_RATIO = 16, 0.85
MEMORY = "memory"


async def rotating(store: SessionStore, callers: int) -> Work:
    """Return a call of ``advance`` for each caller, on a session of its own."""
    sids = [(await store.add(new_session())).sid for _ in range(callers)]
    counters = [0] * callers

    async def advance(caller: int) -> None:
        await advance_once(store, sids[caller], counters[caller])
        counters[caller] += 1

    return advance


async def per_second(work: Work, callers: int, seconds: float) -> float:
    """Return how many calls a second so many callers get done."""
    done = 0
    started = time.perf_counter()

    async def one(caller: int) -> None:
        nonlocal done
        while time.perf_counter() - started < seconds:
            await work(caller)
            done += 1

    await asyncio.gather(*(one(caller) for caller in range(callers)))
    return done / (time.perf_counter() - started)


async def rates(
    name: str, stores: Stores | None, options: argparse.Namespace
) -> dict[int, dict[str, list[float]]]:
    """Return calls per second in each round, by callers and kind."""
    store = MemorySessionStore() if stores is None else stores.sessions
    works: list[tuple[str, Work]] = [("advance", await rotating(store, max(options.callers)))]
    plain = await plain_write(stores, max(options.callers))
    if plain is not None:
        works.append(("plain", plain))
    found: dict[int, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for turn in range(options.rounds + 1):
        for callers in options.callers:
            for kind, work in works if turn % 2 else reversed(works):
                gc.collect()
                rate = await per_second(work, callers, options.seconds)
                if turn:  # the first round warms up
                    found[callers][kind].append(rate)
        print(f"\r{name}: round {turn}/{options.rounds}", end="", flush=True)
    print()
    return found


def row_of(name: str, callers: int, found: dict[str, list[float]]) -> dict[str, Any]:
    """Return a row of the table."""
    advance, plain = found["advance"], found["plain"]
    row: dict[str, Any] = {"store": name, "callers": callers, "advance": statistics.median(advance)}
    if not plain:
        return row
    ratios = sorted(mine / theirs for mine, theirs in zip(advance, plain, strict=True))
    middle = statistics.median(ratios)
    is_goal = name == "Valkey" and callers == GOAL_CALLERS
    return row | {
        "plain": statistics.median(plain),
        "floor": max(advance) / max(plain),
        "min": ratios[0],
        "median": middle,
        "max": ratios[-1],
        "goal": verdict(middle, at_least=GOAL_RATIO) if is_goal else "",
    }


COLUMNS = (
    Column(key="store", title="store"),
    Column(key="callers", title="callers", form="d"),
    Column(key="advance", title="`advance`/s", form=",.0f"),
    Column(key="plain", title="plain write/s", form=",.0f"),
    Column(key="floor", title="ratio: floor", form=".2f"),
    Column(key="min", title="min", form=".2f"),
    Column(key="median", title="median", form=".2f"),
    Column(key="max", title="max", form=".2f"),
    Column(key="goal", title="goal (median)"),
)


def measure(options: argparse.Namespace) -> Report:
    """Measure one store after the other."""
    versions: dict[str, str] = {}
    rows: list[dict[str, Any]] = []

    def add(name: str, found: dict[int, dict[str, list[float]]]) -> None:
        rows.extend(row_of(name, callers, found[callers]) for callers in options.callers)

    for name in options.stores:
        if name == MEMORY:
            add(name, asyncio.run(rates(name, None, options)))
            continue
        with serving(name, options) as server:
            versions[name] = server.version

            async def run(server: Any = server, name: str = name) -> Any:
                async with prepared(server) as stores:
                    return await rates(name, stores, options)

            add(name, asyncio.run(run()))
    how = f"{options.rounds} batches of {options.seconds:g} s"
    where = "by one process with one event loop, on the machine of the server"
    return Report(
        name="advance",
        picture="advance per second by callers on each store, and its ratio to a plain write",
        tables=(Table(columns=COLUMNS, rows=rows),),
        notes=(f"Calls per second are medians of {how}, {where}.",),
        versions=versions,
    )


def draw(report: Report, figure: Figure) -> None:
    """Draw calls per second and ratios against the number of callers."""
    rows: Sequence[Any] = report.tables[0].rows
    figure.set_size_inches(9, 3.8)
    speed, ratio = figure.subplots(1, 2)
    for store in dict.fromkeys(row["store"] for row in rows):
        mine = [row for row in rows if row["store"] == store]
        at, colour = [row["callers"] for row in mine], COLOURS[store]
        speed.plot(at, [row["advance"] for row in mine], "o-", color=colour, label=store)
        if "plain" not in mine[0]:
            continue
        speed.plot(at, [row["plain"] for row in mine], "x:", color=colour, alpha=0.6)
        middle = [row["median"] for row in mine]
        below = [row["median"] - row["min"] for row in mine]
        above = [row["max"] - row["median"] for row in mine]
        spread = (below, above)
        ratio.errorbar(at, middle, yerr=spread, fmt="o-", capsize=3, color=colour, label=store)
    ratio.axhline(1, color="black", linewidth=0.8)
    goal = {"color": COLOURS["Valkey"], "linestyle": "--", "linewidth": 0.8}
    ratio.axhline(GOAL_RATIO, **goal, label=f"goal for Redis at {GOAL_CALLERS}")
    speed.set(title="advance (solid) and plain write (dotted)", ylabel="calls per second")
    speed.set_yscale("log")
    ratio.set(title="advance / plain write: median, min to max", ylabel="ratio", ylim=(0, None))
    for axes in (speed, ratio):
        axes.set_xscale("log", base=2)
        axes.set_xticks(CALLERS, [str(count) for count in CALLERS])
        axes.set_xlabel("concurrent callers")
        axes.legend()


def main() -> None:
    """Measure, print, and keep the figures."""
    options = parser(__doc__)
    options.add_argument("--rounds", type=int, default=20, help="batches of each kind")
    options.add_argument("--seconds", type=float, default=0.2, help="length of a batch")
    options.add_argument("--callers", type=int, nargs="+", default=CALLERS, help="at once")
    add_options(options, MEMORY, *NAMES)
    given = options.parse_args()
    deliver(measure(given), draw, given)


if __name__ == "__main__":
    main()
