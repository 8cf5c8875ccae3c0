# --8<-- [start:store]
import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from fastapi import FastAPI
from fastapi_jwtkit import JWTAuth


class SpentIds:
    def __init__(self, path: Path, *, now: Callable[[], float] = time.time) -> None:
        self.path = path
        self.now = now  # the store's own clock, so that a test can move it

    async def consume(self, realm: str, token_id: str, /, *, expires_at: float) -> bool:
        return await asyncio.to_thread(self._consume, realm, token_id, expires_at)

    def _consume(self, realm: str, token_id: str, expires_at: float) -> bool:
        with closing(sqlite3.connect(self.path)) as db, db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS spent"
                " (realm TEXT, id TEXT, expires_at REAL, PRIMARY KEY (realm, id))"
            )
            db.execute("DELETE FROM spent WHERE expires_at <= ?", (self.now(),))
            # One statement decides; a look before it would let two in.
            added = db.execute(
                "INSERT OR IGNORE INTO spent VALUES (?, ?, ?)", (realm, token_id, expires_at)
            )
            return added.rowcount == 1


# --8<-- [end:store]

# --8<-- [start:app]
app = FastAPI()
auth = JWTAuth.from_env(one_time=SpentIds(Path("spent.db")))
auth.install(app)
# --8<-- [end:app]
