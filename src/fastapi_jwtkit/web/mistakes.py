"""Guards that were written so that they never run, or ask for less than they seem to.

FastAPI takes all of these without a word. The route audit tells of them, and an app that has
one does not start.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi.dependencies.models import Dependant

from fastapi_jwtkit.web.guards import Guard, OptionalGuard

__all__ = ["PARAMETERS", "mistakes_in"]

PARAMETERS = ("path_params", "query_params", "header_params", "cookie_params", "body_params")
"""Where a dependant keeps what it takes from a request."""


def mistakes_in(dependant: Dependant) -> Iterator[str]:
    """Yield, in sentences, what cannot be meant as it was written."""
    yield from _of_parameters(dependant)
    for inner in dependant.dependencies:
        yield from _of_scopes(inner)
        yield from _of_a_missing_call(inner)
        yield from mistakes_in(inner)


def _of_scopes(dependant: Dependant) -> Iterator[str]:
    scopes: list[str] = dependant.own_oauth_scopes or []
    if scopes and _has_a_guard(dependant) and not _reads_scopes(dependant):
        named = ", ".join(map(repr, scopes))
        yield (
            f"Security(…, scopes=[{named}]) stands over a guard, which reads no scopes from it, so "
            f"nobody asks for them: write Depends(require_scopes({named}))"
        )


def _of_a_missing_call(dependant: Dependant) -> Iterator[str]:
    name = str(getattr(dependant.call, "__name__", ""))
    module = str(getattr(dependant.call, "__module__", ""))
    if name.startswith("require_") and module.startswith("fastapi_jwtkit."):
        yield f"Depends({name}) makes a guard on each request and asks none: call it, {name}(…)"


def _of_parameters(dependant: Dependant) -> Iterator[str]:
    for kind in PARAMETERS:
        for parameter in getattr(dependant, kind):
            if isinstance(parameter.field_info.default, Guard | OptionalGuard):
                yield (
                    f"the parameter {parameter.name!r} has a guard as its default, which nobody "
                    "asks: write Annotated[Principal, Depends(…)]"
                )


def _has_a_guard(dependant: Dependant) -> bool:
    return isinstance(dependant.call, Guard | OptionalGuard) or any(
        _has_a_guard(inner) for inner in dependant.dependencies
    )


def _reads_scopes(dependant: Dependant) -> bool:
    """Say whether somebody's own check takes ``SecurityScopes``, here or below."""
    reads: Any = dependant.security_scopes_param_name
    return reads is not None or any(_reads_scopes(inner) for inner in dependant.dependencies)
