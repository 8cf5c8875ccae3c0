"""What a map of revocations costs: memory, a check, and reading it anew.

Run it on a quiet machine: ``uv run --group bench python -m benchmarks.revocation_map``.
Three things grow with the number of live entries, or should not:

- the memory of the map, with its entries, by ``tracemalloc``;
- a check of claims that are not revoked, which each request pays: the fastest of many
  loops over thousands of different claims, without what the empty loop takes;
- a whole read of the feed, as a worker does it when it starts and once a minute: how
  long it takes, and the longest time for which it keeps the event loop from all else,
  with the comparison that follows it. "in process" is the map's own part, without a
  server and its driver. Each figure is that of the best of several reads.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import time
import tracemalloc
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.overhead_apps import grant, kit_app, unguarded
from benchmarks.reports import COLOURS, Column, Report, Table, deliver, parser
from benchmarks.servers import add_options, serving
from benchmarks.whole_reads import (
    ENTRY_SECONDS,
    IN_PROCESS,
    READ_LIMIT_SECONDS,
    HeldPages,
    empty_map,
    entries,
    held,
    read_costs,
    reads_of,
)
from fastapi_jwtkit.claims import Claims
from fastapi_jwtkit.revocations import Revocations

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZES = (10, 1_000, 100_000)


async def filled_map(count: int) -> Revocations:
    """Return a map with so many entries."""
    revocations = empty_map(held(count))
    await revocations.freshen(wait=READ_LIMIT_SECONDS)
    await revocations.stop()
    return revocations


async def memory_bytes(count: int) -> int:
    """Return what a map holds in memory, its entries with it."""
    store = HeldPages([()])
    revocations = empty_map(store)
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        store.copies = [entries(count, expires_at=time.time() + ENTRY_SECONDS)]
        await revocations.freshen(wait=READ_LIMIT_SECONDS)
        await revocations.stop()
        store.copies = [()]
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


async def live_claims(count: int) -> list[Claims]:
    """Return the claims of tokens that nobody revoked."""
    _, issuer, kit = kit_app("HS256", unguarded)
    await kit.start()
    tokens = (issuer.issue_access(grant(n)).text for n in range(count))
    try:
        return [await kit.verify(token) for token in tokens]
    finally:
        await kit.stop()


async def check_costs(
    sizes: Sequence[int], many: Sequence[Claims], loops: int
) -> list[dict[str, float]]:
    """Return the nanoseconds of a check in a map of each size.

    All maps and checks take turns, and the fastest loop of each counts: what else runs on
    the machine can only slow one down.
    """
    maps = [await filled_map(size) for size in sizes]
    checks = [check for one in maps for check in (one.is_plain, one.known.ensure_live)]
    fastest = [float("inf")] * len(checks)
    nothing = float("inf")
    gc.collect()
    for _ in range(loops):
        nothing = min(nothing, seconds_of(None, many))
        for place, check in enumerate(checks):
            fastest[place] = min(fastest[place], seconds_of(check, many))
    each = [(spent - nothing) / len(many) * 1e9 for spent in fastest]
    pairs = zip(each[::2], each[1::2], strict=True)
    return [{"is_plain_ns": plain, "ensure_live_ns": live} for plain, live in pairs]


def seconds_of(check: Callable[[Claims], object] | None, many: Sequence[Claims]) -> float:
    """Return what a loop of checks takes; without one, the loop itself."""
    started = time.perf_counter()
    if check is None:
        for _ in many:
            pass
    else:
        for claims in many:
            check(claims)
    return time.perf_counter() - started


async def map_costs(sizes: Sequence[int], claims: int, loops: int) -> list[dict[str, Any]]:
    """Return what the map itself costs."""
    everything = (0, *sizes)
    checks = await check_costs(everything, await live_claims(claims), loops)
    rows: list[dict[str, Any]] = []
    for size, costs in zip(everything, checks, strict=True):
        row: dict[str, Any] = {"entries": size} | costs
        if size:
            kept = await memory_bytes(size)
            row |= {"memory_kib": kept / 1024, "entry_bytes": kept / size}
        rows.append(row)
    return rows


async def reads_in_process(sizes: Sequence[int], reads: int) -> list[dict[str, Any]]:
    """Return what reading the map costs without a server."""
    return [
        {"store": IN_PROCESS, "entries": size} | await read_costs(held(size), reads)
        for size in sizes
    ]


MAP_COLUMNS = (
    Column(key="entries", title="live entries", form=",d"),
    Column(key="memory_kib", title="map, KiB", form=",.0f"),
    Column(key="entry_bytes", title="bytes per entry", form=".0f"),
    Column(key="is_plain_ns", title="`is_plain`, ns", form=".0f"),
    Column(key="ensure_live_ns", title="`ensure_live`, ns", form=".0f"),
)
READ_COLUMNS = (
    Column(key="store", title="whole read from"),
    Column(key="entries", title="live entries", form=",d"),
    Column(key="read_ms", title="takes, ms", form=",.1f"),
    Column(key="block_ms", title="longest block, ms", form=",.1f"),
)


def growth(rows: Sequence[dict[str, Any]], in_process: Sequence[dict[str, Any]]) -> list[str]:
    """Say how each figure grows from the smallest map to the largest."""
    least, most = rows[1], rows[-1]

    def times(key: str) -> float:
        return float(most[key] / least[key])

    block = in_process[-1]["block_ms"] / in_process[0]["block_ms"]
    grown = (
        f"{least['entries']:,} to {most['entries']:,} entries (x {times('entries'):,.0f})",
        f"memory x {times('memory_kib'):,.0f}",
        f"a check x {times('is_plain_ns'):.2f}",
        f"the longest block by the map's own part of a whole read x {block:,.0f}",
    )
    return [f"From {', '.join(grown)}."]


def draw(report: Report, figure: Figure) -> None:
    """Draw memory, the check and the longest block against the number of entries."""
    costs, reads = report.tables[0].rows[1:], report.tables[1].rows
    sizes = [row["entries"] for row in costs]
    figure.set_size_inches(10, 3.4)
    memory, check, block = figure.subplots(1, 3)
    memory.loglog(sizes, [row["memory_kib"] for row in costs], "o-", color="#9467bd")
    memory.set(title="Memory of the map", ylabel="KiB")
    for key, line in (("is_plain_ns", "o-"), ("ensure_live_ns", "s--")):
        check.semilogx(sizes, [row[key] for row in costs], line, label=key.removesuffix("_ns"))
    check.set(title="One check of live claims", ylabel="nanoseconds")
    check.set_ylim(bottom=0)
    check.legend()
    for store in dict.fromkeys(row["store"] for row in reads):
        mine = [row for row in reads if row["store"] == store]
        least = [row["block_ms"] for row in mine]
        above = [row["block_max_ms"] - row["block_ms"] for row in mine]
        spread = ([0.0] * len(mine), above)
        at, colour = [row["entries"] for row in mine], COLOURS.get(store, "#9467bd")
        block.errorbar(at, least, yerr=spread, fmt="o-", capsize=2, label=store, color=colour)
    block.set(title="Longest block by a whole read", ylabel="milliseconds")
    block.set(xscale="log", yscale="log")
    block.legend()
    for axes in (memory, check, block):
        axes.set_xlabel("live entries")


def measure(options: argparse.Namespace) -> Report:
    """Measure the map, then whole reads from each store."""
    sizes = sorted(options.entries)
    print("the map: memory and checks")
    rows = asyncio.run(map_costs(sizes, options.claims, options.loops))
    reads = asyncio.run(reads_in_process(sizes, options.reads))
    notes = growth(rows, reads)
    versions: dict[str, str] = {}
    for name in options.stores:
        with serving(name, options) as server:
            versions[name] = server.version
            reads += asyncio.run(reads_of(server, sizes, options.reads))
    return Report(
        name="revocation_map",
        picture="Memory, check cost and longest block of the event loop by live entries",
        tables=(
            Table(columns=MAP_COLUMNS, rows=rows),
            Table(columns=READ_COLUMNS, rows=reads),
        ),
        notes=notes,
        versions=versions,
    )


def main(words: Sequence[str] | None = None) -> None:
    """Measure, print, and keep the figures."""
    options = parser(__doc__)
    options.add_argument("--entries", type=int, nargs="+", default=SIZES, help="live entries")
    options.add_argument("--claims", type=int, default=2_000, help="tokens that are checked")
    options.add_argument("--loops", type=int, default=200, help="loops of checks for each size")
    options.add_argument("--reads", type=int, default=5, help="whole reads for each size")
    add_options(options, "SQLite", "PostgreSQL", "Valkey")
    given = options.parse_args(words)
    deliver(measure(given), draw, given)


if __name__ == "__main__":
    main()
