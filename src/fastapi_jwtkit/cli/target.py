"""What a command works on: ``module:app``, or a kit from the environment."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import typer

from fastapi_jwtkit.cli import MISUSED
from fastapi_jwtkit.errors import JWTKitError
from fastapi_jwtkit.kit import JWTKit
from fastapi_jwtkit.settings import Settings

__all__ = ["load_app", "load_kit", "misused", "with_kit"]

Answer = TypeVar("Answer")


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


def load_kit(target: str | None, *, factory: bool = False, realm: str | None = None) -> JWTKit:
    """Return the kit of an application, or one of the settings alone; nothing is opened.

    Args:
        target: ``module:app``; ``None``: whatever ``JWTKIT_*`` says.
        factory: whether the name is that of a function which makes the application.
        realm: which kit, where an application has more than one.
    """
    if target is None:
        return JWTKit(Settings())
    from fastapi_jwtkit.web.installed import plugins_of  # noqa: PLC0415 - imports the web

    app: Any = load_app(target, factory=factory)
    kits = {plugin.kit.realm: plugin.kit for plugin in plugins_of(app)}
    if not kits:
        misused(f"{target} has no kit: auth.install(app) was not called on it.")
    if realm is None and len(kits) == 1:
        return next(iter(kits.values()))
    if realm not in kits:
        misused(f"{target} has the realms {', '.join(sorted(kits))}. Name one: --realm …")
    return kits[realm]


def with_kit(kit: JWTKit, work: Callable[[JWTKit], Awaitable[Answer]]) -> Answer:
    """Run ``work`` and close whatever it opened."""

    async def run() -> Answer:
        try:
            return await work(kit)
        finally:
            await kit.stop()

    return asyncio.run(run())


def misused(text: str) -> NoReturn:
    """Say what is wrong with the call, and exit with 2."""
    sys.stderr.write(f"{text}\n")
    raise typer.Exit(MISUSED)
