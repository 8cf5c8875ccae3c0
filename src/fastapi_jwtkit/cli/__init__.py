"""The command ``jwtkit``. Needs the extra ``cli``."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable

from fastapi_jwtkit.errors import MissingExtraError

__all__ = ["MISUSED", "main"]

MISUSED = 2
"""Exit code of a command that cannot be understood or started, as shells have it."""


def main() -> None:
    """Run ``jwtkit``; without the extra say which line installs it, and exit with 2."""
    try:
        run = _load()
    except MissingExtraError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(MISUSED)
    run()


def _load() -> Callable[[], None]:
    try:
        importlib.import_module("typer")
    except ModuleNotFoundError:
        raise MissingExtraError("typer", "cli") from None
    from fastapi_jwtkit.cli.app import run  # noqa: PLC0415 - needs typer

    return run
