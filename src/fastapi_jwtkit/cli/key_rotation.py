"""``jwtkit keys``: what keys there are, and what becomes of them next."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, get_args

import typer
from rich.markup import escape
from rich.table import Table

from fastapi_jwtkit.cli.console import clock_time, console, print_json, span
from fastapi_jwtkit.cli.options import AppName, AsJson, DryRun, Factory, Realm
from fastapi_jwtkit.cli.target import load_kit, misused, with_kit
from fastapi_jwtkit.cli.timeline import timeline
from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.key_sources.rotation import KeyReport, KeyStatus, RingName
from fastapi_jwtkit.keys.state import KeyState
from fastapi_jwtkit.kit import JWTKit

__all__ = ["list_command", "retire_command", "revoke_command", "rotate_command"]

REFUSED = 1
_RINGS: tuple[RingName, ...] = get_args(RingName)
_TITLES: dict[RingName, str] = {"keys": "signing keys", "refresh_secrets": "refresh secrets"}
_STYLES = {
    KeyState.NEXT: "cyan",
    KeyState.ACTIVE: "green",
    KeyState.RETIRED: "dim",
    KeyState.REVOKED: "bold red",
}
_UNITS = {"": 1, "s": 1, "min": 60, "h": 3_600, "d": 86_400}
_KEY_ID = Annotated[str, typer.Argument(help="The whole id, as jwtkit keys list shows it.")]


class Ring(StrEnum):
    """One of the two rings."""

    KEYS = "keys"
    REFRESH_SECRETS = "refresh_secrets"


def list_command(
    *, app: AppName = None, factory: Factory = False, realm: Realm = None, as_json: AsJson = False
) -> None:
    """Show every key, its state, and when the next step is safe. Shows no key material."""
    kit = load_kit(app, factory=factory, realm=realm)
    report = with_kit(kit, lambda kit: kit.key_rotation.report())
    if as_json:
        print_json(_as_data(report))
        return
    for ring in _RINGS:
        keys = [key for key in report.keys if key.ring == ring]
        if keys:
            _show_ring(ring, keys, now=kit.now())


def rotate_command(
    *,
    min_age: Annotated[
        str, typer.Option(help="Rotate only what signs for longer: 30d, 12h, 900.")
    ] = "0",
    alg: Annotated[
        str | None, typer.Option(help="Algorithm of the coming signing key; default: as now.")
    ] = None,
    only: Annotated[
        Ring | None, typer.Option(help="keys or refresh_secrets; default: both.")
    ] = None,
    dry_run: DryRun = False,
    app: AppName = None,
    factory: Factory = False,
    realm: Realm = None,
    as_json: AsJson = False,
) -> None:
    """Take every step of a rotation that is due. Safe to run at any time, from anywhere."""
    kit = load_kit(app, factory=factory, realm=realm)
    seconds, rings = _seconds(min_age), _RINGS if only is None else _ring_named(only)

    async def rotate(kit: JWTKit) -> KeyReport:
        rotation = kit.key_rotation
        return await rotation.rotate(min_age=seconds, alg=alg, rings=rings, dry_run=dry_run)

    report = with_kit(kit, rotate)
    _tell(report, kit, as_json=as_json, dry_run=dry_run)


def retire_command(
    key_id: _KEY_ID,
    *,
    dry_run: DryRun = False,
    app: AppName = None,
    factory: Factory = False,
    realm: Realm = None,
    as_json: AsJson = False,
) -> None:
    """Take a key out of its ring that nothing needs any more. Refuses while it is needed.

    ``rotate`` does so by itself for retired keys whose time is over.
    """
    kit = load_kit(app, factory=factory, realm=realm)
    report = with_kit(kit, lambda kit: kit.key_rotation.forget(key_id, dry_run=dry_run))
    _tell(report, kit, as_json=as_json, dry_run=dry_run)


def revoke_command(
    key_id: _KEY_ID,
    *,
    dry_run: DryRun = False,
    app: AppName = None,
    factory: Factory = False,
    realm: Realm = None,
    as_json: AsJson = False,
) -> None:
    """Refuse for good what a key signed, because somebody else may have it.

    Every worker hears of it from the feed. Doing it twice is fine.
    """
    kit = load_kit(app, factory=factory, realm=realm)

    async def revoke(kit: JWTKit) -> KeyReport:
        if dry_run or not kit.shares_revocations:
            return await kit.key_rotation.revoke(key_id, dry_run=dry_run)
        try:
            return await kit.revoke_key(key_id)
        except StoreUnavailableError as error:
            typer.echo(
                "The ring is changed, and workers see it within 5 s of the file reaching them. "
                f"The feed could not be told ({error}): run this again.",
                err=True,
            )
            raise typer.Exit(REFUSED) from None

    report = with_kit(kit, revoke)
    _tell(report, kit, as_json=as_json, dry_run=dry_run)
    if not as_json and not dry_run:
        _tell_reach(kit)


def _tell(report: KeyReport, kit: JWTKit, *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        print_json({"dry_run": dry_run, **_as_data(report)})
        return
    verb = "would become" if dry_run else "is now"
    for change in report.changes:
        if dry_run and change.before is None:  # its id is made anew when it is done
            typer.echo(f"{_TITLES[change.ring]}: a new key {verb} {change.after}")
            continue
        before = "new" if change.before is None else f"was {change.before}"
        after = "gone" if change.after is None else change.after
        typer.echo(f"{_TITLES[change.ring]}: {change.key_id} ({before}) {verb} {after}")
    if not report.changes:
        typer.echo("Nothing is due.")
    for key in () if dry_run else report.keys:
        if key.state is KeyState.NEXT:
            typer.echo(f"{_TITLES[key.ring]}: {key.key_id} {_step(key, kit.now())}")


def _tell_reach(kit: JWTKit) -> None:
    reach = (
        "Workers hear of it from the feed, at once."
        if kit.shares_revocations
        else "No store is shared: workers see it in the changed file, within 5 s."
    )
    age = span(kit.settings.jwks_max_age)
    typer.echo(f"{reach} Whoever verifies by your published keys may keep those for {age}.")


def _show_ring(ring: RingName, keys: list[KeyStatus], *, now: float) -> None:
    screen = console()
    table = Table("ID", "ALG", "STATE", "SINCE", "NEXT STEP", title=_TITLES[ring], box=None)
    table.title_justify = "left"
    for key in keys:
        table.add_row(
            escape(key.key_id),
            key.alg,
            f"[{_STYLES[key.state]}]{key.state}[/]",
            clock_time(key.changed_at, now=now),
            _step(key, now),
        )
    screen.print(table)
    for line in timeline(keys, now=now):
        screen.print(line, highlight=False, markup=False)
    screen.print()


def _step(key: KeyStatus, now: float) -> str:
    if key.due_at is None:
        return "signs"
    is_next, at = key.state is KeyState.NEXT, clock_time(key.due_at, now=now)
    if key.due_at <= now:
        return "may sign: jwtkit keys rotate" if is_next else "safe to retire"
    left = span(key.due_at - now)
    return f"may sign at {at} (in {left})" if is_next else f"safe to retire at {at} (in {left})"


def _as_data(report: KeyReport) -> dict[str, Iterable[dict[str, object]]]:
    return {
        "keys": [asdict(key) for key in report.keys],
        "changes": [asdict(change) for change in report.changes],
    }


def _ring_named(only: Ring) -> tuple[RingName, ...]:
    return tuple(ring for ring in _RINGS if ring == only.value)


def _seconds(text: str) -> float:
    match = re.fullmatch(r"(\d{1,9})\s*(|s|min|h|d)", text)
    if match is None:
        misused(f"{text!r} is no length of time. Write 900, 30min, 12h or 30d.")
    return float(int(match[1]) * _UNITS[match[2]])
