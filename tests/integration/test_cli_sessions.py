"""``jwtkit sessions``, ``keys revoke`` and ``users`` beside an application that serves."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from cli_runs import Shell, production
from fastapi_jwtkit import JWTKit, Settings
from fastapi_jwtkit.errors import InvalidGrantError, InvalidTokenError
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from fastapi_jwtkit.records import Device, TokenPair
from fastapi_jwtkit.stores.memory.users import MemoryUserStore
from fastapi_jwtkit.stores.sqlalchemy import LoopEngines
from fastapi_jwtkit.stores.sqlalchemy.users import SQLUserStore
from kits import credentials
from shared_places import place_of

HEARD_WITHIN = 5.0
APP = """
from fastapi import FastAPI
from fastapi_jwtkit import JWTAuth
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from fastapi_jwtkit.stores.sqlalchemy import LoopEngines
from fastapi_jwtkit.stores.sqlalchemy.users import SQLUserStore

engines = LoopEngines({url!r})
app = FastAPI()
JWTAuth.from_env(
    users=SQLUserStore(engines), hasher=PasslibHasher.cheap_for_tests()
).install(app)
"""


@dataclass
class Served:
    """An application that has the store open, and a shell beside it."""

    shell: Shell
    kit: JWTKit

    async def log_in(self) -> TokenPair:
        """Log ann in, from somewhere."""
        if await self.kit.users.find_by_login("ann") is None:  # type: ignore[union-attr]
            await self.kit.register(credentials())
        device = Device(ip="198.51.100.7", user_agent="a browser", name="ann's laptop")
        return await self.kit.login(credentials(), device=device)

    async def command(self, *words: str, **more: Any) -> Any:
        """Run a command elsewhere, as JSON."""
        return await asyncio.to_thread(self.shell.json, *words, **more)

    async def why_refused(self, pair: TokenPair) -> str:
        """Return why the access token is refused, once it is."""
        async with asyncio.timeout(HEARD_WITHIN):
            while True:
                try:
                    await self.kit.verify(pair.access_token)
                except InvalidTokenError as error:
                    return error.reason
                await asyncio.sleep(0.02)

    async def dies(self, pair: TokenPair) -> None:
        """Return once the access token is refused, and the refresh token is too."""
        await self.why_refused(pair)
        with pytest.raises(InvalidGrantError):
            await self.kit.rotate(pair.refresh_token)


@pytest.fixture(params=["valkey", "sqlite", "postgresql"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    """Return an application on a store of each kind."""
    with place_of(request.param, request, tmp_path) as place:
        shell = production(tmp_path, JWTKIT_STORE_URL=place.store_url, JWTKIT_REALM=place.realm)
        settings = Settings(
            env="dev",
            issuer=shell.settings["JWTKIT_ISSUER"],
            keys_file=Path(shell.settings["JWTKIT_KEYS_FILE"]),
            refresh_secrets_file=Path(shell.settings["JWTKIT_REFRESH_SECRETS_FILE"]),
            store_url=SecretStr(place.store_url),
            realm=place.realm,
        )
        kit = JWTKit(settings, users=MemoryUserStore(), hasher=PasslibHasher.cheap_for_tests())
        yield Served(shell, kit)


async def test_sessions_are_listed_and_ended_from_elsewhere(served: Served) -> None:
    """One, those of a user, all: the application hears of it, and refuses."""
    pairs = [await served.log_in() for _ in range(4)]
    ann = (await served.kit.verify(pairs[0].access_token)).subject
    listed = await served.command("sessions", "list", ann)
    assert [row["device_name"] for row in listed] == ["ann's laptop"] * 4
    assert listed[0]["ip"] == "198.51.100.7"
    first, *rest = pairs
    dry = await served.command("sessions", "revoke", listed[0]["sid"], "--dry-run")
    assert dry == {"dry_run": True, "ended": [f"session {listed[0]['sid']} of {ann}"]}
    await served.kit.verify(first.access_token)
    await served.command("sessions", "revoke", listed[0]["sid"])
    await served.dies(first)
    await served.kit.verify(rest[0].access_token)
    ended = await served.command("sessions", "revoke", "--subject", ann)
    assert len(ended["ended"]) == 3
    for pair in rest:
        await served.dies(pair)
    assert await served.command("sessions", "list", ann) == []
    assert (await served.command("sessions", "prune"))["rows"] >= 0
    await served.kit.stop()


async def test_everything_that_was_issued_can_be_ended(served: Served) -> None:
    """By revoking the keys; the next ones sign, and everybody logs in again."""
    pairs = [await served.log_in() for _ in range(2)]
    would = await served.command("sessions", "revoke", "--all", "--dry-run")
    done = await served.command("sessions", "revoke", "--all")
    assert len(done["ended"]) == 2
    assert done["ended"] == would["ended"]
    for pair in pairs:
        await served.dies(pair)
    fresh = await served.log_in()
    await served.kit.verify(fresh.access_token)
    await served.kit.rotate(fresh.refresh_token)
    await served.kit.stop()


async def test_a_revoked_key_is_heard_of_by_the_application(served: Served) -> None:
    """Through the feed; the command says so, and the session goes on with another key."""
    pair = await served.log_in()
    kid = (await served.kit.verify(pair.access_token)).kid
    said = await asyncio.to_thread(served.shell, "keys", "revoke", kid)
    assert "Workers hear of it from the feed, at once." in said.stdout
    assert await served.why_refused(pair) == "key_revoked"
    pair = await served.kit.rotate(pair.refresh_token)
    assert (await served.kit.verify(pair.access_token)).kid != kid
    await served.kit.stop()


def test_misuse_is_told_and_nothing_is_done(tmp_path: Path) -> None:
    """Exit code 2 for what cannot be understood, 1 for what is refused."""
    shell = production(tmp_path, JWTKIT_STORE_URL=f"sqlite+aiosqlite:///{tmp_path}/store.db")
    assert shell("sessions", "revoke").returncode == 2
    assert shell("sessions", "revoke", "x", "--all").returncode == 2
    unknown = shell("sessions", "revoke", "nobody")
    assert unknown.returncode == 2
    assert "There is no session 'nobody'" in unknown.stderr
    memory = shell("sessions", "list", "1", JWTKIT_STORE_URL="")
    assert memory.returncode == 1
    assert "JWTKIT_STORE_URL" in memory.stderr
    assert shell("sessions", "list", "ann", "--login").returncode == 2


def shop(shell: Shell) -> str:
    """Write an application with users in a database; return its name."""
    name = f"shop_{secrets.token_hex(4)}"
    users = f"sqlite+aiosqlite:///{shell.folder / 'users.db'}"
    (shell.folder / f"{name}.py").write_text(APP.format(url=users))

    async def prepare() -> None:
        engines = LoopEngines(users)
        await SQLUserStore(engines).create_tables()
        await engines.close()

    asyncio.run(prepare())
    return f"{name}:app"


def test_the_first_admin_is_made_with_a_password_from_stdin(tmp_path: Path) -> None:
    """It is in no option, and in nothing that is printed; the rules hold for it too."""
    shell = production(tmp_path, JWTKIT_STORE_URL=f"sqlite+aiosqlite:///{tmp_path}/store.db")
    shell.settings["JWTKIT_ENV"] = "dev"  # for the cheap hasher
    app = shop(shell)
    password = "a long pass phrase " + secrets.token_hex(4)
    words = ("users", "create-admin", "root", "--app", app, "--scope", "tasks:admin")
    weak = shell(*words, stdin="short\n")
    assert weak.returncode == 1
    assert "15 characters" in weak.stderr
    made = shell.json(*words, stdin=f"{password}\n")
    assert (made["login"], made["roles"]) == ("root", ["admin"])
    again = shell(*words, stdin=f"{password}\n")
    assert again.returncode == 1
    assert password not in again.stdout + again.stderr
    assert shell(*words, stdin="").returncode == 2
    listed = shell.json("sessions", "list", "root", "--login", "--app", app)
    assert listed == []
    assert shell("sessions", "list", "nobody", "--login", "--app", app).returncode == 2


def test_a_store_that_cannot_give_roles_is_named(tmp_path: Path) -> None:
    """Before a password is asked for, and before anything is made."""
    shell = production(tmp_path)
    name = f"shop_{secrets.token_hex(4)}"
    (tmp_path / f"{name}.py").write_text(
        "from fastapi import FastAPI\nfrom fastapi_jwtkit import JWTAuth\n"
        "class Users:\n"
        "    async def find_by_login(self, login): return None\n"
        "    async def find_by_id(self, user_id): return None\n"
        "    async def set_password_hash(self, user_id, old, new): return False\n"
        "app = FastAPI()\nJWTAuth.from_env(users=Users()).install(app)\n"
    )
    said = shell("users", "create-admin", "root", "--app", f"{name}:app", stdin="x\n")
    assert said.returncode == 1
    assert "cannot give roles" in said.stderr
