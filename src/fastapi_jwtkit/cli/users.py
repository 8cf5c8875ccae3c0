"""``jwtkit users create-admin``: the first person who may do everything."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from pydantic import SecretStr

from fastapi_jwtkit.account_protocols import ChangingUserStore
from fastapi_jwtkit.cli.console import print_json
from fastapi_jwtkit.cli.options import AsJson, Factory, Realm
from fastapi_jwtkit.cli.target import load_kit, misused, with_kit
from fastapi_jwtkit.credentials import Credentials
from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.kit import JWTKit
from fastapi_jwtkit.scopes import check_scopes

__all__ = ["create_admin_command"]


def create_admin_command(
    login: Annotated[str, typer.Argument(help="Their login.")],
    *,
    app: Annotated[str, typer.Option("--app", help="The application, module:app.")],
    role: Annotated[list[str] | None, typer.Option(help="Once for each. Default: admin.")] = None,
    scope: Annotated[
        list[str] | None, typer.Option(help="Once for each, beside the default scopes.")
    ] = None,
    email: Annotated[str | None, typer.Option(help="Their address.")] = None,
    factory: Factory = False,
    realm: Realm = None,
    as_json: AsJson = False,
) -> None:
    """Make an account with a role, whose password is asked for or read from stdin.

    Passwords on a command line are seen by everybody on the machine: there is no option
    for one.
    """
    kit = load_kit(app, factory=factory, realm=realm)
    roles = role or ["admin"]
    scopes = check_scopes(scope or ())
    users = _changing_store(kit)
    credentials = Credentials(login=login, password=_password())

    async def create(kit: JWTKit) -> str:
        await kit.start()
        user = await kit.register(credentials, email=email)
        # Roles come last: an account that is half made may do what anybody may.
        await users.change(user.id, roles=roles, scopes={*user.scopes, *scopes})
        return user.id

    user_id = with_kit(kit, create)
    if as_json:
        print_json({"id": user_id, "login": login, "roles": roles, "scopes": scopes})
    else:
        typer.echo(f"{login} has the role {', '.join(roles)} (user id {user_id}).")


def _changing_store(kit: JWTKit) -> ChangingUserStore:
    if isinstance(kit.users, ChangingUserStore):
        return kit.users
    raise ConfigurationError(
        "The user store of this application cannot give roles.",
        why="Registering gives the default scopes and nothing else, whoever asks.",
        fix="Give it an async change(user_id, *, roles, scopes), as SQLUserStore has.",
        docs="how-to/bring-your-own-users/",
    )


def _password() -> SecretStr:
    if sys.stdin.isatty():
        text: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        text = sys.stdin.readline().rstrip("\r\n")
    if not text:
        misused("No password was given: type it when asked, or pipe it in as one line.")
    return SecretStr(text)
