"""The stores that benchmarks stand on: real servers, or those that you name.

The servers are those of the tests. PostgreSQL and SQLite wait for the disk at each
commit here, as they do for everybody who does not forbid it; Valkey runs once without
persistence and, where it matters, once with ``appendfsync always``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sqlite3
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

# As pytest has it: the modules of the tests import each other by their bare names.
sys.path.append(str(Path(__file__).parents[1] / "tests"))

from fastapi_jwtkit.protocols import Stores
from fastapi_jwtkit.stores.from_url import stores_from_url
from fastapi_jwtkit.stores.sqlalchemy import LoopEngines, SQLStores
from postgres_server import running_postgres
from valkey_server import running_valkey

DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
DURABLE_VALKEY = "Valkey (fsync)"
NAMES = ("SQLite", "PostgreSQL", "Valkey", DURABLE_VALKEY)


@dataclass(frozen=True, kw_only=True)
class Server:
    """A store that can be reached.

    Attributes:
        name: one of ``NAMES``.
        url: as ``JWTKIT_STORE_URL`` takes it.
        version: of the server.
    """

    name: str
    url: str
    version: str


def add_options(parser: argparse.ArgumentParser, *names: str) -> None:
    """Add the choice of stores, by default these, and the servers you may name."""
    parser.add_argument("--stores", nargs="+", choices=names, default=names, help="which stores")
    for option, kind in (("--redis-url", "Redis or Valkey"), ("--postgres-url", "PostgreSQL")):
        parser.add_argument(
            option,
            metavar="URL",
            help=f"your {kind}, empty and idle; tables and rows stay in it (default: our own)",
        )


@contextlib.contextmanager
def serving(name: str, options: argparse.Namespace) -> Iterator[Server]:
    """Run a server, unless you named one, and stop it whatever happens."""
    with contextlib.ExitStack() as running:
        if name == "SQLite":
            folder = running.enter_context(tempfile.TemporaryDirectory())
            url, version = f"sqlite+aiosqlite:///{folder}/jwtkit.db", sqlite3.sqlite_version
        elif name == "PostgreSQL":
            url = (
                options.postgres_url or running.enter_context(running_postgres(options=DURABLE)).url
            )
            version = asyncio.run(_postgres_version(url))
        else:
            durable = name == DURABLE_VALKEY
            own = None if durable else options.redis_url
            url = own or running.enter_context(running_valkey(durable=durable)).url
            version = _redis_version(url)
        yield Server(name=name, url=url, version=version)


@contextlib.asynccontextmanager
async def prepared(server: Server) -> AsyncIterator[Stores]:
    """Return stores that are ready, and close their connections after."""
    stores = stores_from_url(server.url)
    await stores.prepare()
    try:
        yield stores
    finally:
        await stores.close()


def engine_of(stores: SQLStores) -> AsyncEngine:
    """Return the engine of the stores in the running event loop."""
    return stores.engine.here() if isinstance(stores.engine, LoopEngines) else stores.engine


async def _postgres_version(url: str) -> str:
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            found = await connection.execute(text("SHOW server_version"))
            return str(found.scalar_one()).split()[0]
    finally:
        await engine.dispose()


def _redis_version(url: str) -> str:
    with redis.Redis.from_url(url) as client:
        about = client.info("server")
    return str(about.get("valkey_version") or about["redis_version"])
