"""The command: runs every check-up that fits, and tells what it found."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.markup import escape

from fastapi_jwtkit.cli.config import setting_rows
from fastapi_jwtkit.cli.console import console, print_json
from fastapi_jwtkit.cli.doctor.environment import REPORTED, check_environment, version_of
from fastapi_jwtkit.cli.doctor.findings import Finding, Level, from_error
from fastapi_jwtkit.cli.doctor.keys import check_keys
from fastapi_jwtkit.cli.doctor.network import check_url
from fastapi_jwtkit.cli.doctor.settings import check_settings
from fastapi_jwtkit.cli.doctor.stores import check_stores
from fastapi_jwtkit.cli.options import AsJson, Factory, Realm
from fastapi_jwtkit.cli.target import load_app, load_kit, with_kit
from fastapi_jwtkit.errors import JWTKitError
from fastapi_jwtkit.key_sources.rotation import KeyReport
from fastapi_jwtkit.kit import JWTKit

__all__ = ["doctor_command"]

PROBLEMS = 1
_STYLES = {
    Level.OK: "green",
    Level.NOTE: "cyan",
    Level.WARNING: "yellow",
    Level.PROBLEM: "bold red",
}
_SAFE_TYPES = (bool, int, float)


def doctor_command(
    target: Annotated[
        str | None, typer.Argument(help="The application, module:app; default: JWTKIT_* alone.")
    ] = None,
    *,
    url: Annotated[
        str | None, typer.Option(help="The key set of a running application, to compare with.")
    ] = None,
    report: Annotated[
        bool, typer.Option("--report", help="Without names, hosts and paths: safe to paste.")
    ] = False,
    factory: Factory = False,
    realm: Realm = None,
    as_json: AsJson = False,
) -> None:
    """Check a set-up, and say for each line what to do and where to read about it.

    Exits with 1 if there is a problem.
    """
    kit, findings = _examine(target, url=url, factory=factory, realm=realm)
    if report:
        _report(kit, findings)
    elif as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        _show(findings)
    raise typer.Exit(PROBLEMS if any(f.level is Level.PROBLEM for f in findings) else 0)


def _examine(
    target: str | None, *, url: str | None, factory: bool, realm: str | None
) -> tuple[JWTKit | None, list[Finding]]:
    findings = list(check_environment())
    try:
        kit = load_kit(target, factory=factory, realm=realm)
    except JWTKitError as error:
        findings.append(from_error("settings", error, page="reference/settings/"))
        return None, findings
    findings += check_settings(kit.settings)
    findings += with_kit(kit, _ask)
    if target is not None:
        findings += _of_application(target, kit, factory=factory)
    if url is not None:
        findings += check_url(url, with_kit(kit, _keys_if_any))
    return kit, findings


async def _ask(kit: JWTKit) -> list[Finding]:
    return [*await check_keys(kit), *await check_stores(kit)]


async def _keys_if_any(kit: JWTKit) -> KeyReport | None:
    try:
        return await kit.key_rotation.report()
    except JWTKitError:
        return None


def _of_application(target: str, kit: JWTKit, *, factory: bool) -> list[Finding]:
    from fastapi_jwtkit.cli.doctor.application import (  # noqa: PLC0415 - imports the web
        check_application,
        check_hashing,
    )

    app: Any = load_app(target, factory=factory)
    return [*check_application(app, kit), *([check_hashing(kit.hasher)] if kit.users else [])]


def _show(findings: Sequence[Finding]) -> None:
    screen = console()
    for finding in findings:
        style, text = _STYLES[finding.level], f"{finding.check}: {finding.text}"
        screen.print(f"[{style}]{finding.level:8}[/]{escape(text)}", highlight=False)
        if finding.fix:
            screen.print(f"        fix:  {escape(finding.fix)}", highlight=False)
        if finding.docs:
            screen.print(f"        docs: {finding.docs}", highlight=False)
    counts = {level: sum(f.level is level for f in findings) for level in Level}
    screen.print(
        f"\n{counts[Level.PROBLEM]} problems, {counts[Level.WARNING]} warnings, "
        f"{counts[Level.NOTE]} notes, {counts[Level.OK]} fine."
    )


def _report(kit: JWTKit | None, findings: Sequence[Finding]) -> None:
    """Print what helps others to help, and nothing that names anybody."""
    typer.echo(f"system: {platform.system()} {platform.machine()}")
    typer.echo(f"python: {platform.python_version()}")
    for name in REPORTED:
        typer.echo(f"{name}: {version_of(name) or 'not installed'}")
    typer.echo("\nsettings that are not the default:")
    for row in setting_rows(kit.settings) if kit else ():
        if row.source != "default":
            value = getattr(kit.settings, row.name) if kit else None
            # Numbers and switches; whatever could be a name, a host or a path is not told.
            told = row.value if isinstance(value, _SAFE_TYPES) else "set"
            typer.echo(f"  {row.name}: {told} ({row.source.partition(':')[0]})")
    typer.echo("\nchecks:")
    for finding in findings:
        typer.echo(f"  {finding.level:8}{finding.check}")
