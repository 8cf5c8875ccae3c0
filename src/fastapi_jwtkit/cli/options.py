"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["AppName", "AsJson", "DryRun", "Factory", "Realm"]

AppName = Annotated[
    str | None,
    typer.Option(
        "--app",
        help="The application, module:app, with its stores and settings; "
        "default: a kit from JWTKIT_* alone.",
    ),
]
Factory = Annotated[bool, typer.Option("--factory", help="The name is that of a function.")]
Realm = Annotated[
    str | None, typer.Option(help="Which kit, where the application has more than one.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; do nothing.")]
