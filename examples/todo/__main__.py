"""``python -m examples.todo``: serve the application, or make an admin."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import getpass
import os
import socket
import sys
from collections.abc import MutableMapping, Sequence

import uvicorn
from pydantic import SecretStr, ValidationError

from examples.todo.app.core.config import TodoSettings, kit_settings
from examples.todo.app.core.database import Database, shown_url
from examples.todo.app.core.security import build_kit, shown_store
from examples.todo.app.main import create_app
from examples.todo.app.services.user_store import SqlUserStore
from fastapi_jwtkit import Settings as KitSettings
from fastapi_jwtkit.credentials import Credentials
from fastapi_jwtkit.errors import (
    AccountError,
    ConfigurationError,
    LoginTakenError,
    PasswordRejectedError,
)

__all__ = ["choose_environment", "main"]

ONE_WORKER = """\
--workers {workers} is refused.
  why:  The database is in the memory of one process: an account or a login made in one
        worker would be unknown to the other, and a logout in one would not reach it.
  fix:  Name a database that workers can share, as in
        TODO_DATABASE_URL=sqlite+aiosqlite:///./todo.db, or run one worker."""
# A worker may take longer to import than the 5 s after which uvicorn replaces it.
WORKER_SECONDS = 60
NO_ADMIN = "none yet; make one: python -m examples.todo --admin NAME"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for and return the exit status."""
    options = _parse(arguments)
    choose_environment(os.environ)
    try:
        if options.admin is not None:
            return asyncio.run(_make_admin(options.admin))
        return _serve(options.host, options.port, options.workers)
    except (ConfigurationError, ValidationError) as error:
        _complain(str(error))
        return 2


def choose_environment(environment: MutableMapping[str, str]) -> None:
    """Choose development, unless something says or may say what it is.

    A variable beats a file in the kit's settings: choosing here would overrule an
    operator who said ``prod`` in a file.
    """
    if not {"JWTKIT_ENV", "JWTKIT_ENV_FILE", "JWTKIT_SECRETS_DIR"} & environment.keys():
        environment["JWTKIT_ENV"] = "dev"


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m examples.todo", description="A todo API with accounts."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address (default: %(default)s)")
    parser.add_argument(
        "--port", type=int, default=8000, help="port, 0 for any that is free (default: %(default)s)"
    )
    parser.add_argument(
        "--workers", type=_workers, default=1, help="processes (default: %(default)s)"
    )
    parser.add_argument(
        "--admin",
        metavar="NAME",
        help="make an admin account, its password read from standard input, and stop",
    )
    return parser.parse_args(arguments)


def _workers(text: str) -> int:
    number = int(text)
    if number < 1:
        message = "must be at least 1"
        raise argparse.ArgumentTypeError(message)
    return number


def _serve(host: str, port: int, workers: int) -> int:
    settings, kit = TodoSettings(), kit_settings()
    database = Database(settings.database_url)
    if workers > 1 and database.is_in_memory:
        _complain(ONE_WORKER.format(workers=workers))
        return 2
    has_admin = asyncio.run(_prepare(database, kit))
    # Bound before anything is said: a port that is taken ends here, and with --port 0
    # the one that was found can be told.
    listening = _bind(host, port)
    lines = [
        f"Todo API on {_where(host, listening.getsockname()[1])}/docs",
        f"  database: {shown_url(settings.database_url)}",
        f"  sessions: {shown_store(kit, database)}",
        f"  admin:    {'there is one' if has_admin else NO_ADMIN}",
        *_development(kit),
    ]
    _say("\n".join(lines))
    # By then uvicorn has shut down in good order, and raises the signal again.
    with contextlib.suppress(KeyboardInterrupt):
        if workers > 1:
            _run_many(listening, workers)
            return 0
        server = uvicorn.Server(uvicorn.Config(create_app(settings)))
        server.run(sockets=[listening])
        return 0 if server.started else 3
    return 0


def _run_many(listening: socket.socket, workers: int) -> None:
    """Run several processes, each of which makes the application for itself."""
    uvicorn.run(
        "examples.todo.app.main:create_app",
        factory=True,
        fd=listening.fileno(),
        workers=workers,
        timeout_worker_healthcheck=WORKER_SECONDS,
    )


def _bind(host: str, port: int) -> socket.socket:
    listening = uvicorn.Config(create_app, host=host, port=port).bind_socket()
    # asyncio switches Nagle off only where the protocol was named; without this every
    # answer waits 40 ms for an acknowledgement. Accepted sockets take the option over.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _where(host: str, port: int) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}"


async def _prepare(database: Database, settings: KitSettings) -> bool:
    """Make the tables and the keys, once for all workers, and say whether anybody is an admin."""
    users = SqlUserStore(database.sessions)
    kit = build_kit(settings, users, database)
    try:
        # Asked first so that production without keys ends in a message, not in a traceback.
        await kit.rings.ensure_loaded()
        await database.create_tables()
        await kit.start()
        return await users.has_admin()
    finally:
        await kit.stop()
        await database.close()


def _development(kit: KitSettings) -> list[str]:
    if kit.env != "dev":
        return []
    return [
        f"  keys:     made for development, in {kit.dev_directory}{os.sep}: not for production",
        f"  issuer:   {kit.issuer}",
        "  mode:     development (JWTKIT_ENV=dev)",
    ]


async def _make_admin(login: str) -> int:
    password = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    database = Database(TodoSettings().database_url)
    users = SqlUserStore(database.sessions)
    kit = build_kit(kit_settings(), users, database)
    try:
        await database.create_tables()
        user = await kit.register(Credentials(login=login, password=SecretStr(password)))
        await users.make_admin(user.id)
    except AccountError as error:
        _complain(_refusal(error))
        return 1
    finally:
        await kit.stop()
        await database.close()
    _say(f"{user.login} is an admin now.")
    return 0


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _complain(text: str) -> None:
    sys.stderr.write(text + "\n")


def _refusal(error: AccountError) -> str:
    if isinstance(error, PasswordRejectedError):
        return error.detail
    if isinstance(error, LoginTakenError):
        # Never turned into an admin: anybody may have registered it, with a password of theirs.
        return "The name belongs to an account already. Choose another."
    return error.reason


if __name__ == "__main__":
    raise SystemExit(main())
