"""A memory store serves one worker: a second one of the same server is refused."""

from __future__ import annotations

import atexit
import hashlib
import os
import tempfile
import threading
from pathlib import Path

from fastapi_jwtkit.errors import ConfigurationError, SecondWorkerError

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no fork and no fcntl
    fcntl = None  # type: ignore[assignment]

__all__ = ["claim_realm"]

# Which realms this process holds. A process is one thing, so this is the one place
# where state of the process is kept; a forked child is another process (see the pid).
_held: dict[tuple[int, str], int] = {}
_lock = threading.Lock()


def claim_realm(realm: str) -> None:
    """Make this process the only worker of its server that keeps the realm in memory.

    Workers of one server share their parent and their working directory. The lock is a
    POSIX record lock: it belongs to the process, is not inherited by ``fork`` and ends
    with the process however it ends.

    Raises:
        SecondWorkerError: another worker of this server holds it.
        ConfigurationError: the lock file cannot be opened.
    """
    if (os.getpid(), realm) in _held or fcntl is None:
        return
    with _lock:
        if (os.getpid(), realm) not in _held:
            _held[os.getpid(), realm] = _lock_file(_path_of(realm))


def _lock_file(path: Path) -> int:
    """Lock a file for as long as this process lives, and return its descriptor."""
    assert fcntl is not None  # noqa: S101 - the caller asked
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise ConfigurationError(
                f"The lock file {path} cannot be opened: {error.strerror}.",
                why="It shows that no second worker keeps the same sessions in memory.",
                fix="Set TMPDIR to a directory that this user may write to.",
                docs="explanation/revocation/",
            ) from None
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.stat(path).st_ino == os.fstat(descriptor).st_ino:  # noqa: PTH116 - beside fstat
                atexit.register(_unlink_own, path, os.getpid())
                return descriptor
        except FileNotFoundError:
            pass  # its owner ended and took it away between the two calls
        except OSError:
            os.close(descriptor)
            raise SecondWorkerError(
                "Two workers of this server keep their sessions in memory.",
                why="Each would know only its own logins and logouts: a session made by one "
                "is unknown to the other, and a token revoked by one lives on in the other.",
                fix="Run one worker, or give JWTKit(sessions=…, revocations=…) stores that "
                "all workers share.",
                docs="explanation/revocation/",
            ) from None
        os.close(descriptor)


def _unlink_own(path: Path, pid: int) -> None:
    if os.getpid() == pid:
        path.unlink(missing_ok=True)


def _path_of(realm: str) -> Path:
    # pytest-xdist runs unrelated tests in sibling processes: they are no workers.
    server = (os.getppid(), Path.cwd(), os.environ.get("PYTEST_XDIST_WORKER", ""), realm)
    name = hashlib.sha256(repr(server).encode()).hexdigest()[:24]
    return Path(tempfile.gettempdir()) / f"fastapi-jwtkit-{os.getuid()}-{name}.lock"
