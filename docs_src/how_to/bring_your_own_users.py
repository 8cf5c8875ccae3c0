# --8<-- [start:user]
import json
import sqlite3
import uuid
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from fastapi_jwtkit import JWTAuth
from fastapi_jwtkit.accounts.sync_users import SyncUserStore
from fastapi_jwtkit.errors import LoginTakenError
from fastapi_jwtkit.records import NewUser

DATABASE = Path("users.db")


@dataclass(frozen=True)
class Person:
    id: str  # becomes `sub`; never given to another person
    login: str
    password_hash: str | None
    is_active: bool = True
    scopes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()


# --8<-- [end:user]


# --8<-- [start:store]
class People:
    def __init__(self, path: Path) -> None:
        self.path = path
        with closing(sqlite3.connect(path)) as db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS people"
                " (id TEXT PRIMARY KEY, login TEXT UNIQUE, password_hash TEXT, scopes TEXT)"
            )

    def find_by_login(self, login: str, /) -> Person | None:
        return self._find("SELECT * FROM people WHERE login = ?", login)

    def find_by_id(self, user_id: str, /) -> Person | None:
        return self._find("SELECT * FROM people WHERE id = ?", user_id)

    def set_password_hash(
        self, user_id: str, password_hash: str, /, *, expected: str | None
    ) -> bool:
        # Only if nobody changed it in between: one statement decides.
        with closing(sqlite3.connect(self.path)) as db, db:
            changed = db.execute(
                "UPDATE people SET password_hash = ? WHERE id = ? AND password_hash IS ?",
                (password_hash, user_id, expected),
            )
        return changed.rowcount == 1

    def _find(self, query: str, value: str) -> Person | None:
        with closing(sqlite3.connect(self.path)) as db:
            row = db.execute(query, (value,)).fetchone()
        if row is None:
            return None
        return Person(row[0], row[1], row[2], scopes=frozenset(json.loads(row[3])))

    # --8<-- [end:store]

    # --8<-- [start:add]
    def add(self, new: NewUser, /) -> Person:
        row = (str(uuid.uuid4()), new.login, new.password_hash, json.dumps(sorted(new.scopes)))
        try:
            with closing(sqlite3.connect(self.path)) as db, db:
                db.execute("INSERT INTO people VALUES (?, ?, ?, ?)", row)
        except sqlite3.IntegrityError:
            raise LoginTakenError("login_taken") from None
        return Person(row[0], row[1], row[2], scopes=new.scopes)

    # --8<-- [end:add]


# --8<-- [start:app]
app = FastAPI()
auth = JWTAuth.from_env(users=SyncUserStore(People(DATABASE)))
auth.install(app)
# --8<-- [end:app]
