"""``advance`` per second on each store, beside the plainest write of the same client.

Run it on a quiet machine: ``uv run --group bench python -m benchmarks.advance``.
``advance`` is the one write of a refresh: it decides whether the presented token is the
current one and spends it. Beside it stands a plain ``SET`` of a value of the same length
(Redis) or a plain ``UPDATE`` of one row (SQL) through the same client or engine; see
``plain_writes.py``. Each caller rotates a session of its own, one call after the other.

Both are run in short batches that take turns, so that a machine that changes its speed
changes it for both. A ratio is of two batches of one round; the table gives the minimum,
median and maximum over the rounds. Calls per second are those of the fastest batch, and
"floor" is the ratio of these: what else runs on the machine can only slow either down.
"instr" is the same ratio in instructions of this thread per call, where they can be
counted: nothing else on the machine is in it, and neither are the server and, on SQLite,
the threads of the driver.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.instructions import InstructionCounter
from benchmarks.plain_writes import BARE_SET, SET, UPDATE, Work, opened
from benchmarks.reports import COLOURS, Column, Report, Table, deliver, parser, verdict
from benchmarks.sample_sessions import advance_once, new_session
from benchmarks.servers import NAMES, Server, add_options, serving
from fastapi_jwtkit.protocols import SessionStore
from fastapi_jwtkit.stores.memory import MemorySessionStore

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CALLERS = (1, 16, 64)
GOAL_CALLERS, GOAL_RATIO = 16, 0.85
GOAL_ROW = ("Valkey", SET, GOAL_CALLERS)
ADVANCE = "advance"
MEMORY = "memory"


async def rotating(store: SessionStore, callers: int) -> Work:
    """Return a call of ``advance`` for each caller, on a session of its own."""
    sids = [(await store.add(new_session())).sid for _ in range(callers)]
    counters = [0] * callers

    async def advance(caller: int) -> None:
        await advance_once(store, sids[caller], counters[caller])
        counters[caller] += 1

    return advance


@dataclass(frozen=True, kw_only=True)
class Speed:
    """What a batch did.

    Attributes:
        rate: calls per second.
        cpu: seconds of processor time of this process for each.
        instructions: of this thread for each; 0 where nothing counts them.
    """

    rate: float
    cpu: float
    instructions: float


async def run_batch(work: Work, callers: int, seconds: float, counter: InstructionCounter) -> Speed:
    """Let so many callers call for a moment."""
    done, before = 0, counter.read()
    started, cpu = time.perf_counter(), time.process_time()

    async def one(caller: int) -> None:
        nonlocal done
        while True:
            await work(caller)
            done += 1
            if time.perf_counter() - started > seconds:
                return

    await asyncio.gather(*(one(caller) for caller in range(callers)))
    return Speed(
        rate=done / (time.perf_counter() - started),
        cpu=(time.process_time() - cpu) / done,
        instructions=(counter.read() - before) / done,
    )


Rates = dict[int, dict[str, list[Speed]]]
"""The speed in each round, by callers and by what was called."""


async def rates(name: str, store: SessionStore, plain: dict[str, Work], options: Any) -> Rates:
    """Return the speed of ``advance`` and of the plain writes, which take turns."""
    works = {ADVANCE: await rotating(store, max(options.callers)), **plain}
    found: Rates = defaultdict(lambda: defaultdict(list))
    counter = InstructionCounter()
    gc.collect()
    gc.freeze()  # what is there already need not be walked again
    for turn in range(options.rounds + 1):
        for callers in options.callers:
            for kind in works if turn % 2 else reversed(works):
                speed = await run_batch(works[kind], callers, options.seconds, counter)
                if turn:  # the first round warms up
                    found[callers][kind].append(speed)
        print(f"\r{name}: round {turn}/{options.rounds}", end="", flush=True)
    gc.unfreeze()
    print()
    return found


async def rates_on(server: Server, options: argparse.Namespace) -> Rates:
    """Return the speeds on a server."""
    async with opened(server, max(options.callers)) as beside:
        return await rates(server.name, beside.store, beside.plain, options)


def rows_of(name: str, found: Rates) -> list[dict[str, Any]]:
    """Return the rows of a store: one for each plain write, and one if there is none."""
    rows: list[dict[str, Any]] = []
    for callers, by_kind in found.items():
        advance = by_kind[ADVANCE]
        row = {"store": name, "callers": callers, "advance": best_rate(advance)}
        plain = [kind for kind in by_kind if kind != ADVANCE]
        rows += [row | {"beside": kind} | compared(advance, by_kind[kind]) for kind in plain]
        rows += [] if plain else [row]
    for row in rows:
        if (row["store"], row.get("beside"), row["callers"]) == GOAL_ROW:
            row["goal"] = verdict(row["median"], at_least=GOAL_RATIO)
    return rows


def best_rate(speeds: Sequence[Speed]) -> float:
    """Return the calls per second of the fastest batch."""
    return max(speed.rate for speed in speeds)


def compared(advance: Sequence[Speed], plain: Sequence[Speed]) -> dict[str, float | None]:
    """Return the ratios of the batches of each round."""
    rounds = list(zip(advance, plain, strict=True))
    ratios = [mine.rate / theirs.rate for mine, theirs in rounds]
    counted = [
        theirs.instructions / mine.instructions for mine, theirs in rounds if mine.instructions
    ]
    return {
        "plain": best_rate(plain),
        "floor": best_rate(advance) / best_rate(plain),
        "min": min(ratios),
        "median": statistics.median(ratios),
        "max": max(ratios),
        "cpu": statistics.median(theirs.cpu / mine.cpu for mine, theirs in rounds),
        "instructions": statistics.median(counted) if counted else None,
    }


COLUMNS = (
    Column(key="store", title="store"),
    Column(key="callers", title="callers", form="d"),
    Column(key="advance", title="`advance`/s", form=",.0f"),
    Column(key="beside", title="beside"),
    Column(key="plain", title="of it/s", form=",.0f"),
    Column(key="floor", title="ratio: floor", form=".2f"),
    Column(key="min", title="min", form=".2f"),
    Column(key="median", title="median", form=".2f"),
    Column(key="max", title="max", form=".2f"),
    Column(key="instructions", title="instr", form=".2f"),
    Column(key="goal", title="goal (median)"),
)


def measure(options: argparse.Namespace) -> Report:
    """Measure one store after the other."""
    versions: dict[str, str] = {}
    rows: list[dict[str, Any]] = []
    for name in options.stores:
        if name == MEMORY:
            rows += rows_of(name, asyncio.run(rates(name, MemorySessionStore(), {}, options)))
            continue
        with serving(name, options) as server:
            versions[name] = server.version
            rows += rows_of(name, asyncio.run(rates_on(server, options)))
    how = f"{options.rounds} batches of {options.seconds:g} s"
    where = "by one process with one event loop, on the machine of the server"
    return Report(
        name="advance",
        picture="advance per second by callers on each store, and its ratio to a plain write",
        tables=(Table(columns=COLUMNS, rows=rows),),
        notes=(f"Calls per second are the most of {how}, {where}.",),
        versions=versions,
    )


MARKERS = {UPDATE: "o", SET: "o", BARE_SET: "x"}


def draw(report: Report, figure: Figure) -> None:
    """Draw calls per second, and the ratios, against the number of callers."""
    rows: Sequence[Any] = report.tables[0].rows
    callers = sorted({row["callers"] for row in rows})
    figure.set_size_inches(10, 4)
    speed, ratio = figure.subplots(1, 2, width_ratios=(2, 3))
    for store in dict.fromkeys(row["store"] for row in rows):
        fast = {row["callers"]: row["advance"] for row in rows if row["store"] == store}
        places = [callers.index(count) for count in fast]
        speed.plot(places, list(fast.values()), "o-", color=COLOURS[store], label=store)
    pairs = dict.fromkeys((row["store"], row["beside"]) for row in rows if "beside" in row)
    for number, (store, beside) in enumerate(pairs):
        mine = [row for row in rows if (row["store"], row.get("beside")) == (store, beside)]
        aside = 0.1 * (number - (len(pairs) - 1) / 2)
        ratio.errorbar(
            [callers.index(row["callers"]) + aside for row in mine],
            [row["median"] for row in mine],
            yerr=[
                [row["median"] - row["min"] for row in mine],
                [row["max"] - row["median"] for row in mine],
            ],
            fmt=MARKERS[beside],
            capsize=3,
            color=COLOURS[store],
            label=f"{store} / {beside}",
        )
    ratio.axhline(1, color="black", linewidth=0.8)
    goal = {"color": COLOURS["Valkey"], "linestyle": "--", "linewidth": 0.8}
    ratio.axhline(GOAL_RATIO, **goal, label=f"goal: {SET}, {GOAL_CALLERS} callers")
    speed.set(title="advance", ylabel="calls per second", yscale="log")
    ratio.set(title="advance / plain write (median, min to max)", ylabel="ratio", ylim=(0, None))
    speed.legend(loc="upper right", bbox_to_anchor=(1, 0.93), fontsize=8)
    ratio.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8)
    for axes in (speed, ratio):
        axes.set_xticks(range(len(callers)), [str(count) for count in callers])
        axes.set_xlabel("concurrent callers")


def main(words: Sequence[str] | None = None) -> None:
    """Measure, print, and keep the figures."""
    options = parser(__doc__)
    options.add_argument("--rounds", type=int, default=20, help="batches of each kind")
    options.add_argument("--seconds", type=float, default=0.2, help="length of a batch")
    options.add_argument("--callers", type=int, nargs="+", default=CALLERS, help="at once")
    add_options(options, MEMORY, *NAMES)
    given = options.parse_args(words)
    deliver(measure(given), draw, given)


if __name__ == "__main__":
    main()
