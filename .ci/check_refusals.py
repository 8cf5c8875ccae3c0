"""Check that mypy and pyright refuse each line of ``tests/typing/refused.py`` marked so.

A type that is too wide passes every test of what must be accepted; only what must be
refused shows it. Lines end in ``# refused``; an error anywhere else is a failure too.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

FILE = Path("tests/typing/refused.py")
MARK = "# refused"


def marked() -> set[int]:
    """Return the numbers of the lines that must be refused."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return {number for number, line in enumerate(lines, 1) if line.endswith(MARK)}


def run(*command: str) -> str:
    """Return what a checker prints; it is expected to fail."""
    answer = subprocess.run(  # noqa: S603 - fixed commands
        [sys.executable, "-m", *command, str(FILE)], check=False, capture_output=True, text=True
    )
    return answer.stdout


def refused_by_mypy() -> set[int]:
    """Return the lines on which mypy reports an error."""
    pattern = re.compile(rf"^{re.escape(str(FILE))}:(\d+): error:", re.MULTILINE)
    return {int(number) for number in pattern.findall(run("mypy", "--no-pretty"))}


def refused_by_pyright() -> set[int]:
    """Return the lines on which pyright reports an error."""
    report = json.loads(run("pyright", "--outputjson", "--pythonpath", sys.executable))
    return {
        item["range"]["start"]["line"] + 1
        for item in report["generalDiagnostics"]
        if item["severity"] == "error"
    }


def main() -> int:
    """Compare both checkers with the marks."""
    wanted, status = marked(), 0
    for name, refused in (("mypy", refused_by_mypy()), ("pyright", refused_by_pyright())):
        if refused == wanted:
            print(f"{name} refuses all {len(wanted)} marked lines and no other")
            continue
        status = 1
        print(f"{name} accepts {sorted(wanted - refused)}, refuses {sorted(refused - wanted)}")
    return status


if __name__ == "__main__":
    sys.exit(main())
