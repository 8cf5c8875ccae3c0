"""``jwtkit explain``: read a token from stdin and say what it is and why it is refused."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from dataclasses import asdict, dataclass
from typing import Self

import typer
from rich.markup import escape

from fastapi_jwtkit.cli.console import clock_time, console, print_json, span
from fastapi_jwtkit.cli.explanation import (
    Explanation,
    Failure,
    Rules,
    Seen,
    explain_access,
    look_into,
)
from fastapi_jwtkit.cli.options import AppName, AsJson, Factory, Realm
from fastapi_jwtkit.cli.target import load_kit, misused
from fastapi_jwtkit.clock import SystemClock
from fastapi_jwtkit.errors import InvalidGrantError, JWTKitError, MissingKeyError
from fastapi_jwtkit.key_sources.dev import KEYS_NAME
from fastapi_jwtkit.key_sources.from_settings import key_sources_of
from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.keys.secret_ring import SecretRing
from fastapi_jwtkit.sessions.refresh_token import (
    PREFIX,
    authenticate_refresh_token,
    read_refresh_token,
)
from fastapi_jwtkit.settings import Settings
from fastapi_jwtkit.tokens.access_types import ACCESS_TYP, COOKIE_ACCESS_TYP
from fastapi_jwtkit.tokens.verifier import TokenVerifier

__all__ = ["explain_command"]

REFUSED = 1
_MOST = 64 * 1024
_YEAR_3000 = 32_503_680_000.0
_TIMES = ("iat", "nbf", "auth_time", "exp")
_OFFLINE = (
    "Nothing was asked of any server: whether its session or the token itself was revoked is not "
    "in it. jwtkit sessions list knows."
)


def explain_command(
    *, app: AppName = None, factory: Factory = False, realm: Realm = None, as_json: AsJson = False
) -> None:
    """Say what a token from stdin is, and which check it fails first. Offline.

    Exits with 1 if it is refused. The token is not repeated, and is not taken from the
    command line, where everybody on the machine sees it.
    """
    token = _read()
    try:
        held = asyncio.run(_Held.load(load_kit(app, factory=factory, realm=realm).settings))
    except JWTKitError as error:
        held, missing = None, f"Only its form was looked at: {str(error).splitlines()[0]}"
    else:
        missing = ""
    explanation = _explain(token, held)
    if as_json:
        print_json({**asdict(explanation), "not_checked": missing or _OFFLINE})
    else:
        _show(explanation, missing)
    raise typer.Exit(REFUSED if explanation.failure is not None or missing else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """What a token is held against: the settings, and the keys that they name."""

    settings: Settings
    ring: KeyRing
    secrets: SecretRing | None

    @classmethod
    async def load(cls, settings: Settings) -> Self:
        """Read the keys; makes none, as development otherwise does."""
        directory = settings.dev_directory
        makes_keys = settings.env == "dev" and settings.keys_file is None and settings.keys is None
        if makes_keys and not (directory / KEYS_NAME).exists():
            raise MissingKeyError(
                f"There are no development keys in {directory}.",
                why="The application makes them when it starts, in the directory it runs in.",
                fix="Run this where the application runs, or set JWTKIT_DEV_DIRECTORY.",
                docs="reference/settings/",
            )
        keys, secrets = key_sources_of(settings)
        ring = KeyRing.from_text(await keys.read())
        try:
            secret_ring = SecretRing.from_text(await secrets.read())
        except MissingKeyError:  # a service that only verifies has none
            secret_ring = None
        return cls(settings=settings, ring=ring, secrets=secret_ring)


def _explain(token: str, held: _Held | None) -> Explanation:
    if token.startswith(PREFIX):
        return _explain_refresh(token, held)
    if held is None:
        return Explanation(kind="a token that is held against nothing", seen=look_into(token))
    settings, clock = held.settings, SystemClock()
    verifiers = {
        typ: TokenVerifier(
            held.ring,
            issuer=settings.issuer,
            audience=settings.audience,
            clock=clock,
            max_life=settings.access_ttl,
            realm=settings.realm,
            typ=typ,
        )
        for typ in (ACCESS_TYP, COOKIE_ACCESS_TYP)
    }
    rules = Rules(
        ring=held.ring,
        issuer=settings.issuer,
        realm=settings.realm,
        audience=settings.audience,
        max_life=settings.access_ttl,
        now=clock.now(),
    )
    return explain_access(token, verifiers, rules)


def _explain_refresh(token: str, held: _Held | None) -> Explanation:
    kind = "a refresh token: it goes to POST /auth/refresh, and opens no route"
    seen = Seen(header={}, claims={})
    if held is None or held.secrets is None:
        return Explanation(kind=kind, seen=seen)
    realm = held.settings.realm
    try:
        read = read_refresh_token(token, realm=realm)
        seen = Seen(
            header={}, claims={"sid": read.sid, "key_id": read.key_id, "number": read.counter}
        )
        authenticate_refresh_token(read, held.secrets, realm=realm)
    except InvalidGrantError as error:
        failure = Failure(
            check="refresh token",
            reason=error.reason,
            expected=f"a whole refresh token of the realm {realm}, by a secret of this ring",
            got="another one",
            hint="It was cut, or is of another environment, or its secret is gone.",
        )
        return Explanation(kind=kind, seen=seen, failure=failure)
    return Explanation(kind=kind, seen=seen, passed=("form", "realm", "signature"))


def _read() -> str:
    if sys.stdin.isatty():
        sys.stderr.write("Paste the token and press Ctrl-D:\n")
    text = sys.stdin.read(_MOST).strip()
    # As people copy it: with the header's name, or the scheme.
    text = re.sub(r"(?i)^(authorization:)?\s*bearer\s+", "", text).strip("\"' \n")
    if not text:
        misused("No token was given: pipe it in, as in  pbpaste | jwtkit explain")
    return text


def _show(explanation: Explanation, missing: str) -> None:
    screen, now = console(), SystemClock().now()
    screen.print(f"This is {escape(explanation.kind)}.", highlight=False)
    for title, part in (("header", explanation.seen.header), ("claims", explanation.seen.claims)):
        if part:
            screen.print(f"\n[bold]{title}[/]")
        for name, value in part.items():
            screen.print(f"  {escape(name)}: {escape(_said(name, value, now))}", highlight=False)
    screen.print()
    for check in explanation.passed:
        screen.print(f"[green]ok[/]      {check}")
    failure = explanation.failure
    if failure is not None:
        screen.print(f"[bold red]refused[/] {failure.check}: {escape(failure.reason)}")
        for title, text in (("expected", failure.expected), ("got", failure.got)):
            if text:
                screen.print(f"        {title}: {escape(text)}", highlight=False)
        if failure.hint:
            screen.print(f"        {escape(failure.hint)}", highlight=False)
    screen.print(f"\n[dim]{escape(missing or _OFFLINE)}[/]", highlight=False)


def _said(name: str, value: object, now: float) -> str:
    text = json.dumps(value, ensure_ascii=False)
    if name in _TIMES and isinstance(value, int | float) and 0 < value < _YEAR_3000:
        when = f"in {span(value - now)}" if value > now else f"{span(now - value)} ago"
        return f"{text} ({clock_time(value, now=now)}, {when})"
    return text
