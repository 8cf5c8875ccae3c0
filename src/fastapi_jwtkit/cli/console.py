"""How commands talk: tables that know whether anybody is looking, and times people read."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import typer
from rich.console import Console

__all__ = ["clock_time", "console", "print_json", "span"]

_WIDTH_OF_A_FILE = 200


def console() -> Console:
    """Return where tables go; colours only where they are seen and NO_COLOR is not set."""
    found = Console()  # knows NO_COLOR, and whether anybody is looking
    return found if found.is_terminal else Console(width=_WIDTH_OF_A_FILE)


def print_json(value: object) -> None:
    """Print a value as JSON; times in it are seconds since the epoch."""
    typer.echo(json.dumps(value, indent=2, default=_plain))


def clock_time(seconds: float, *, now: float) -> str:
    """Return a time as clocks here show it, with the day where that is not today."""
    then, today = (datetime.fromtimestamp(each, UTC).astimezone() for each in (seconds, now))
    return f"{then:%H:%M:%S}" if then.date() == today.date() else f"{then:%Y-%m-%d %H:%M}"


def span(seconds: float) -> str:
    """Return a length of time in its two largest units: ``3 d 4 h``."""
    left = max(0, round(seconds))
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])


def _plain(value: object) -> str:
    return str(value)
