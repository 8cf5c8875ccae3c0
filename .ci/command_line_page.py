"""The page of all commands, made from the commands themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import typer.main

from fastapi_jwtkit.cli.app import app

__all__ = ["command_line_page", "commands"]

HEAD = """# The command line

`pip install 'fastapi-jwtkit[cli]'` brings `jwtkit`. Commands read the same `JWTKIT_*` settings
as the application; `--app module:app` names one that is set up in code. Exit codes: 0 done, 1
refused or something to look at, 2 misunderstood. `--json` answers in JSON, times in seconds since
the epoch. `NO_COLOR` is kept. No command takes a secret as a word, and none prints one.

"""


def commands() -> Iterator[tuple[str, Any]]:
    """Return every command that does something, by its whole name."""
    yield from _below("jwtkit", typer.main.get_command(app))


def command_line_page() -> str:
    """Return the page."""
    return HEAD + "\n".join(_section(name, command) for name, command in commands())


def _below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    # By shape: typer's own classes and those of click have it in all releases.
    children: dict[str, Any] = getattr(command, "commands", {})
    if not children:
        yield name, command
    for child, below in sorted(children.items()):
        yield from _below(f"{name} {child}", below)


def _section(name: str, command: Any) -> str:
    lines = [f"## `{name}`", "", inspect.cleandoc(command.help or "").replace("``", "`"), ""]
    rows = [_row(parameter) for parameter in command.params if not _is_help(parameter)]
    lines += ["| | |", "|---|---|", *rows, ""]
    return "\n".join(lines)


def _row(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        words = parameter.name.upper()
    else:
        words = ", ".join(each for each in parameter.opts if each.startswith("--"))
        words += "" if parameter.is_flag else " …"
    return f"| `{words}` | {' '.join((parameter.help or '').split())} |"


def _is_help(parameter: Any) -> bool:
    return "--help" in parameter.opts
