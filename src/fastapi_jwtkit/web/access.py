"""Who may call a route: the one answer that gate, OpenAPI and the route audit share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ForwardRef

from fastapi.dependencies.models import Dependant

from fastapi_jwtkit.web.guards import Guard, OptionalGuard
from fastapi_jwtkit.web.mistakes import PARAMETERS, mistakes_in
from fastapi_jwtkit.web.public import Public

__all__ = ["Access", "AnyGuard", "access_of"]

AnyGuard = Guard | OptionalGuard


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What the dependencies of a route say.

    Attributes:
        guards: in the order in which they run; those that let strangers in are among them.
        mark: the reason of ``public(reason=…)`` on the route itself, whatever guards there
            are; ``None`` without one.
        unresolved: parameters whose annotation FastAPI could not evaluate. It takes such a
            parameter for one of the query, so a guard in it never runs.
        mistakes: guards that cannot be meant as they were written, in sentences.
    """

    guards: tuple[AnyGuard, ...]
    mark: str | None
    unresolved: tuple[str, ...]
    mistakes: tuple[str, ...] = ()

    @property
    def is_guarded(self) -> bool:
        """Whether every request has to show a good token, by identity and not by name."""
        return any(_refuses_strangers(guard) for guard in self.guards)

    @property
    def reason(self) -> str | None:
        """Why a stranger may call it; ``None``: there is no reason. A guard wins over a mark."""
        return None if self.is_guarded else self.mark


def access_of(dependant: Dependant | None) -> Access:
    """Return what the dependencies of a route say; nothing for a route that has none.

    A guard counts at any depth: it runs. A mark counts on the route, its router or its
    ``include_router`` alone, so that no dependency shared by many opens one unseen.
    """
    if dependant is None:
        return Access(guards=(), mark=None, unresolved=())
    marks = [each.call.reason for each in dependant.dependencies if isinstance(each.call, Public)]
    return Access(
        guards=tuple(_guards_of(dependant)),
        mark=marks[0] if marks else None,
        unresolved=tuple(dict.fromkeys(_unresolved(dependant))),
        mistakes=tuple(dict.fromkeys(mistakes_in(dependant))),
    )


def _guards_of(dependant: Dependant) -> Iterator[AnyGuard]:
    for inner in dependant.dependencies:
        if isinstance(inner.call, Guard | OptionalGuard):
            yield inner.call
        yield from _guards_of(inner)


def _refuses_strangers(guard: AnyGuard) -> bool:
    # Not a subclass with a __call__ of its own: what that lets in is for nobody here to say.
    return isinstance(guard, Guard) and type(guard).__call__ is Guard.__call__


def _unresolved(dependant: Dependant) -> Iterator[str]:
    for kind in PARAMETERS:
        for parameter in getattr(dependant, kind):
            if _is_a_name_only(parameter.field_info.annotation):
                yield str(parameter.name)
    for inner in dependant.dependencies:
        yield from _unresolved(inner)


def _is_a_name_only(annotation: Any) -> bool:
    return isinstance(annotation, ForwardRef | str)
