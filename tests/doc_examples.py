"""Loads the files that the documentation shows, and finds the code blocks that show them."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "docs_src"

MARKER = re.compile(r"\s*# --8<-- \[(?P<edge>start|end):(?P<name>\w+)\]\s*$")
INCLUDE = re.compile(r'\s*--8<-- "(?P<path>[\w/.]+\.py)(?::(?P<section>\w+))?"\s*$')
FENCE = re.compile(
    r"^(?P<indent> *)(?P<ticks>`{3,}|~{3,}) *(?P<info>[^\n`]*)\n"
    r"(?P<body>.*?)\n(?P=indent)(?P=ticks) *$",
    re.MULTILINE | re.DOTALL,
)
NOT_RUN = re.compile(r"<!-- not run: (?P<reason>\S.+?) -->\s*$")


def load(name: str) -> ModuleType:
    """Import ``docs_src/<name>.py`` anew, as a person would run it."""
    path = SOURCES / f"{name}.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_pytest(folder: Path, *options: str) -> str:
    """Run pytest in a folder as a reader would, and return what it says."""
    bare = {key: value for key, value in os.environ.items() if not key.startswith("JWTKIT_")}
    answer = subprocess.run(  # noqa: S603 - the interpreter that runs the tests
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, str(folder)],
        cwd=folder,
        env=bare,
        check=False,
        capture_output=True,
        text=True,
    )
    return answer.stdout + answer.stderr


def without_markers(text: str) -> str:
    """Return what a page shows of a whole file."""
    lines = [line for line in text.splitlines() if not MARKER.match(line)]
    return re.sub(r"\n{3,}", "\n\n\n", "\n".join(lines)).strip()


def section(name: str, wanted: str) -> str:
    """Return what a page shows of one section of a file."""
    lines: list[str] = []
    inside = False
    for line in (SOURCES / f"{name}.py").read_text(encoding="utf-8").splitlines():
        marker = MARKER.match(line)
        if marker is None:
            lines += [line] if inside else []
        elif marker["name"] == wanted:
            inside = marker["edge"] == "start"
    if not lines:
        message = f"{name}.py has no section {wanted}"
        raise LookupError(message)
    return textwrap.dedent("\n".join(lines)).strip()


def code_lines(text: str) -> list[str]:
    """Return the lines that somebody has to write: no blank ones, no comments."""
    return [
        line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]


@dataclass(frozen=True)
class Block:
    """One fenced block of Python in a page."""

    page: Path
    body: str
    not_run: str | None

    def included(self) -> tuple[str, str | None] | None:
        """Return the file and section that the block includes, if it does just that."""
        match = INCLUDE.fullmatch(self.body)
        return None if match is None else (match["path"].removesuffix(".py"), match["section"])


def pages() -> list[Path]:
    """Return every page that a reader can meet."""
    top = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
    return [*top, *sorted((ROOT / "docs").rglob("*.md"))]


def python_blocks() -> Iterator[Block]:
    """Find every fenced block of Python in every page."""
    for page in pages():
        text = page.read_text(encoding="utf-8")
        for fence in FENCE.finditer(text):
            language = re.match(r"\{? *\.?(\w*)", fence["info"])
            if language is None or language[1].lower() not in {"python", "py", "python3", "pycon"}:
                continue
            excuse = NOT_RUN.search(text[: fence.start()].rstrip())
            yield Block(page, textwrap.dedent(fence["body"]), excuse and excuse["reason"])
