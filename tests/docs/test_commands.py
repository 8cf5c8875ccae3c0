"""Every command that a page shows is one, and has the options that it is shown with."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / ".ci"))

from command_line_page import commands  # noqa: E402

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHOWN = [
    (page.relative_to(ROOT).as_posix(), line)
    for page in PAGES
    for line in re.findall(r"^ *\$ (jwtkit .+)$", page.read_text("utf-8"), re.MULTILINE)
]
KNOWN: dict[str, Any] = dict(commands())


@pytest.mark.parametrize(("page", "line"), SHOWN)
def test_a_command_in_a_page_is_one(page: str, line: str) -> None:
    """Its name, its options, and as many words as it takes."""
    words = shlex.split(line.partition(" < ")[0].partition(" | ")[0])
    name = next((n for n in KNOWN if words[: len(n.split())] == n.split()), None)
    assert name is not None, f"{page}: {line}"
    rest = words[len(name.split()) :]
    KNOWN[name].make_context(name, rest, resilient_parsing=False)


def test_there_are_commands_in_pages() -> None:
    """A pattern that finds none would pass for ever."""
    assert len(SHOWN) > 15
