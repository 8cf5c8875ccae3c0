"""What a check-up finds: one line each, with what to do and where to read about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fastapi_jwtkit.configuration_errors import DOCS
from fastapi_jwtkit.errors import JWTKitError

__all__ = ["Finding", "Level", "from_error", "good", "note", "problem", "warning"]


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    NOTE = "note"
    """Worth knowing; nothing has to be done."""
    WARNING = "warning"
    """Works, and will surprise somebody."""
    PROBLEM = "problem"
    """Does not work, or is not safe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of a check-up.

    Attributes:
        level: how much it matters.
        check: what was looked at; the same for each outcome, and safe to paste.
        text: what was found. May name paths and hosts.
        fix: what to do; empty where nothing has to be.
        docs: URL of the page about it.
    """

    level: Level
    check: str
    text: str
    fix: str = ""
    docs: str = ""


def good(check: str, text: str) -> Finding:
    """Say that something is as it should be."""
    return Finding(level=Level.OK, check=check, text=text)


def note(check: str, text: str, *, fix: str = "", page: str) -> Finding:
    """Say what is worth knowing."""
    return Finding(level=Level.NOTE, check=check, text=text, fix=fix, docs=DOCS + page)


def warning(check: str, text: str, *, fix: str, page: str) -> Finding:
    """Say what will surprise somebody."""
    return Finding(level=Level.WARNING, check=check, text=text, fix=fix, docs=DOCS + page)


def problem(check: str, text: str, *, fix: str, page: str) -> Finding:
    """Say what does not work, or is not safe."""
    return Finding(level=Level.PROBLEM, check=check, text=text, fix=fix, docs=DOCS + page)


def from_error(check: str, error: JWTKitError, *, page: str) -> Finding:
    """Turn an error of ours, which teaches already, into a problem."""
    first, *rest = str(error).splitlines()
    fix = " ".join(line.strip().removeprefix("fix:").strip() for line in rest if "fix:" in line)
    return problem(check, first, fix=fix, page=page)
