"""``jwtkit sessions``: who is logged in where, and ending it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from fastapi_jwtkit.cli.console import clock_time, console, print_json, span
from fastapi_jwtkit.cli.options import AppName, AsJson, DryRun, Factory, Realm
from fastapi_jwtkit.cli.target import load_kit, misused, with_kit
from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.kit import JWTKit
from fastapi_jwtkit.records import Session

__all__ = ["list_command", "prune_command", "revoke_command"]


def list_command(
    subject: Annotated[str, typer.Argument(help="The id of the user: sub in their tokens.")],
    *,
    login: Annotated[
        bool, typer.Option("--login", help="It is a login; needs --app, to look it up.")
    ] = False,
    app: AppName = None,
    factory: Factory = False,
    realm: Realm = None,
    as_json: AsJson = False,
) -> None:
    """Show the live sessions of a user, oldest first."""
    kit = _shared_kit(app, factory=factory, realm=realm)

    async def find(kit: JWTKit) -> Sequence[Session]:
        return await kit.list_sessions(await _subject(kit, subject, login=login))

    sessions = with_kit(kit, find)
    if as_json:
        print_json([_as_data(session) for session in sessions])
    elif sessions:
        console().print(_table(sessions, now=kit.now()))
    else:
        typer.echo("No live session.")


def revoke_command(
    sid: Annotated[str | None, typer.Argument(help="The id of one session.")] = None,
    *,
    subject: Annotated[str | None, typer.Option(help="All sessions of this user.")] = None,
    everybody: Annotated[
        bool, typer.Option("--all", help="Every session there is, by revoking every key.")
    ] = False,
    dry_run: DryRun = False,
    app: AppName = None,
    factory: Factory = False,
    realm: Realm = None,
    as_json: AsJson = False,
) -> None:
    """End one session, all of a user's, or all: their tokens are dead at once."""
    if [sid is not None, subject is not None, everybody].count(True) != 1:
        misused("Name one session id, --subject, or --all.")
    kit = _shared_kit(app, factory=factory, realm=realm)

    async def end(kit: JWTKit) -> list[str]:
        if everybody:
            return await _end_all(kit, dry_run=dry_run)
        if sid is not None:
            return await _end_one(kit, sid, dry_run=dry_run)
        return await _end_those_of(kit, subject or "", dry_run=dry_run)

    done = with_kit(kit, end)
    if as_json:
        print_json({"dry_run": dry_run, "ended": done})
        return
    verb = "would end" if dry_run else "ended"
    for line in done:
        typer.echo(f"{verb}: {line}")
    typer.echo(f"{len(done)} {verb}." if done else "Nothing to end.")


def prune_command(
    *, app: AppName = None, factory: Factory = False, realm: Realm = None, as_json: AsJson = False
) -> None:
    """Delete what is over from the stores. Nothing that lives is touched."""
    kit = _shared_kit(app, factory=factory, realm=realm)
    rows = with_kit(kit, lambda kit: kit.prune())
    if as_json:
        print_json({"rows": rows})
    else:
        typer.echo(f"{rows} rows deleted.")


async def _end_one(kit: JWTKit, sid: str, *, dry_run: bool) -> list[str]:
    session = await kit.find_session(sid)
    if session is None:
        misused(f"There is no session {sid!r} in the realm {kit.realm}.")
    if not dry_run:
        await kit.end_session(sid)
    return [f"session {sid} of {session.subject}"]


async def _end_those_of(kit: JWTKit, subject: str, *, dry_run: bool) -> list[str]:
    found = [session.sid for session in await kit.list_sessions(subject)]
    if not dry_run:
        await kit.close_all(subject)
    return [f"session {sid} of {subject}" for sid in found]


async def _end_all(kit: JWTKit, *, dry_run: bool) -> list[str]:
    if dry_run:
        return [f"everything that {key_id} signed" for key_id in await kit.keys_in_use()]
    return [f"everything that {key_id} signed" for key_id in await kit.revoke_all_keys()]


async def _subject(kit: JWTKit, given: str, *, login: bool) -> str:
    if not login:
        return given
    if kit.users is None:
        misused("A login needs --app module:app, which has a user store.")
    user = await kit.users.find_by_login(given)
    if user is None:
        misused(f"Nobody has the login {given!r}.")
    return user.id


def _shared_kit(app: str | None, *, factory: bool, realm: str | None) -> JWTKit:
    kit = load_kit(app, factory=factory, realm=realm)
    if not kit.shares_revocations:
        raise ConfigurationError(
            "Sessions live in the memory of the application's own process.",
            why="No other process can see or end them, this command included.",
            fix="Set JWTKIT_STORE_URL, for the application and here; or --app module:app, where "
            "the application brings stores of its own. Restarting it ends every session.",
            docs="how-to/choose-a-store/",
        )
    return kit


def _table(sessions: Sequence[Session], *, now: float) -> Table:
    table = Table("SID", "CLIENT", "FROM", "DEVICE", "SINCE", "LAST SEEN", "ENDS", box=None)
    for session in sessions:
        device = session.device
        table.add_row(
            escape(session.sid),
            escape(session.client_id),
            escape(device.ip or "-"),
            escape(device.name or device.user_agent or "-"),
            clock_time(session.created_at, now=now),
            f"{span(now - session.last_seen_at)} ago",
            clock_time(min(session.idle_expiry, session.absolute_expiry), now=now),
        )
    return table


def _as_data(session: Session) -> dict[str, object]:
    device = session.device
    return {
        "sid": session.sid,
        "subject": session.subject,
        "client_id": session.client_id,
        "scope": None if session.scope is None else sorted(session.scope),
        "transport": session.transport,
        "amr": session.amr,
        "auth_time": session.auth_time,
        "created_at": session.created_at,
        "last_seen_at": session.last_seen_at,
        "idle_expiry": session.idle_expiry,
        "absolute_expiry": session.absolute_expiry,
        "ip": device.ip,
        "user_agent": device.user_agent,
        "device_name": device.name,
    }
