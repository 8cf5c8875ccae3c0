"""Rules of the house that no linter knows: sizes, and what must never be tracked.

Run from the root of the checkout; needs nothing but Python and git.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40
CODE = ("src/", "examples/", "benchmarks/", "docs_src/", ".ci/", "tests/")
LONG_FUNCTIONS_ALLOWED = ("tests/", "examples/todo/tests/")

FORBIDDEN = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s*\n?[A-Za-z0-9+/=]{16}"),
    "a private JWK": re.compile(r'"d"\s*:\s*"[A-Za-z0-9_-]{40,}"'),
    "the address of a registry": re.compile(
        r"https?://[^\s/\"']*(?:@|artifactory|nexus|devpi|pypi\.org/simple|:\d+/simple)"
    ),
    "a path of one machine": re.compile(r"(?<![\w.:/])/(?:root|home/\w+|Users/\w+|work)/[\w.]"),
}
"""What no tracked text file may hold. RFC vectors are built from their numbers."""

NEVER_TRACKED = re.compile(
    r"(^|/)(uv\.lock|\.env|\.venv[^/]*/.*|\.jwtkit/.*|site/.*)$|\.(pem|key|p12|sqlite3?|db|pyc)$"
)


def tracked() -> list[Path]:
    """Return every file that git tracks and that still exists."""
    listing = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 - git is where the PATH says
        check=True,
        capture_output=True,
        text=True,
    )
    paths = (Path(name) for name in listing.stdout.split("\0") if name)
    return [path for path in paths if path.is_file()]


def sizes(path: Path, text: str) -> Iterator[str]:
    """Say which file and which functions are too long."""
    lines = text.count("\n")
    if lines >= MAX_FILE_LINES:
        yield f"{path}: {lines} lines, {MAX_FILE_LINES} is too many"
    if str(path).startswith(LONG_FUNCTIONS_ALLOWED):
        return
    for node in ast.walk(ast.parse(text, str(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1 - _docstring_lines(node)
            if length >= MAX_FUNCTION_LINES:
                yield f"{path}:{node.lineno}: {node.name} has {length} lines without its docstring"


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        return (first.end_lineno or first.lineno) - first.lineno + 1
    return 0


def secrets(path: Path, text: str) -> Iterator[str]:
    """Say what a file holds that it must not."""
    for what, pattern in FORBIDDEN.items():
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            yield f"{path}:{line}: holds {what}"


def complaints() -> Iterator[str]:
    """Walk the tracked files and say everything that is wrong with them."""
    for path in tracked():
        if NEVER_TRACKED.search(str(path)):
            yield f"{path}: must not be tracked"
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if path.suffix == ".py" and str(path).startswith(CODE):
            yield from sizes(path, text)
        if path != Path(".ci/check_structure.py"):
            yield from secrets(path, text)


def main() -> int:
    """Print every complaint; 1 if there is one."""
    found = list(complaints())
    print("\n".join(found) or f"{len(tracked())} tracked files hold to the rules of the house")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
