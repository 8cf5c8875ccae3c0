"""``app.dependency_overrides[current_principal]``: tests say who is calling, once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.requests import HTTPConnection

from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.principal import Principal

__all__ = ["override_of"]


async def override_of(
    overrides: Mapping[Any, Callable[..., Any]],
    keys: Sequence[object],
    connection: HTTPConnection,
) -> tuple[bool, Principal | None]:
    """Return whether one of ``keys`` is overridden, and what the override says.

    FastAPI serves overrides to parameters; guards ask by hand, so that one line in a
    test reaches them too, with their scopes still checked.

    Raises:
        ConfigurationError: the override has dependencies of its own, which nobody
            would fill in here, or returns something that is no principal.
    """
    override = next((overrides[key] for key in keys if key in overrides), None)
    if override is None:
        return False, None
    result = override(connection) if _takes_connection(override) else override()
    if inspect.isawaitable(result):
        result = await result
    if result is not None and not isinstance(result, Principal):
        raise ConfigurationError(
            f"The override of current_principal returned a {type(result).__name__}.",
            why="A guard needs a Principal to check its scopes, or None for a stranger.",
            fix='Return Principal(subject="…", scopes=frozenset({"…"})).',
        )
    return True, result


def _takes_connection(override: Callable[..., Any]) -> bool:
    if inspect.isgeneratorfunction(override) or inspect.isasyncgenfunction(override):
        raise _refused("is a generator")
    try:
        signature = inspect.signature(override, eval_str=True)
    except NameError:
        signature = inspect.signature(override)
    parameters = list(signature.parameters.values())
    if not parameters:
        return False
    annotation = parameters[0].annotation
    if (
        len(parameters) == 1
        and isinstance(annotation, type)
        and issubclass(annotation, HTTPConnection)
        and parameters[0].default is inspect.Parameter.empty
    ):
        return True
    raise _refused("has parameters other than one connection")


def _refused(what: str) -> ConfigurationError:
    return ConfigurationError(
        f"The override of current_principal {what}.",
        why="Guards call it themselves; only FastAPI could fill in dependencies of its own.",
        fix="Override it with a callable that takes nothing, or one parameter annotated "
        "HTTPConnection.",
        docs="how-to/test-your-app/",
    )
