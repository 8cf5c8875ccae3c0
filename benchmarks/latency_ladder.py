"""How soon a revoked token is refused, by place: one picture of what was measured.

Run ``benchmarks.revocation_map`` and ``benchmarks.propagation`` first, then
``uv run --group bench python -m benchmarks.latency_ladder``. The figures of the first
rungs are read from what those two wrote to ``benchmarks/results/``; the last rungs are
settings, at their defaults.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.reports import COLOURS, RESULTS, ROOT, plot
from benchmarks.reports import Report as Picture
from fastapi_jwtkit.settings import Settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TARGET = ROOT / "docs" / "assets" / "performance" / "latency_ladder.svg"
NANO, MILLI = 1e-9, 1e-3
TYPICAL_ENTRIES = 1_000


def rungs() -> list[dict[str, Any]]:
    """Return the places from the quickest to the slowest, in seconds.

    Raises:
        FileNotFoundError: a benchmark was not run yet.
    """
    checks = {row["entries"]: row for row in _rows("revocation_map")}
    check = checks[TYPICAL_ENTRIES]["ensure_live_ns"] * NANO
    found: list[dict[str, Any]] = [
        {"place": "the process that revoked", "from": check, "to": check, "colour": "#7f7f7f"},
    ]
    found += [
        {
            "place": f"another process, {row['store']}",
            "from": row["p50"] * MILLI,
            "to": row["p99"] * MILLI,
            "colour": COLOURS[row["store"]],
        }
        for row in _rows("propagation")
    ]
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    for place, setting in (
        ("a process that is cut off", "max_staleness"),
        ("with revocation off", "access_ttl"),
    ):
        seconds = float(defaults[setting])
        found.append(
            {"place": f"{place}\n({setting})", "from": seconds, "to": seconds, "colour": "#000000"}
        )
    return found


def _rows(name: str) -> Sequence[Mapping[str, Any]]:
    kept = json.loads((RESULTS / f"{name}.json").read_text("utf-8"))
    rows: Sequence[Mapping[str, Any]] = kept["tables"][0]["rows"]
    return rows


def said(seconds: float) -> str:
    """Return a duration as people say it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return "0"


def draw(report: Picture, figure: Figure) -> None:
    """Draw one rung for each place, from its median to its 99th percentile."""
    figure.set_size_inches(8, 3.6)
    axes = figure.subplots()
    places = report.details["rungs"]
    for height, rung in enumerate(reversed(places)):
        start, end = rung["from"], rung["to"]
        axes.plot([start, end], [height, height], color=rung["colour"], linewidth=6, alpha=0.6)
        axes.plot([start], [height], marker="o", color=rung["colour"])
        text = said(start) if start == end else f"{said(start)} to {said(end)}"
        axes.annotate(text, (end, height), xytext=(8, -3), textcoords="offset points")
    axes.set_yticks(range(len(places)), [rung["place"] for rung in reversed(places)])
    axes.set_xscale("log")
    axes.set_xlim(1e-8, 1e5)
    axes.set_xlabel("until a revoked token is refused, seconds (median to 99th percentile)")


def main() -> int:
    """Draw the picture of the documentation."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    try:
        places = rungs()
    except FileNotFoundError as error:
        missing = error.filename
        sys.stderr.write(f"{missing} is not there: run that benchmark first.\n")
        return 2
    for rung in places:
        print(f"{' '.join(rung['place'].split()):45} {said(rung['from']):>9} {said(rung['to']):>9}")
    picture = "How soon a revoked token is refused, by place"
    plot(
        Picture(name="latency_ladder", picture=picture, tables=(), details={"rungs": places}),
        draw,
        TARGET,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
