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
from examples.todo.app.core.security import build_kit
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
  why:  Sessions live in the memory of one process. A login made in one worker would be
        unknown to the other, and a logout in one would not reach it.
  fix:  Run one worker."""
NO_ADMIN = "none yet; make one: python -m examples.todo --admin NAME"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for and return the exit status."""
    options = _parse(arguments)
    if options.workers > 1:
        _complain(ONE_WORKER.format(workers=options.workers))
        return 2
    choose_environment(os.environ)
    try:
        if options.admin is not None:
            return asyncio.run(_make_admin(options.admin))
        return _serve(options.host, options.port)
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
        "--workers", type=_workers, default=1, help="processes; only 1 for now (default: 1)"
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


def _serve(host: str, port: int) -> int:
    settings, kit = TodoSettings(), kit_settings()
    has_admin = asyncio.run(_prepare(settings, kit))
    config = uvicorn.Config(create_app(settings), host=host, port=port)
    # Bound before anything is said: a port that is taken ends here, and with --port 0
    # the one that was found can be told.
    listening = config.bind_socket()
    # asyncio switches Nagle off only where the protocol was named; without this every
    # answer waits 40 ms for an acknowledgement. Accepted sockets take the option over.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    _say("\n".join(_banner(host, listening.getsockname()[1], settings, kit, has_admin=has_admin)))
    server = uvicorn.Server(config)
    # By then uvicorn has shut down in good order, and raises the signal again.
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
    return 0 if server.started else 3


async def _prepare(settings: TodoSettings, kit: KitSettings) -> bool:
    """Make the tables, read the keys or make them, and say whether anybody is an admin."""
    database = Database(settings.database_url)
    users = SqlUserStore(database.sessions)
    try:
        # Asked here so that production without keys ends in a message, not in a traceback.
        await build_kit(kit, users).rings.ensure_loaded()
        await database.create_tables()
        return await users.has_admin()
    finally:
        await database.close()


def _banner(
    host: str, port: int, settings: TodoSettings, kit: KitSettings, *, has_admin: bool
) -> list[str]:
    name = f"[{host}]" if ":" in host else host
    lines = [
        f"Todo API on http://{name}:{port}/docs",
        f"  database: {shown_url(settings.database_url)}",
        "  sessions: in memory, so every login ends with this process",
        f"  admin:    {'there is one' if has_admin else NO_ADMIN}",
    ]
    if kit.env == "dev":
        lines += [
            f"  keys:     made for development, in {kit.dev_directory}{os.sep}: not for production",
            f"  issuer:   {kit.issuer}",
            "  mode:     development (JWTKIT_ENV=dev)",
        ]
    return lines


async def _make_admin(login: str) -> int:
    password = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    database = Database(TodoSettings().database_url)
    users = SqlUserStore(database.sessions)
    kit = build_kit(kit_settings(), users)
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
