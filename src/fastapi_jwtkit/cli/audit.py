"""``jwtkit audit`` and ``jwtkit scopes``: which routes a stranger can call, and who needs what."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from fastapi_jwtkit.cli.console import console, print_json
from fastapi_jwtkit.cli.options import AsJson, Factory
from fastapi_jwtkit.cli.target import load_app, misused
from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.web.audit import RouteRow, Status, audit_routes
from fastapi_jwtkit.web.audit_report import AuditReport, audit

__all__ = ["audit_command", "audit_options", "report_table", "scopes_command"]

FINDINGS = 1
"""Exit code of an audit after which there is something to look at."""
_STYLES = {
    Status.GUARDED: "green",
    Status.PUBLIC: "cyan",
    Status.GATE_ONLY: "yellow",
    Status.OPTIONAL: "yellow",
    Status.OPEN: "bold red",
    Status.UNKNOWN: "bold red",
}
_KEYS = frozenset({"allow", "public_docs"})


class Form(StrEnum):
    """How an audit is told."""

    TABLE = "table"
    JSON = "json"
    GITHUB = "github"


Target = Annotated[str, typer.Argument(help="The application: module:app, as for uvicorn.")]


def audit_command(
    target: Target,
    form: Annotated[
        Form,
        typer.Option("--format", help="table, json, or github: annotations for a pull request."),
    ] = Form.TABLE,
    *,
    as_json: AsJson = False,
    factory: Factory = False,
    public_docs: Annotated[
        bool, typer.Option("--public-docs", help="/docs and the schema may be open.")
    ] = False,
    pyproject: Annotated[
        Path | None,
        typer.Option(help="Where [tool.jwtkit.audit] is; default: the next pyproject.toml."),
    ] = None,
) -> None:
    """Show every route, its guard, and whether a stranger can call it.

    Exits with 1 if a route is neither guarded nor public, with 2 if the app cannot be loaded.
    """
    options = audit_options(pyproject)
    app = load_app(target, factory=factory)
    try:
        report = audit(
            app,
            allow=options.get("allow", {}),
            public_docs=public_docs or bool(options.get("public_docs", False)),
        )
    except ConfigurationError as error:
        misused(str(error))
    if as_json or form is Form.JSON:
        print_json(as_data(report))
    elif form is Form.GITHUB:
        _annotate(report)
    else:
        _show(report)
    raise typer.Exit(FINDINGS if report.findings else 0)


def scopes_command(target: Target, *, as_json: AsJson = False, factory: Factory = False) -> None:
    """Show which route needs which scope."""
    rows = [row for row in audit_routes(load_app(target, factory=factory)) if row.scopes]
    names = sorted({scope for row in rows for scope in row.scopes})
    if as_json:
        found = {name: [row.name for row in rows if name in row.scopes] for name in names}
        print_json(found)
        return
    table = Table("METHOD", "PATH", *map(escape, names), box=None)
    for row in rows:
        marks = ("●" if name in row.scopes else "" for name in names)
        table.add_row(",".join(row.methods), escape(row.path), *marks)
    console().print(table)


def report_table(report: AuditReport) -> Table:
    """Return the routes of a report as a table."""
    table = Table("METHOD", "PATH", "GUARD", "SCOPES", "STATUS", "SOURCE", box=None)
    for row in report.rows:
        table.add_row(
            ",".join(row.methods),
            escape(row.path),
            escape("; ".join(row.guards) or "-"),
            escape(" ".join(row.scopes) or "-"),
            f"[{_STYLES[row.status]}]{escape(_status(row, report))}[/]",
            escape(row.source or "?"),
        )
    return table


def as_data(report: AuditReport) -> dict[str, Any]:
    """Return what ``--json`` prints."""
    return {
        "routes": [asdict(row) | {"allowed": report.allowed.get(row.name)} for row in report.rows],
        "findings": [asdict(finding) for finding in report.findings],
        "blind_spots": report.blind_spots,
    }


def _status(row: RouteRow, report: AuditReport) -> str:
    if row.status is Status.PUBLIC:
        return f"public({row.reason})"
    allowed = report.allowed.get(row.name)
    return row.status.value if allowed is None else f"{row.status.value}, allowed({allowed})"


def _show(report: AuditReport) -> None:
    screen = console()
    screen.print(report_table(report))
    for finding in report.findings:
        where = f"  ({finding.source})" if finding.source else ""
        text = escape(f"{finding.text}{where}")
        screen.print(f"[bold red]{escape(finding.about)}[/] {text}", highlight=False)
    routes, findings = len(report.rows), len(report.findings)
    screen.print(f"{routes} routes, {findings} to look at.")
    for blind in report.blind_spots:
        screen.print(f"[dim]{escape(blind)}[/]", highlight=False)


def _annotate(report: AuditReport) -> None:
    for finding in report.findings:
        path, _, line = finding.source.rpartition(":")
        where = f" file={path},line={line}" if path else ""
        text = f"{finding.about} {finding.text}".replace("%", "%25").replace("\n", "%0A")
        typer.echo(f"::error{where}::{text}")
    typer.echo(f"{len(report.rows)} routes, {len(report.findings)} to look at.")


def audit_options(given: Path | None) -> dict[str, Any]:
    """Return ``[tool.jwtkit.audit]`` of a file, or of the next pyproject.toml above."""
    path = given or next(_pyprojects(), None)
    if path is None:
        return {}
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        misused(f"{path} cannot be read: {error}")
    options: dict[str, Any] = table.get("tool", {}).get("jwtkit", {}).get("audit", {})
    unknown = sorted(options.keys() - _KEYS)
    if unknown:
        misused(f"[tool.jwtkit.audit] in {path} knows {sorted(_KEYS)}, and not {unknown[0]!r}.")
    return options


def _pyprojects() -> Iterator[Path]:
    here = Path.cwd()
    folders: Sequence[Path] = (here, *here.parents)
    return (found for folder in folders if (found := folder / "pyproject.toml").is_file())
