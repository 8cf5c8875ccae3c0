import time
from pathlib import Path

import pytest
from fastapi_jwtkit.testing.contracts import OneTimeStoreContract
from how_to.own_store import SpentIds


class TestSpentIds(OneTimeStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> SpentIds:
        self.offset = 0.0
        return SpentIds(tmp_path / "spent.db", now=self.now)

    def now(self) -> float:
        return time.time() + self.offset

    def step(self, seconds: float) -> None:
        self.offset += seconds
