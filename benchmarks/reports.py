"""What a benchmark says: a table to read, its figures as JSON, a plot, a part of a page.

Each run writes ``<name>.json`` and ``<name>.svg`` to ``benchmarks/results/``. With
``--markdown`` it also puts its table into the documentation, between the two comments
that name the benchmark there, and its plot beside the page.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "explanation" / "performance.md"
ASSETS = Path("assets", "performance")
COLOURS = {
    "memory": "#7f7f7f",
    "SQLite": "#2ca02c",
    "PostgreSQL": "#1f77b4",
    "Valkey": "#d62728",
    "Valkey (fsync)": "#ff9896",
}
"""One colour for each store, in every plot."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of the table.

    Attributes:
        key: of the value in each row.
        title: with the unit.
        form: format of a number; text is shown as it is.
    """

    key: str
    title: str
    form: str = ""

    def cell(self, row: Mapping[str, Any]) -> str:
        """Return what the table shows, a dash where there is nothing."""
        value = row.get(self.key)
        if value is None or value == "":
            return "-"
        return value if isinstance(value, str) else format(value, self.form)


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of figures.

    Attributes:
        columns: what of each row is shown, from left to right.
        rows: the figures, and more of them than are shown.
        title: what tells it from the others.
    """

    columns: tuple[Column, ...]
    rows: Sequence[Mapping[str, Any]]
    title: str = ""

    def cells(self) -> list[list[str]]:
        """Return the titles of the columns and the rows below them."""
        titles = [column.title for column in self.columns]
        return [titles, *([column.cell(row) for column in self.columns] for row in self.rows)]


@dataclass(frozen=True, kw_only=True)
class Report:
    """The outcome of one benchmark.

    Attributes:
        name: of the script, and of the files that it writes.
        picture: what the plot shows, for who cannot see it.
        notes: sentences that belong below the tables.
        samples: texts to be shown as they are, by title.
        versions: of the servers that took part.
        details: more figures for the plot and for the JSON.
    """

    name: str
    picture: str
    tables: Sequence[Table]
    notes: Sequence[str] = ()
    samples: Mapping[str, str] = field(default_factory=dict[str, str])
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])


def verdict(
    value: float | None, *, at_least: float | None = None, at_most: float | None = None
) -> str:
    """Return the goal and whether it was met."""
    if value is None:
        return ""
    if at_least is not None:
        return f">= {at_least:g}: {'met' if value >= at_least else 'MISSED'}"
    return f"<= {at_most:g}: {'met' if at_most is None or value <= at_most else 'MISSED'}"


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options that all benchmarks have."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--no-plot", action="store_true", help="draw nothing: needs no matplotlib")
    made.add_argument(
        "--results", type=Path, default=RESULTS, metavar="FOLDER", help="where the files go"
    )
    made.add_argument(
        "--markdown",
        type=Path,
        nargs="?",
        const=PAGE,
        metavar="PAGE",
        help="put the table into a page, and the plot beside it (default: the documentation)",
    )
    return made


def deliver(
    report: Report, draw: Callable[[Report, Figure], None], options: argparse.Namespace
) -> None:
    """Print the table and write the files."""
    print(as_text(report))
    options.results.mkdir(parents=True, exist_ok=True)
    kept = options.results / f"{report.name}.json"
    kept.write_text(json.dumps(asdict(report) | {"machine": machine()}, indent=2) + "\n")
    print(f"written to {kept.name}")
    if not options.no_plot:
        plot(report, draw, options.results / f"{report.name}.svg")
    if options.markdown is not None:
        put_into(options.markdown, report)
        if not options.no_plot:
            beside = options.markdown.resolve().parents[1] / ASSETS / f"{report.name}.svg"
            plot(report, draw, beside)


def as_text(report: Report) -> str:
    """Return the tables in columns, for a terminal."""
    parts = [_in_columns(table) for table in report.tables]
    parts += [f"{title}\n{sample}" for title, sample in report.samples.items()]
    parts.append("\n".join([*report.notes, where_and_when(report)]))
    return "\n" + "\n\n".join(parts)


def _in_columns(table: Table) -> str:
    cells = table.cells()
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [table.title] if table.title else []
    for line in cells:
        numbers = [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        lines.append("  ".join([line[0].ljust(widths[0]), *numbers]).rstrip())
    return "\n".join(lines)


def as_markdown(report: Report) -> str:
    """Return all that a run says, for a page."""
    parts: list[str] = []
    for table in report.tables:
        titles, *rows = table.cells()
        rule = ["---", *("---:" for _ in titles[1:])]
        parts += [table.title] if table.title else []
        parts.append("\n".join(f"| {' | '.join(line)} |" for line in (titles, rule, *rows)))
    for title, sample in report.samples.items():
        parts += [title, f"```text\n{sample}\n```"]
    parts.append("\n".join(f"- {note}" for note in report.notes))
    parts.append(f"![{report.picture}](../{ASSETS.as_posix()}/{report.name}.svg)")
    parts.append(f"*{where_and_when(report)}*")
    return "\n\n".join(part for part in parts if part)


def put_into(page: Path, report: Report) -> None:
    """Replace what stands between the two comments that name the benchmark in a page.

    Raises:
        ValueError: the page has no such comments, or more than one pair.
    """
    start, end = f"<!-- benchmark: {report.name} -->\n", f"<!-- end: {report.name} -->"
    text = page.read_text("utf-8")
    between = re.compile(f"({re.escape(start)}).*?({re.escape(end)})", re.DOTALL)
    text, count = between.subn(
        lambda match: f"{match[1]}\n{as_markdown(report)}\n\n{match[2]}", text
    )
    if count != 1:
        raise ValueError(f"{page.name} holds {start.strip()} … {end} {count} times, not once")
    page.write_text(text, "utf-8")
    print(f"put into {page.name}")


def machine() -> dict[str, str]:
    """Return what was measured on, without a name of the machine."""
    names = ("redis", "sqlalchemy", "asyncpg", "aiosqlite")
    return {
        "day": datetime.now(UTC).date().isoformat(),
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "load": f"{os.getloadavg()[0]:.1f}",
        "Python": platform.python_version(),
        **{name: version(name) for name in names},
    }


def where_and_when(report: Report) -> str:
    """Return a line about the day, the machine and the versions."""
    about = machine()
    software = {name: about[name] for name in ("Python", "redis", "sqlalchemy", "asyncpg")}
    named = ", ".join(f"{name} {number}" for name, number in (software | report.versions).items())
    return (
        f"Measured on {about['day']}: {about['cores']} cores of {about['processor']}, "
        f"{about['system']}, load average at the end {about['load']}; {named}."
    )


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        named = re.search(r"^model name\s*:\s*(.+)$", listing.read_text(), re.MULTILINE)
        if named is not None:
            return named[1]
    return platform.processor() or "an unnamed processor"


def plot(report: Report, draw: Callable[[Report, Figure], None], path: Path) -> None:
    """Draw the figure and save it; the same figures give the same file."""
    # Here, so that a run without plots needs nothing beyond the test group.
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    style: dict[str, Any] = {
        "axes.grid": True,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "font.size": 9,
        "grid.alpha": 0.3,
        "legend.frameon": False,
        "svg.hashsalt": report.name,
    }
    with mpl.rc_context(style):
        figure = Figure(layout="constrained")
        draw(report, figure)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=120)
    print(f"drawn to {path.name}")
