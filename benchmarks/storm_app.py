"""The app that the login storm hits: one route for logins, one beside it.

``STORM_HASHING`` says where passwords are compared: ``kit`` in the kit's bounded
executor, ``pool`` in the default thread pool, ``loop`` on the event loop.
"""

import asyncio
import os

from fastapi import FastAPI
from pydantic import SecretStr

from fastapi_jwtkit import JWTAuth, JWTKit, Settings
from fastapi_jwtkit.credentials import Credentials
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from fastapi_jwtkit.stores.memory.users import MemoryUserStore

PASSWORD = "correct horse battery staple"  # noqa: S105 - made up for the benchmark
HASHING = os.environ.get("STORM_HASHING", "kit")

app = FastAPI()
kit = JWTKit(Settings(env="dev"), users=MemoryUserStore())
JWTAuth(kit).install(app)
hasher = PasslibHasher()
stored: list[str] = []


@app.get("/ping")
async def ping() -> dict[str, str]:
    """Answer at once: whoever waits here waits for the event loop."""
    return {"pong": "pong"}


@app.post("/prepare")
async def prepare() -> dict[str, str]:
    """Make the one account."""
    await kit.register(Credentials(login="ann", password=SecretStr(PASSWORD)))
    if HASHING != "kit":
        stored.append(hasher.hash(PASSWORD))
    return {"hashing": HASHING}


@app.post("/naive-login")
async def naive_login() -> dict[str, bool]:
    """Compare a password as many apps do."""
    if HASHING == "pool":
        return {"matches": await asyncio.to_thread(hasher.matches, PASSWORD, stored[0])}
    return {"matches": hasher.matches(PASSWORD, stored[0])}
