"""Take each defence out of a copy of the package, and see its tests fail.

::

    uv run python tests/mutations                 all defences, and a table
    uv run python tests/mutations --only scheme   those whose name has that in it

Each runs its own tests and no others, in a process of its own. Exits 1 if a test passes without
the defence that it is for, if a cut does not apply any more, or if a test of a defect has none.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from mutations.cuts import ROOT, SECURITY, CutMissesError, Defence, copy_without
from mutations.table import DEFENCES, defects_without_defence

SECONDS = 120
_OUTCOME = re.compile(r"^(PASSED|FAILED|ERROR) (\S+?::\w+)(\[.*?\])?(?: - .*)?$", re.MULTILINE)


def path_of(test: str) -> str:
    """Return what pytest calls a test."""
    return test if test.startswith("tests/") else SECURITY + test


def outcomes(source: Path, tests: Iterable[str]) -> dict[str, set[str]]:
    """Run tests against a copy of the package, and return how each, and each case, ended."""
    where = {"PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-n0", "-q", "-rA", "--tb=no"]
    done = subprocess.run(  # noqa: S603 - our own tests
        [*command, "-p", "no:cacheprovider", *map(path_of, tests)],
        cwd=ROOT,
        env={**os.environ, **where},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    found: dict[str, set[str]] = {}
    for outcome, name, case in _OUTCOME.findall(done.stdout):
        test = name.removeprefix(SECURITY)
        for each in {test, test + case}:
            found.setdefault(each, set()).add(outcome)
    return found


def complaint(defence: Defence) -> str:
    """Return what is wrong with a defence or its tests; empty if they fail without it."""
    with tempfile.TemporaryDirectory() as directory:
        try:
            source = copy_without(defence, Path(directory))
        except CutMissesError as error:
            return f"the cut does not apply: {error}"
        try:
            found = outcomes(source, defence.tests)
        except subprocess.TimeoutExpired:
            return f"its tests take more than {SECONDS} s without it"
    for test in defence.tests:
        ended = found.get(test, set())
        if ended != {"FAILED"}:
            return f"{test}: {', '.join(sorted(ended)) or 'not run'}"
    return ""


def broken_without_cuts(defences: Iterable[Defence]) -> str:
    """Return which tests do not pass where every defence is in place; empty if all do."""
    tests = sorted({test for defence in defences for test in defence.tests})
    with tempfile.TemporaryDirectory() as directory:
        source = copy_without(None, Path(directory))
        check = "import fastapi_jwtkit; print(fastapi_jwtkit.__file__)"
        imported = subprocess.run(  # noqa: S603 - our own code
            [sys.executable, "-c", check],
            env={**os.environ, "PYTHONPATH": str(source)},
            capture_output=True,
            text=True,
            check=True,
        )
        if not imported.stdout.startswith(str(source)):
            return "the copy of the package is not the one that is imported"
        found = outcomes(source, tests)
    failing = [test for test in tests if found.get(test) != {"PASSED"}]
    return ", ".join(failing)


def main() -> int:
    """Run what is asked for; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes at once")
    asked = parser.parse_args()
    chosen = [
        defence
        for defence in DEFENCES
        if not asked.only or any(part in defence.name for part in asked.only)
    ]
    began = time.monotonic()
    failing = broken_without_cuts(chosen)
    if failing:
        print(f"with every defence in place: {failing}")
        return 1
    wrong = defects_without_defence()
    for test in wrong:
        print(f"WITHOUT A DEFENCE  {test}")
    width = max(len(defence.name) for defence in chosen)
    with ThreadPoolExecutor(asked.jobs) as processes:
        for defence, why in zip(chosen, processes.map(complaint, chosen), strict=True):
            print(f"{defence.name:{width}}  {why or f'{len(defence.tests)} failed, as it should'}")
            wrong += [defence.name] if why else []
    seconds = time.monotonic() - began
    print(f"{len(chosen)} defences taken out, {len(wrong)} complaints, {seconds:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
