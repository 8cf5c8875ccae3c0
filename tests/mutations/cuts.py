"""What it means to take a defence out of the package."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "SECURITY", "Cut", "CutMissesError", "Defence", "copy_without"]

ROOT = Path(__file__).parents[2]
SECURITY = "tests/security/"
PACKAGE = Path("src") / "fastapi_jwtkit"


class CutMissesError(Exception):
    """The text that a cut takes out is not there exactly once: the code was changed."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A text of the package, and what stands in its place without the defence."""

    path: str
    text: str
    instead: str = "pass"


@dataclass(frozen=True, slots=True)
class Defence:
    """Something that keeps a defect out.

    Attributes:
        name: what it does, as a phrase.
        cuts: what has to go, all of it, for the defect to be there.
        tests: ``file::test`` below ``tests/security``, or from ``tests/`` on where they are
            elsewhere; each has to fail without the defence.
    """

    name: str
    cuts: tuple[Cut, ...]
    tests: tuple[str, ...]


def copy_without(defence: Defence | None, where: Path) -> Path:
    """Copy the package, take a defence out of the copy, and return what to import it from.

    Raises:
        CutMissesError: a cut does not apply.
    """
    source = where / "src"
    shutil.copytree(
        ROOT / PACKAGE,
        source / PACKAGE.name,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for cut in defence.cuts if defence else ():
        path = source / PACKAGE.name / cut.path
        text = path.read_text("utf-8") if path.exists() else ""
        if text.count(cut.text) != 1:
            raise CutMissesError(f"{cut.path}: {text.count(cut.text)} times {cut.text!r}")
        path.write_text(text.replace(cut.text, cut.instead), "utf-8")
    return source
