"""Keys that development makes for itself, in a directory that git never sees."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

from fastapi_jwtkit.clock import SystemClock
from fastapi_jwtkit.errors import InvalidKeyError
from fastapi_jwtkit.key_sources.file import FileKeySource, write_new_file
from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.keys.secret_ring import SecretRing
from fastapi_jwtkit.protocols import Clock

__all__ = ["KEYS_NAME", "REFRESH_SECRETS_NAME", "DevKeySource", "make_dev_keys"]

KEYS_NAME: Final = "keys.json"
REFRESH_SECRETS_NAME: Final = "refresh-secrets.json"

_IGNORE_NAME = ".gitignore"

logger = logging.getLogger("fastapi_jwtkit")


class DevKeySource:
    """One of the two rings in the development directory, made at the first read.

    Says so at WARNING on the logger ``fastapi_jwtkit`` when it makes something: the
    path, never the key.

    Args:
        directory: made with mode 0700 if it is not there.
        name: which of the two files.
        clock: dates the keys.
    """

    def __init__(
        self,
        directory: Path,
        name: Literal["keys.json", "refresh-secrets.json"],
        *,
        clock: Clock | None = None,
    ) -> None:
        self._directory = directory
        self._file = FileKeySource(directory / name)
        self._clock = clock or SystemClock()

    async def read(self) -> str:
        """Return the text of the ring.

        Raises:
            InvalidKeyError: the directory cannot be made or written.
            KeySourceUnavailableError: the file cannot be read now.
        """
        return await asyncio.to_thread(self._read)

    async def change(self, change: Callable[[str], str], /) -> str:
        """Replace the text by what ``change`` makes of it; raises what ``read`` raises."""
        await self.read()
        return await self._file.change(change)

    def __repr__(self) -> str:
        return f"DevKeySource({str(self._directory)!r})"

    def _read(self) -> str:
        for path in make_dev_keys(self._directory, now=self._clock.now()):
            logger.warning(
                "JWTKIT_ENV=dev: made %s for this machine. Never use it in production.", path
            )
        return self._file.read_now()


def make_dev_keys(directory: Path, *, now: float) -> tuple[Path, ...]:
    """Make what is missing in the development directory, and return what was made.

    Safe to call from many processes at once: one of them wins each file, and all read
    the same keys after it. Nothing that is there is changed.

    Args:
        directory: holds ``keys.json``, ``refresh-secrets.json`` and a ``.gitignore``
            that hides all three.
        now: seconds since the epoch.

    Raises:
        InvalidKeyError: the directory cannot be made or written.
    """
    keys, refresh_secrets = directory / KEYS_NAME, directory / REFRESH_SECRETS_NAME
    if keys.exists() and refresh_secrets.exists():
        return ()
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _hide_from_git(directory)
        made: list[Path] = []
        if not keys.exists() and write_new_file(keys, KeyRing.generate(now=now).to_text()):
            made.append(keys)
        if not refresh_secrets.exists() and write_new_file(
            refresh_secrets, SecretRing.generate(now=now).to_text()
        ):
            made.append(refresh_secrets)
    except OSError as error:
        raise InvalidKeyError(
            f"No development keys can be made in {directory}: {error.strerror}.",
            why="JWTKIT_ENV=dev keeps the keys it makes, so that a reload logs nobody out.",
            fix="Make the directory writable, or set JWTKIT_DEV_DIRECTORY.",
            docs="reference/settings/",
        ) from None
    return tuple(made)


def _hide_from_git(directory: Path) -> None:
    # Only in a directory that holds nothing else: with JWTKIT_DEV_DIRECTORY=. the same
    # line would hide a whole project from git.
    own = {KEYS_NAME, REFRESH_SECRETS_NAME}
    if all(entry.name in own or entry.suffix == ".tmp" for entry in directory.iterdir()):
        write_new_file(directory / _IGNORE_NAME, "*\n")
