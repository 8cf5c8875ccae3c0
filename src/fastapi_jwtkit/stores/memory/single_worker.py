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


def claim_realm(realm: str, *, kept: str = "sessions") -> None:
    """Make this process the only worker of its server that keeps the realm in memory.

    Workers of one server share their parent and their working directory. The lock is a
    POSIX record lock: it belongs to the process, is not inherited by ``fork`` and ends
    with the process however it ends.

    Args:
        realm: whose.
        kept: what is kept, in the plural.

    Raises:
        SecondWorkerError: another worker of this server holds it.
        ConfigurationError: the lock file cannot be opened.
    """
    name = realm if kept == "sessions" else f"{kept} of {realm}"
    if (os.getpid(), name) in _held or fcntl is None:
        return
    with _lock:
        if (os.getpid(), name) not in _held:
            _held[os.getpid(), name] = _lock_file(_path_of(name), kept)


def _lock_file(path: Path, kept: str) -> int:
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
                f"Two workers of this server keep their {kept} in memory.",
                why="Each would know only its own: what is made, changed or revoked in one is "
                "unknown to the other, which lets in whom it should not, and the reverse.",
                fix="Run one worker, or set JWTKIT_STORE_URL and bring users that all "
                "workers share.",
                docs="how-to/run-many-workers/",
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
