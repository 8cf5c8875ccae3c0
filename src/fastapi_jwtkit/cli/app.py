"""All commands of ``jwtkit`` under one roof."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

import typer

from fastapi_jwtkit.cli import key_rotation, sessions
from fastapi_jwtkit.cli.audit import audit_command, scopes_command
from fastapi_jwtkit.cli.config import config_command
from fastapi_jwtkit.cli.doctor.command import doctor_command
from fastapi_jwtkit.cli.explain import explain_command
from fastapi_jwtkit.cli.key_generation import generate_command
from fastapi_jwtkit.cli.users import create_admin_command
from fastapi_jwtkit.errors import JWTKitError, PasswordRejectedError

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


def _group(name: str, about: str, commands: Mapping[str, Callable[..., None]]) -> None:
    group = typer.Typer(help=about, no_args_is_help=True, rich_markup_mode=None)
    for command, run_it in commands.items():
        # A key id may begin with "-": what is no option is what the command is about.
        group.command(command, context_settings={"ignore_unknown_options": True})(run_it)
    app.add_typer(group, name=name)


_group(
    "keys",
    "Make and look after keys.",
    {
        "generate": generate_command,
        "list": key_rotation.list_command,
        "rotate": key_rotation.rotate_command,
        "retire": key_rotation.retire_command,
        "revoke": key_rotation.revoke_command,
    },
)
_group(
    "sessions",
    "See and end sessions.",
    {
        "list": sessions.list_command,
        "revoke": sessions.revoke_command,
        "prune": sessions.prune_command,
    },
)
_group("users", "Make accounts.", {"create-admin": create_admin_command})
app.command("audit")(audit_command)
app.command("scopes")(scopes_command)
app.command("config")(config_command)
app.command("doctor")(doctor_command)
app.command("explain")(explain_command)


def run() -> None:
    """Run the command line; an error of ours is its text and exit code 1, no traceback."""
    try:
        app()
    except JWTKitError as error:
        # What a person did wrong is told to them in words; all else teaches by its text.
        told = error.detail if isinstance(error, PasswordRejectedError) else str(error)
        sys.stderr.write(f"{told}\n")
        sys.exit(REFUSED)
