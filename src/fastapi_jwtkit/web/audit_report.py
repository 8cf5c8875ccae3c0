"""What of an audit somebody has to look at, and what was allowed with a reason."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.web.audit import (
    RouteRow,
    Status,
    audit_routes,
    blind_spots,
    dead_openings,
)

__all__ = ["AuditReport", "Finding", "audit"]

_SETTLED = frozenset({Status.GUARDED, Status.PUBLIC})
_WHERE = "[tool.jwtkit.audit.allow]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something to look at.

    Attributes:
        about: ``GET /tasks``, or the entry of a list.
        text: what is wrong.
        source: ``file:line``; empty where there is none.
    """

    about: str
    text: str
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """Every route of an app, and what is to be looked at.

    Attributes:
        rows: the routes, in the order in which they are asked.
        findings: empty where every route is guarded, public or allowed.
        allowed: reasons by the name of the route.
        blind_spots: what the audit cannot see, in sentences.
    """

    rows: tuple[RouteRow, ...]
    findings: tuple[Finding, ...]
    allowed: Mapping[str, str] = field(default_factory=dict[str, str])
    blind_spots: tuple[str, ...] = ()


def audit(
    app: object, *, allow: Mapping[str, str] | None = None, public_docs: bool = False
) -> AuditReport:
    """Look at every route of an app.

    Args:
        app: a FastAPI or Starlette app.
        allow: reasons for routes that are neither guarded nor public, by ``"GET /path"`` or by
            ``"/path"`` for all methods. An entry that no route needs is a finding.
        public_docs: whether the schema and the pages that show it may be open.

    Raises:
        ConfigurationError: an entry without a reason.
    """
    allow = dict(allow or {})
    for name, reason in allow.items():
        _ensure_says_why(name, reason)
    rows = tuple(audit_routes(app))
    found = {row.name: _reason_for(row, allow, public_docs=public_docs) for row in rows}
    allowed = {name: reason for name, reason in found.items() if reason is not None}
    return AuditReport(
        rows=rows,
        findings=(
            *_of_routes(rows, allowed),
            *_of_entries(rows, allow),
            *(
                Finding(about=path, text="protect(public=…) names it, and no route or mount has it")
                for path in dead_openings(app)
            ),
        ),
        allowed=allowed,
        blind_spots=tuple(blind_spots(app)),
    )


def _of_routes(rows: Collection[RouteRow], allowed: Mapping[str, str]) -> Iterator[Finding]:
    for row in rows:
        if row.status not in _SETTLED and row.name not in allowed:
            may_be_meant = "; if it may be open: public_docs" if row.is_docs else ""
            text = f"{row.status.value}: {row.reason}{may_be_meant}"
            yield Finding(about=row.name, text=text, source=row.source)
        for fault in row.faults:
            yield Finding(about=row.name, text=fault, source=row.source)


def _of_entries(rows: Collection[RouteRow], allow: Mapping[str, str]) -> Iterator[Finding]:
    for name in allow:
        met = [row for row in rows if _is_named(row, name)]
        if not met:
            yield Finding(about=name, text=f"{_WHERE} names it, and no route has it")
        elif all(row.status in _SETTLED for row in met):
            yield Finding(
                about=name, text=f"{_WHERE} names it, and it is {met[0].status.value} already"
            )


def _reason_for(row: RouteRow, allow: Mapping[str, str], *, public_docs: bool) -> str | None:
    if row.status in _SETTLED:
        return None
    # FastAPI's own routes take no guard: behind a gate they are as closed as they can be.
    if row.is_docs and (public_docs or row.status is Status.GATE_ONLY):
        return "documentation of the API"
    return next((reason for name, reason in allow.items() if _is_named(row, name)), None)


def _is_named(row: RouteRow, name: str) -> bool:
    methods, _, path = name.rpartition(" ")
    if path != row.path:
        return False
    # A route that answers GET answers HEAD; nobody has to write both.
    return not methods or set(methods.split(",")) >= set(row.methods) - {"HEAD"}


def _ensure_says_why(name: str, reason: object) -> None:
    path = name.rpartition(" ")[2]
    if path.startswith("/") and isinstance(reason, str) and reason.strip():
        return
    raise ConfigurationError(
        f"The entry {name!r} of {_WHERE} is refused.",
        why="It is a route, as in the audit, and the reason for which it needs no guard.",
        fix='"GET /metrics" = "the network lets the monitor in only".',
        docs="how-to/guard-every-route/",
    )
