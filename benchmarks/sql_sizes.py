"""Fills a SQL database with sessions and asks how much its table and its indexes take.

Part of ``benchmarks.session_size``. One session goes through the store; the others are
copies of its row under ids and times of their own: the columns decide about the size.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

from sqlalchemy import delete, insert, select, text

from benchmarks.sample_sessions import advance_once, logged_in, new_session
from benchmarks.servers import Server, engine_of, prepared
from fastapi_jwtkit.records import Session
from fastapi_jwtkit.stores.sqlalchemy import SQLStores

INSERTED_AT_ONCE = 1_000
REFRESHES = 3
SQLITE_BYTES = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
POSTGRES_VACUUM = "VACUUM FULL jwtkit_sessions"
POSTGRES_BYTES = (
    "SELECT pg_total_relation_size(oid), pg_indexes_size(oid) "
    "FROM pg_class WHERE oid = 'jwtkit_sessions'::regclass"
)
APART_SECONDS = 0.02
"""Between the logins of two copies: with equal times an index would be smaller."""
TIMES = ("created_at", "absolute_expiry", "idle_expiry", "last_seen_at")


def measure_sql(server: Server, counts: list[int]) -> list[dict[str, Any]]:
    """Return bytes per session at each count."""
    return asyncio.run(_measure(server, sorted(counts)))


async def _measure(server: Server, counts: list[int]) -> list[dict[str, Any]]:
    async with prepared(server) as stores:
        if not isinstance(stores, SQLStores):
            raise TypeError(f"{server.name} is no SQL database")
        empty = (await bytes_taken(server, stores))["total"]
        model = await logged_in(stores.sessions, secrets.token_hex(16))
        await copy_rows(server, stores, model, 1, counts[0])
        fresh = (await bytes_taken(server, stores))["total"] - empty
        await refresh_all(stores)
        refreshed = (await bytes_taken(server, stores))["total"] - empty
        await clear(server, stores)
        rows: list[dict[str, Any]] = []
        have = 1
        model = await logged_in(stores.sessions, secrets.token_hex(16))
        for count in counts:
            await copy_rows(server, stores, model, have, count)
            have = count
            taken = await bytes_taken(server, stores)
            taken["total"] -= empty
            rows.append({"sessions": count} | {part: size / count for part, size in taken.items()})
        if fresh:  # a handful of rows fits into pages that were there
            rows[0]["refreshed"] = refreshed / fresh
        return rows


async def clear(server: Server, stores: SQLStores) -> None:
    """Delete all sessions, and give back what they took."""
    async with engine_of(stores).connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(delete(stores.tables.sessions))
        await connection.execute(text("VACUUM" if server.name == "SQLite" else POSTGRES_VACUUM))


async def copy_rows(
    server: Server, stores: SQLStores, model: Session, have: int, want: int
) -> None:
    """Add copies of the row of a session until there are so many."""
    table = stores.tables.sessions
    async with engine_of(stores).begin() as connection:
        found = await connection.execute(select(table).where(table.c.sid == model.sid))
        row = dict(found.mappings().one())
        for start in range(have, want, INSERTED_AT_ONCE):
            copies: list[dict[str, Any]] = []
            for number in range(start, min(start + INSERTED_AT_ONCE, want)):
                fresh = new_session()
                own = {"sid": fresh.sid, "subject": fresh.subject, "line": fresh.line}
                later = {name: row[name] + number * APART_SECONDS for name in TIMES}
                copies.append(row | own | later)
            await connection.execute(insert(table), copies)
            print(f"\r{server.name}: {start + len(copies):,} rows", end="", flush=True)


async def refresh_all(stores: SQLStores) -> None:
    """Refresh each session a few times through the store."""
    table = stores.tables.sessions
    for _ in range(REFRESHES):
        async with engine_of(stores).connect() as connection:
            rows = (await connection.execute(select(table.c.sid, table.c.counter))).all()
        for sid, counter in rows:
            await advance_once(stores.sessions, sid, counter)


async def bytes_taken(server: Server, stores: SQLStores) -> dict[str, float]:
    """Return the size of the table of sessions with its indexes, and of these alone."""
    async with engine_of(stores).connect() as connection:
        if server.name == "SQLite":
            taken = await connection.execute(text(SQLITE_BYTES))
            return {"total": taken.scalar_one()}
        total, index = (await connection.execute(text(POSTGRES_BYTES))).one()
        return {"total": total, "row": total - index, "index": index}
