"""Break servers and workers under load, and say which promises held.

::

    uv run python tests/faults                       all faults, and a table
    uv run python tests/faults --only postgres       those whose name has that in it
    uv run python tests/faults --markdown FILE       write the table into a page

Real servers on free ports of 127.0.0.1, bounded in requests and time; everything that is
started is ended. Exits 1 if a promise was broken.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ["PYTHONPATH"] = sys.path[0]  # for the process that workers are forked from

from faults import replica_faults, sql_faults, valkey_faults
from faults.play import Outcome, perform
from faults.report import markdown, table, write_between_markers
from faults.stands import Fault, Stand

STANDS: tuple[Stand, ...] = (
    *valkey_faults.STANDS,
    *replica_faults.STANDS,
    *sql_faults.STANDS,
)
LIMIT_SECONDS = 300.0
"""What has not begun by then is not run, and counts as broken."""


def _chosen(stand: Stand, only: list[str]) -> list[Fault]:
    return [
        fault
        for fault in stand.faults
        if not only or any(part in f"{stand.name} {fault.slug}".lower() for part in only)
    ]


async def _all(only: list[str], due: float) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for stand in STANDS:
        faults = _chosen(stand, only)
        if faults:
            outcomes += await perform(stand, faults, due=due)
    return outcomes


def main() -> int:
    """Run what is asked for; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("--markdown", type=Path, metavar="FILE")
    parser.add_argument("--list", action="store_true", help="say which faults there are")
    arguments = parser.parse_args()
    if arguments.list:
        for stand in STANDS:
            print(*(f"{stand.name}: {fault.slug}" for fault in stand.faults), sep="\n")
        return 0
    began = time.monotonic()
    only = [part.lower() for part in arguments.only]
    outcomes = asyncio.run(_all(only, due=began + LIMIT_SECONDS))
    if not outcomes:
        print("no fault has that in its name; --list says what there is")
        return 2
    print(table(outcomes))
    if arguments.markdown is not None:
        write_between_markers(arguments.markdown, markdown(outcomes))
    broken = sum(not outcome.ledger.kept for outcome in outcomes)
    took = time.monotonic() - began
    print(f"{len(outcomes)} faults in {took:.0f} s, {broken} with a broken promise")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
