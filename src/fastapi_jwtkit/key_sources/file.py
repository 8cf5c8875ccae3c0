"""Keys in files that only their owner may open."""

from __future__ import annotations

import asyncio
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

from fastapi_jwtkit.errors import (
    ConfigurationError,
    InvalidKeyError,
    KeySourceUnavailableError,
    MissingKeyError,
)
from fastapi_jwtkit.key_sources.changing import change_file
from fastapi_jwtkit.keys.ring_text import MAX_TEXT

__all__ = ["FileKeySource", "write_new_file"]

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class FileKeySource:
    """A ring as text in a file of mode 0600.

    What is checked is the file that was opened, not its name: a symbolic link (a mounted
    secret is one) is followed first, and nothing can be swapped between check and read.
    The file is read in a thread: a network file system that hangs then stalls
    one caller, not the event loop, and at one read in 5 s the thread costs nothing.

    Args:
        path: read anew by each ``read``, so that a replaced file is seen.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    async def read(self) -> str:
        """Return the text of the file.

        Raises:
            MissingKeyError: there is no such file.
            InvalidKeyError: others may open it, or it is no regular file of text.
            KeySourceUnavailableError: it cannot be read now.
        """
        return await asyncio.to_thread(self.read_now)

    async def change(self, change: Callable[[str], str], /) -> str:
        """Replace the text by what ``change`` makes of it, under a lock; return that.

        Raises:
            MissingKeyError: there is no such file.
            InvalidKeyError: it may not be used, or cannot be replaced.
            KeySourceUnavailableError: it cannot be read now, or another process changes it.
        """
        return await asyncio.to_thread(change_file, self._path, self.read_now, change)

    def read_now(self) -> str:
        """Return the text of the file, blocking; raises what ``read`` raises."""
        try:
            # Without O_NONBLOCK the open of a FIFO would wait for a writer for ever.
            flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
            descriptor = os.open(self._path, flags)
        except OSError as error:
            raise self._unopened(error) from None
        try:
            self._check(os.fstat(descriptor))
            data = _read_all(descriptor)
        except OSError:
            raise KeySourceUnavailableError("key_file_unreadable") from None
        finally:
            os.close(descriptor)
        text = _decode(data)
        if text is None:
            del data
            raise self._invalid("is not a UTF-8 text, or larger than a ring can be", fix="")
        return text

    def __repr__(self) -> str:
        return f"FileKeySource({str(self._path)!r})"

    def _check(self, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise self._invalid("is no regular file", fix="Name the file itself.")
        if os.name == "posix" and _is_open_to_others(status):
            raise self._invalid(
                f"may be opened by others (mode {stat.S_IMODE(status.st_mode):04o})",
                fix=f"chmod 600 {self._path}   (a mounted secret: defaultMode 0400)",
            )

    def _unopened(self, error: OSError) -> ConfigurationError | KeySourceUnavailableError:
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            return MissingKeyError(
                f"There is no key file {self._path}.",
                why="It was named in the settings, so nothing else is tried.",
                fix="jwtkit keys generate --keys-file keys.json "
                "--refresh-secrets-file refresh-secrets.json",
                docs="reference/keys/",
            )
        if isinstance(error, PermissionError):
            return self._invalid(
                "may not be read by this process",
                fix=f"chown it to the user that runs the app, then chmod 600 {self._path}",
            )
        if isinstance(error, IsADirectoryError):
            return self._invalid("is a directory", fix="Name the file in it.")
        return KeySourceUnavailableError("key_file_unreadable")

    def _invalid(self, what: str, *, fix: str) -> InvalidKeyError:
        return InvalidKeyError(
            f"The key file {self._path} {what}.",
            why="Whoever reads it can sign as you; whoever writes it decides who you are.",
            fix=fix,
            docs="reference/keys/",
        )


def write_new_file(path: Path, text: str) -> bool:
    """Write a file of mode 0600 that did not exist; say ``False`` if it did.

    Never overwrites. The text is complete before the name appears, so that of several
    processes one wins and the others read what it wrote, whole.

    Raises:
        OSError: the directory is missing or cannot be written.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        _create(draft, text)
        try:
            os.link(draft, path)  # unlike a rename, fails where the name is taken
        except FileExistsError:
            return False
        except OSError:  # a file system without hard links: as good, but not whole at once
            return _create_unless_taken(path, text)
    finally:
        draft.unlink(missing_ok=True)
    return True


def _create_unless_taken(path: Path, text: str) -> bool:
    try:
        _create(path, text)
    except FileExistsError:
        return False
    return True


def _create(path: Path, text: str) -> None:
    # O_EXCL follows no symbolic link and takes over no file that somebody laid out.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)


def _is_open_to_others(status: os.stat_result) -> bool:
    others = _OTHERS
    if status.st_uid == 0 and os.geteuid() != 0:
        # A secret that root mounts for a group (Kubernetes fsGroup) can be read in no
        # other way; the group must not be able to write it.
        others &= ~stat.S_IRGRP
    return bool(stat.S_IMODE(status.st_mode) & others)


def _read_all(descriptor: int) -> bytes:
    data = b""
    while len(data) <= MAX_TEXT and (part := os.read(descriptor, MAX_TEXT + 1)):
        data += part
    return data


def _decode(data: bytes) -> str | None:
    # Returns rather than raises: a UnicodeDecodeError carries the whole file with it.
    try:
        return data.decode("utf-8") if len(data) <= MAX_TEXT else None
    except UnicodeDecodeError:
        return None
