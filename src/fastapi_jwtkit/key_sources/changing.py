"""Changing a key file in place: one at a time, whole, and with the owner it had."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

from fastapi_jwtkit.errors import InvalidKeyError, KeySourceUnavailableError

__all__ = ["LOCK_SECONDS", "change_file"]

LOCK_SECONDS = 10.0
"""How long to wait for another process that changes the same file."""


def change_file(path: Path, read: Callable[[], str], change: Callable[[str], str]) -> str:
    """Replace the text of a file by what ``change`` makes of it, and return that.

    Between reading and replacing nobody else changes it who comes this way: workers and
    commands take one lock, a file beside it. Readers see the old text or the new one, whole.

    Args:
        path: of the file. A symbolic link stays; what it names is replaced.
        read: reads the file and refuses what must not be used.
        change: called with the text; called in a thread, so it must touch nothing of a loop.

    Raises:
        InvalidKeyError: the directory cannot be written, as with a mounted secret.
        KeySourceUnavailableError: another process holds the lock.
    """
    target = Path(os.path.realpath(path))
    locked = target.with_name(f".{target.name}.lock")
    try:
        with FileLock(locked, timeout=LOCK_SECONDS, mode=0o600):
            if os.name == "posix" and os.geteuid() == 0:
                _share_with_owner(locked, target)
            text = read()
            new = change(text)
            if new != text:
                _replace(target, new)
            return new
    except Timeout:
        raise KeySourceUnavailableError("key_file_locked") from None
    except OSError as error:
        raise InvalidKeyError(
            f"The key file {path} cannot be replaced: {error.strerror}.",
            why="It is replaced by a file beside it, so that nobody reads half of it. Mounted "
            "secrets are read-only everywhere.",
            fix="Run this where the file can be written, as the user who owns it; change a "
            "mounted secret where it is kept.",
            docs="how-to/rotate-keys/",
        ) from None


def _replace(path: Path, text: str) -> None:
    status = path.stat()
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    # O_EXCL follows no symbolic link and takes over no file that somebody laid out.
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            if os.name == "posix":
                _give_to_owner(descriptor, status)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    if os.name == "posix":
        _sync_directory(path.parent)


def _share_with_owner(locked: Path, target: Path) -> None:
    # A job of root must not leave a lock that the application cannot take.
    owner = target.stat()
    os.chown(locked, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _give_to_owner(descriptor: int, status: os.stat_result) -> None:
    # A job of root must not leave a file that the application cannot read any more.
    made = os.fstat(descriptor)
    if (made.st_uid, made.st_gid) != (status.st_uid, status.st_gid):
        os.fchown(descriptor, status.st_uid, status.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(status.st_mode))


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
