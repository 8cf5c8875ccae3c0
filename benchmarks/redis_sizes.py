"""Fills Redis or Valkey with sessions and asks the server how much memory they take.

Part of ``benchmarks.session_size``. Every session goes through the store, rotation by
rotation, because the store's scripts decide how a row lies in memory.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import redis

from benchmarks.sample_sessions import REALM, logged_in
from benchmarks.servers import Server, prepared
from fastapi_jwtkit.records import Session
from fastapi_jwtkit.stores.redis.keys import KeyNames

AT_ONCE = 32
SAMPLED = 300


def measure_redis(
    server: Server, counts: list[int], per_person: int
) -> tuple[list[dict[str, Any]], str]:
    """Return bytes per session at each count, and one session as it lies there."""
    kept = asyncio.run(log_in_many(server, 1, per_person=per_person))
    # From here on the scripts are known to the server; each figure is taken with one
    # connection, after those of the store were closed.
    before, have = used_memory(server), 1
    rows: list[dict[str, Any]] = []
    for count in sorted(counts):
        kept += asyncio.run(log_in_many(server, count - have, per_person=per_person))
        have = count
        total = (used_memory(server) - before) / (count - 1)
        parts = parts_of(server, kept[-SAMPLED:], per_person)
        rows.append({"sessions": count, "per_person": per_person, "total": total} | parts)
    return rows, sample_of(server, kept[-1])


async def log_in_many(server: Server, count: int, *, per_person: int) -> list[Session]:
    """Open so many sessions through the store, and return the last of them."""
    kept: list[Session] = []
    waiting = subjects(count, per_person)
    done = 0

    async with prepared(server) as stores:

        async def work() -> None:
            nonlocal done
            for subject in waiting:
                kept.append(await logged_in(stores.sessions, subject))
                del kept[:-SAMPLED]
                done += 1
                if done % 100 == 0:
                    print(f"\r{server.name}: {done:,} of {count:,} more", end="", flush=True)

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return kept


def subjects(count: int, per_person: int) -> Iterator[str]:
    """Return whose each session is, so many of each person in a row."""
    subject = ""
    for number in range(count):
        if number % per_person == 0:
            subject = secrets.token_hex(16)
        yield subject


def used_memory(server: Server) -> int:
    """Return the bytes that an idle server has in use, with one connection."""
    with redis.Redis.from_url(server.url) as client:
        return int(client.info("memory")["used_memory"])


def parts_of(server: Server, kept: list[Session], per_person: int) -> dict[str, float]:
    """Return what ``MEMORY USAGE`` says of a row, and of a person's index per session."""
    names = KeyNames()
    people = {session.subject for session in kept}
    with redis.Redis.from_url(server.url) as client:

        def usage(name: str) -> int:
            return int(client.memory_usage(name, samples=0) or 0)

        rows = [usage(names.session(REALM, session.sid)) for session in kept]
        indexes = [usage(names.subject(REALM, subject)) for subject in people]
    return {
        "row": sum(rows) / len(rows),
        "index": sum(indexes) / len(indexes) / per_person,
    }


def sample_of(server: Server, session: Session) -> str:
    """Return a row and its index as they lie in the server, readable."""
    names = KeyNames()
    row, index = names.session(REALM, session.sid), names.subject(REALM, session.subject)
    with redis.Redis.from_url(server.url) as client:
        length = client.strlen(row)
        members = [member.decode() for member in client.zrange(index, 0, -1)]
    lines = [f"{row}", f"  one value of {length} bytes, which says"]
    for field in fields(session):
        value = getattr(session, field.name)
        shown = f"{len(value)} random bytes" if field.name == "line" else repr(value)
        lines.append(f"  {field.name:<16} {shown}")
    return "\n".join([*lines, index, "  a sorted set of", f"  {', '.join(members)}"])
