import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from fastapi_jwtkit.accounts.sync_users import SyncUserStore
from fastapi_jwtkit.protocols import UserStore
from fastapi_jwtkit.testing.contracts import RegisteringUserStoreContract
from how_to.bring_your_own_users import People


class TestPeople(RegisteringUserStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> SyncUserStore:
        self.path = tmp_path / "people.db"
        return SyncUserStore(People(self.path))

    async def remove_user(self, _: UserStore, user_id: str) -> None:
        with closing(sqlite3.connect(self.path)) as db, db:
            db.execute("DELETE FROM people WHERE id = ?", (user_id,))
