"""Which sources the settings ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from fastapi_jwtkit.errors import ConfigurationError, MissingKeyError
from fastapi_jwtkit.key_protocols import KeySource
from fastapi_jwtkit.key_sources.dev import KEYS_NAME, REFRESH_SECRETS_NAME, DevKeySource
from fastapi_jwtkit.key_sources.file import FileKeySource
from fastapi_jwtkit.key_sources.live_rings import FRESH_SECONDS, READ_SECONDS
from fastapi_jwtkit.key_sources.rotation import KeyRotation, RingName
from fastapi_jwtkit.key_sources.text import TextKeySource
from fastapi_jwtkit.keys.rotation import RotationTimes
from fastapi_jwtkit.protocols import Clock
from fastapi_jwtkit.settings import Settings

__all__ = ["GENERATE_KEYS", "key_rotation_of", "key_sources_of"]

GENERATE_KEYS = """pip install 'fastapi-jwtkit[cli]'
        jwtkit keys generate --keys-file keys.json --refresh-secrets-file refresh-secrets.json
        export JWTKIT_KEYS_FILE=keys.json JWTKIT_REFRESH_SECRETS_FILE=refresh-secrets.json"""
"""The commands that give a deployment its keys, one a line."""

PUBLISH_SLACK_SECONDS = FRESH_SECONDS + READ_SECONDS + 5.0
"""A key signs so long after every older key set is gone: workers look at theirs each 5 s."""
KEEP_SLACK_SECONDS = 30.0 + 120.0
"""A key verifies so long after what it signed: leeway, clocks, and a worker that is late."""


def key_sources_of(
    settings: Settings, *, clock: Clock | None = None
) -> tuple[KeySource, KeySource]:
    """Return the sources of the signing keys and of the refresh secrets.

    Raises nothing: what is missing is said by ``read``, so that an app can be built,
    audited and its OpenAPI document exported where there are no secrets.

    Args:
        settings: a file, else a text, else (in development only) keys made on the spot.
        clock: dates keys that are made.
    """
    directory = settings.dev_directory if settings.env == "dev" else None
    keys = _choose("keys", settings.keys_file, settings.keys)
    refresh_secrets = _choose(
        "refresh_secrets", settings.refresh_secrets_file, settings.refresh_secrets
    )
    if directory is not None:
        keys = keys or DevKeySource(directory, KEYS_NAME, clock=clock)
        refresh_secrets = refresh_secrets or DevKeySource(
            directory, REFRESH_SECRETS_NAME, clock=clock
        )
    return (
        keys or _RefusingKeySource(_missing("signing keys", "keys")),
        refresh_secrets or _RefusingKeySource(_missing("refresh secrets", "refresh_secrets")),
    )


def key_rotation_of(
    settings: Settings, keys: KeySource, secrets: KeySource, *, clock: Clock, logs_in: bool
) -> KeyRotation:
    """Return what rotates the rings of a kit; opens nothing.

    Args:
        settings: say how long things live.
        keys: source of the signing keys.
        secrets: source of the refresh secrets.
        clock: dates the changes.
        logs_in: whether the kit needs refresh secrets; without, they rotate where there are any.
    """
    publish_for = settings.jwks_max_age + PUBLISH_SLACK_SECONDS
    # Links in mails are signed with the same keys and live longer than access tokens.
    signed_for = max(settings.access_ttl, settings.reset_ttl, settings.verify_ttl)
    has_secrets = (
        logs_in
        or settings.env == "dev"
        or not (settings.refresh_secrets is None and settings.refresh_secrets_file is None)
    )
    lives: dict[RingName, float] = {"keys": signed_for, "refresh_secrets": settings.absolute_ttl}
    return KeyRotation(
        {"keys": keys, "refresh_secrets": secrets} if has_secrets else {"keys": keys},
        times={
            ring: RotationTimes(publish_for=publish_for, keep_for=life + KEEP_SLACK_SECONDS)
            for ring, life in lives.items()
        },
        clock=clock,
    )


class _RefusingKeySource:
    """Stands where the settings name no usable source."""

    def __init__(self, error: ConfigurationError) -> None:
        self._error = error

    async def read(self) -> str:
        raise self._error.with_traceback(None)


def _choose(
    name: Literal["keys", "refresh_secrets"], path: Path | None, text: SecretStr | None
) -> KeySource | None:
    if path is not None and text is not None:
        return _RefusingKeySource(
            ConfigurationError(
                f"Both {name} and {name}_file are set.",
                why="They could differ, and which of them signs must not be a matter of luck.",
                fix=f"Unset JWTKIT_{name.upper()} or JWTKIT_{name.upper()}_FILE.",
                docs="reference/settings/",
            )
        )
    if path is not None:
        return FileKeySource(path)
    return TextKeySource(text) if text is not None else None


def _missing(what: str, name: str) -> MissingKeyError:
    return MissingKeyError(
        f"There are no {what}: neither {name} nor {name}_file is set.",
        why="Production never makes keys of its own: each worker would make different ones.",
        fix=f"{GENERATE_KEYS}\n        or, on your own machine: export JWTKIT_ENV=dev",
        docs="reference/keys/",
    )
