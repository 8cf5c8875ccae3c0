"""Stores of one's own, as the documentation shows them, and the contracts they keep."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import doc_examples as examples
from fastapi_jwtkit.testing.contracts import OneTimeStoreContract, RegisteringUserStoreContract

OPTIONS = ("-W", "error", "-o", "asyncio_default_fixture_loop_scope=function")


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_stores_of_ones_own_keep_their_contracts(tmp_path: Path, mode: str) -> None:
    """In both modes of pytest-asyncio every test of the contracts runs, and none is skipped."""
    (tmp_path / "how_to").mkdir()
    for name in ("own_store", "bring_your_own_users"):
        shutil.copy(examples.SOURCES / f"how_to/{name}.py", tmp_path / "how_to")
    shutil.copy(examples.SOURCES / "how_to/conftest_for_tests.py", tmp_path / "conftest.py")
    for name in ("store", "users"):
        shutil.copy(
            examples.SOURCES / f"how_to/own_{name}_test.py", tmp_path / f"own_{name}_test.py"
        )
    said = examples.run_pytest(tmp_path, *OPTIONS, "-o", f"asyncio_mode={mode}")
    contracts = (OneTimeStoreContract, RegisteringUserStoreContract)
    tests = [name for each in contracts for name in dir(each) if name.startswith("test_")]
    assert re.search(rf"^{len(tests)} passed in", said, re.MULTILINE), said


def test_a_broken_promise_shows_what_was_compared(tmp_path: Path) -> None:
    """The assertions of a contract are as telling as those of one's own test file."""
    source = (examples.SOURCES / "how_to/own_store.py").read_text(encoding="utf-8")
    broken = source.replace("return added.rowcount == 1", "return True")
    assert broken != source
    (tmp_path / "how_to").mkdir()
    (tmp_path / "how_to/own_store.py").write_text(broken, encoding="utf-8")
    shutil.copy(examples.SOURCES / "how_to/conftest_for_tests.py", tmp_path / "conftest.py")
    shutil.copy(examples.SOURCES / "how_to/own_store_test.py", tmp_path / "own_store_test.py")
    said = examples.run_pytest(tmp_path)
    assert "assert [True, True, " in said, said


def test_an_application_takes_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its shape, and without a base class."""
    monkeypatch.setenv("JWTKIT_ENV", "dev")
    monkeypatch.chdir(tmp_path)
    example = examples.load("how_to/own_store")
    assert example.auth.kit.one_time.path == Path("spent.db")
    assert TestClient(example.app).get("/auth/me").status_code == 401
