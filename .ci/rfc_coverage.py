"""The page that says which test shows which line of the standards, and what is open."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from coverage_marks import LESSONS, NOT_YET, PARTLY, Mark, covered_lines
from standards import SECTIONS, Number

__all__ = ["coverage_page"]

HEAD = """# Standards and what shows them

Each line is a rule of a published standard, or a lesson from an attack on another library, in a few
words of our own. The files named beside it hold the tests that carry its number,
`@pytest.mark.std(41)` or `@pytest.mark.attack(3)`; this page is made from those marks, and a test
fails if it is out of date. A line without a test has to say here why it has none.

"""
OPEN_HEAD = """## What is open

| line | what | why |
|---|---|---|
"""
TABLE_HEAD = "| line | what holds | shown by |\n|---|---|---|\n"


def coverage_page() -> str:
    """Return the page below its first line."""
    covered = covered_lines()
    parts = [HEAD, _summary(covered), _open(), *_tables(covered)]
    return "".join(parts).rstrip("\n") + "\n"


def _summary(covered: Mapping[Mark, set[str]]) -> str:
    lines = [("std", number) for section in SECTIONS.values() for number in section]
    lines += [("attack", number) for number in LESSONS]
    shown = [line for line in lines if line in covered]
    partly = [line for line in shown if line in PARTLY]
    return (
        f"{len(lines)} lines: {len(shown) - len(partly)} shown, {len(partly)} shown in part, "
        f"{len(lines) - len(shown)} open.\n\n"
    )


def _open() -> str:
    rows: list[str] = []
    for name, section in _sections():
        rows += [
            f"| {number} | {text} | {NOT_YET[name, number]} |"
            for number, text in section.items()
            if (name, number) in NOT_YET
        ]
        rows += [
            f"| {number} | in part: {text} | {PARTLY[name, number]} |"
            for number, text in section.items()
            if (name, number) in PARTLY
        ]
    return OPEN_HEAD + "\n".join(rows) + "\n\n"


def _sections() -> Iterator[tuple[str, Mapping[Number, str]]]:
    yield from (("std", section) for section in SECTIONS.values())
    yield "attack", LESSONS


def _tables(covered: Mapping[Mark, set[str]]) -> Iterator[str]:
    for title, section in SECTIONS.items():
        yield f"## {title}\n\n{TABLE_HEAD}{_rows('std', section, covered)}\n\n"
    yield f"## Lessons from attacks\n\n{TABLE_HEAD}{_rows('attack', LESSONS, covered)}\n"


def _rows(kind: str, section: Mapping[Number, str], covered: Mapping[Mark, set[str]]) -> str:
    return "\n".join(
        f"| {number} | {text} | {_shown_by((kind, number), covered)} |"
        for number, text in section.items()
    )


def _shown_by(mark: Mark, covered: Mapping[Mark, set[str]]) -> str:
    files = "<br>".join(f"`{path}`" for path in sorted(covered.get(mark, ())))
    return files or "*open*"
