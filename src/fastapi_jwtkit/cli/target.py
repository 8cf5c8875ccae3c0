"""``module:app``: the application that a command looks at."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any, NoReturn

import typer

from fastapi_jwtkit.cli import MISUSED
from fastapi_jwtkit.errors import JWTKitError

__all__ = ["load_app", "misused"]


def load_app(target: str, *, factory: bool) -> object:
    """Import an application as uvicorn does; exits with 2 where there is none.

    Args:
        target: ``module:name``; the name may have dots.
        factory: whether the name is that of a function which makes the application.
    """
    module_name, _, name = target.partition(":")
    if not module_name or not name:
        misused(f"{target!r} is no application. Write module:app, as for uvicorn.")
    sys.path.insert(0, str(Path.cwd()))
    try:
        found: Any = importlib.import_module(module_name)
        for part in name.split("."):
            found = getattr(found, part)
        if factory:
            found = found()
    except JWTKitError as error:
        misused(f"{target} cannot be loaded:\n{error}")
    except Exception as error:  # noqa: BLE001 - whatever an application does as it is imported
        misused(f"{target} cannot be loaded: {type(error).__name__}: {error}")
    if not hasattr(found, "routes"):
        hint = " Is it a function that makes one? Then add --factory." if callable(found) else ""
        misused(f"{target} is a {type(found).__name__}, which has no routes.{hint}")
    app: object = found
    return app


def misused(text: str) -> NoReturn:
    """Say what is wrong with the call, and exit with 2."""
    sys.stderr.write(f"{text}\n")
    raise typer.Exit(MISUSED)
