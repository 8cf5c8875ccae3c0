"""Stores: whether workers share them, whether they answer, and what is left lying there."""

from __future__ import annotations

import os
import time
from typing import Protocol, runtime_checkable

from fastapi_jwtkit.cli.doctor.findings import Finding, good, note, problem, warning
from fastapi_jwtkit.errors import JWTKitError
from fastapi_jwtkit.kit import JWTKit
from fastapi_jwtkit.protocols import Stores

__all__ = ["check_stores"]

SLOW_SECONDS = 0.2
MANY_ROWS = 100_000
_PAGE = "how-to/choose-a-store/"
_WORKERS = ("WEB_CONCURRENCY", "UVICORN_WORKERS", "GUNICORN_WORKERS")


@runtime_checkable
class _Counting(Protocol):
    async def overdue(self) -> int: ...


async def check_stores(kit: JWTKit) -> list[Finding]:
    """Ask the stores what they have to say; nothing is changed but missing tables made."""
    if not kit.shares_revocations:
        return [_of_memory(kit)]
    stores = kit.stores
    if stores is None:
        return [note("stores", "Stores of your own; they are not looked into.", page=_PAGE)]
    findings: list[Finding] = []
    try:
        findings += [
            warning("stores", sentence, fix="see the page", page="how-to/redis/")
            for sentence in await stores.prepare()
        ]
        findings.append(await _pace(kit, stores))
        findings.append(await _left_lying(stores))
    except JWTKitError as error:
        findings.append(
            problem(
                "stores",
                f"They cannot be asked ({error}): logins, refreshes and revocation answer 503.",
                fix="is the server up, the URL right, and are its tables made?",
                page=_PAGE,
            )
        )
    return findings


def _of_memory(kit: JWTKit) -> Finding:
    many = next((name for name in _WORKERS if os.environ.get(name, "1") not in {"", "1"}), None)
    if many is not None:
        return problem(
            "stores",
            f"{many}={os.environ[many]}, and sessions live in the memory of each worker: the "
            "second one is refused.",
            fix="JWTKIT_STORE_URL=redis://… or postgresql+asyncpg://…",
            page=_PAGE,
        )
    if kit.settings.env == "dev":
        return good("stores", "in memory, for development")
    return warning(
        "stores",
        "Sessions live in memory: every restart logs everybody out, and there is one worker.",
        fix="JWTKIT_STORE_URL=redis://… or postgresql+asyncpg://…",
        page=_PAGE,
    )


async def _pace(kit: JWTKit, stores: Stores) -> Finding:
    started = time.perf_counter()
    await stores.sessions.find(kit.realm, "doctor")
    took = time.perf_counter() - started
    text = f"answers in {took * 1000:.0f} ms"
    if took > SLOW_SECONDS:
        return warning("stores", text, fix="bring it nearer: each refresh asks it", page=_PAGE)
    return good("stores", text)


async def _left_lying(stores: Stores) -> Finding:
    rows = await stores.sessions.overdue() if isinstance(stores.sessions, _Counting) else 0
    if rows > MANY_ROWS:
        return warning(
            "expired rows", f"{rows} are over.", fix="jwtkit sessions prune", page="how-to/sql/"
        )
    return good("expired rows", f"{rows}")
