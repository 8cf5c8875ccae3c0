"""Where several workers keep their sessions together: each store that one URL can name."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import make_url

SERVED = """\
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi_jwtkit import JWTAuth, Principal, require_scopes
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from fastapi_jwtkit.stores.sqlalchemy import LoopEngines
from fastapi_jwtkit.stores.sqlalchemy.users import SQLUserStore

engines = LoopEngines(os.environ["USERS_URL"])
users = SQLUserStore(engines)
auth = JWTAuth.from_env(users=users, hasher=PasslibHasher.cheap_for_tests())


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
    await users.create_tables()
    yield
    await engines.close()


app = FastAPI(lifespan=lifespan)
auth.install(app)


@app.get("/pid")
async def pid() -> int:
    return os.getpid()


@app.get("/tasks")
async def tasks(principal: Annotated[Principal, Depends(require_scopes("tasks:read"))]) -> str:
    return principal.subject
"""
"""An application as people write it, with users that its workers share."""


@dataclass(frozen=True)
class Place:
    """A store, and where the users of an application on it are.

    Attributes:
        store_url: for ``JWTKIT_STORE_URL``.
        users_url: a database that is empty.
        realm: of this test alone, for a server that other tests use too.
    """

    store_url: str
    users_url: str
    realm: str = field(default_factory=lambda: f"test-{secrets.token_hex(8)}")

    @property
    def environment(self) -> dict[str, str]:
        """What to tell the application."""
        return {
            "JWTKIT_ENV": "dev",
            "JWTKIT_REALM": self.realm,
            "JWTKIT_DEFAULT_SCOPES": "tasks:read",
            "JWTKIT_STORE_URL": self.store_url,
            # All the people of all tests come from one address.
            "JWTKIT_THROTTLE_STRANGERS": "1000/hour",
            "USERS_URL": self.users_url,
        }


@contextmanager
def postgres_database_url(server: str) -> Iterator[str]:
    """Make a database of a PostgreSQL, and drop it after."""
    name = f"jwtkit_test_{secrets.token_hex(8)}"
    asyncio.run(_administer(server, f"CREATE DATABASE {name}"))
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        # What a worker left open is of no use to anybody any more.
        asyncio.run(_administer(server, f"DROP DATABASE {name} WITH (FORCE)"))


async def _administer(server: str, statement: str) -> None:
    url = make_url(server).set(drivername="postgresql")
    connection = await asyncpg.connect(url.render_as_string(hide_password=False))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@contextmanager
def place_of(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Place]:
    """Make a place, with no users in it yet.

    Args:
        kind: ``sqlite``, ``postgresql``, ``valkey``, ``valkey_cluster`` or ``valkey_sentinel``.
        request: of the fixture that asks.
        folder: for what is kept in files.
    """
    users = f"sqlite+aiosqlite:///{folder / 'users.db'}"
    match kind:
        case "postgresql":
            with postgres_database_url(request.getfixturevalue("postgres_url")) as url:
                yield Place(store_url=url, users_url=url)
        case "sqlite":
            yield Place(store_url=f"sqlite+aiosqlite:///{folder / 'store.db'}", users_url=users)
        case _:
            yield Place(store_url=request.getfixturevalue(f"{kind}_url"), users_url=users)
