"""All commands of ``jwtkit`` under one roof."""

from __future__ import annotations

import sys

import typer

from fastapi_jwtkit.cli import keys
from fastapi_jwtkit.cli.audit import audit_command, scopes_command
from fastapi_jwtkit.errors import JWTKitError

__all__ = ["app", "run"]

REFUSED = 1
"""Exit code of a command that was understood and not carried out."""

# Typer's own tracebacks print local variables, and here those are keys.
app = typer.Typer(
    name="jwtkit",
    help="Keys and checks for apps that use fastapi-jwtkit.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(keys.app, name="keys")
app.command("audit")(audit_command)
app.command("scopes")(scopes_command)


def run() -> None:
    """Run the command line; an error of ours is its text and exit code 1, no traceback."""
    try:
        app()
    except JWTKitError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(REFUSED)
