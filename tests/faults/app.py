"""What every worker serves: the kit's routes, one guarded route, and its readiness."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

from fastapi import FastAPI

from fastapi_jwtkit import CurrentPrincipal, JWTAuth
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from faults.people import CLOCK_AHEAD, PASSWORD, ClockAhead, People

hasher = PasslibHasher.cheap_for_tests()
app = FastAPI()
auth = JWTAuth.from_env(
    users=People(hasher.hash(PASSWORD)),
    hasher=hasher,
    clock=ClockAhead(float(os.environ.get(CLOCK_AHEAD, "0"))),
)
auth.install(app)


@app.get("/pid")
async def pid() -> int:
    """Say which process answers."""
    return os.getpid()


@app.get("/guarded")
async def guarded(principal: CurrentPrincipal) -> str | None:
    """Let in whoever has a session."""
    return principal.session_id


@app.get("/ready")
async def ready() -> dict[str, Any]:
    """Say whether this worker can answer for tokens, and what it put back."""
    return asdict(await auth.kit.readiness())
