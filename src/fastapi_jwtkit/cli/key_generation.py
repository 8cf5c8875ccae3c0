"""``jwtkit keys generate``: make the keys of a deployment."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from fastapi_jwtkit.clock import SystemClock
from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.key_sources.file import write_new_file
from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.keys.secret_ring import SecretRing

__all__ = ["generate_command"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """A file that was written: all that may be said about it."""

    title: str
    name: str
    path: Path
    setting: str
    id_name: str
    key_id: str
    alg: str


def generate_command(
    alg: Annotated[str, typer.Option(help="Algorithm of the signing key.")] = "ES256",
    keys_file: Annotated[
        Path | None, typer.Option(help="Where to write the ring of signing keys.")
    ] = None,
    refresh_secrets_file: Annotated[
        Path | None, typer.Option(help="Where to write the ring of refresh secrets.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,  # noqa: FBT002 - typer's shape of a flag
) -> None:
    """Write new keys into files of mode 0600. Never overwrites, never prints a key."""
    if keys_file is None and refresh_secrets_file is None:
        message = "name --keys-file, --refresh-secrets-file or both"
        raise typer.BadParameter(message)
    if keys_file == refresh_secrets_file:
        message = "--keys-file and --refresh-secrets-file name one file"
        raise typer.BadParameter(message)
    for path in (keys_file, refresh_secrets_file):
        _refuse_existing(path)
    made: list[_Made] = []
    now = SystemClock().now()
    if keys_file is not None:
        made.append(_write_keys(keys_file, alg, now))
    if refresh_secrets_file is not None:
        made.append(_write_secrets(refresh_secrets_file, now))
    typer.echo(_as_json(made) if as_json else _as_text(made))


def _write_keys(path: Path, alg: str, now: float) -> _Made:
    ring = KeyRing.generate(alg, now=now)
    _write(path, ring.to_text())
    return _Made(
        title="signing keys",
        name="keys_file",
        path=path.absolute(),
        setting="JWTKIT_KEYS_FILE",
        id_name="kid",
        key_id=ring.active.kid,
        alg=ring.active.alg,
    )


def _write_secrets(path: Path, now: float) -> _Made:
    ring = SecretRing.generate(now=now)
    _write(path, ring.to_text())
    return _Made(
        title="refresh secrets",
        name="refresh_secrets_file",
        path=path.absolute(),
        setting="JWTKIT_REFRESH_SECRETS_FILE",
        id_name="id",
        key_id=ring.active_id,
        alg="HMAC-SHA256",
    )


def _write(path: Path, text: str) -> None:
    try:
        written = write_new_file(path, text)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}.",
            why="The directory must exist and be writable.",
            fix=f"mkdir -p {shlex.quote(str(path.parent))}",
        ) from None
    if not written:
        raise _taken(path)


def _refuse_existing(path: Path | None) -> None:
    # Asked before anything is written, so that a typo does not leave half of the files.
    if path is not None and os.path.lexists(path):
        raise _taken(path)


def _taken(path: Path) -> ConfigurationError:
    return ConfigurationError(
        f"{path} is there already; nothing was written to it.",
        why="Keys that are overwritten end every session and cannot be brought back.",
        fix="Name another file, or move the old one away.",
    )


def _as_text(made: list[_Made]) -> str:
    # Plain text without colour, in a terminal too: NO_COLOR has nothing to switch off.
    lines = [
        f"{item.title}: {item.path} ({item.alg}, {item.id_name} {item.key_id})" for item in made
    ]
    lines += ["", "Each file is a secret. Tell the app where they are:"]
    lines += [f"export {item.setting}={shlex.quote(str(item.path))}" for item in made]
    return "\n".join(lines)


def _as_json(made: list[_Made]) -> str:
    files = {
        item.name: {"path": str(item.path), item.id_name: item.key_id, "alg": item.alg}
        for item in made
    }
    environment = {item.setting: str(item.path) for item in made}
    return json.dumps({**files, "environment": environment}, indent=2)
