"""The tests that the documentation shows pass, and are as short as it says."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import doc_examples as examples
from fastapi_jwtkit import Principal, current_principal
from fastapi_jwtkit.testing.tokens import FORGERIES

pytestmark = pytest.mark.usefixtures("development")


def passed(said: str) -> int:
    """Return how many tests passed, where none failed."""
    match = re.search(r"^(\d+) passed in ", said, re.MULTILINE)
    return int(match[1]) if match else 0


def test_a_test_of_a_protected_route_takes_three_lines() -> None:
    """Count the lines below the name of the test."""
    shown = examples.code_lines(examples.section("how_to/test_your_app", "test"))
    assert len(shown[1:]) == 3


def test_the_tests_that_the_pages_show_pass(tmp_path: Path) -> None:
    """Of the how-to and of the tutorial: nothing but their files is needed, no variable is set."""
    (tmp_path / "tutorial").mkdir()
    for source, name in (
        ("how_to/conftest_for_tests.py", "conftest.py"),
        ("quickstart.py", "quickstart.py"),
        ("how_to/test_your_app.py", "test_tasks.py"),
        ("tutorial/policies.py", "tutorial/policies.py"),
        ("tutorial/notes_test.py", "test_notes.py"),
    ):
        shutil.copy(examples.SOURCES / source, tmp_path / name)
    said = examples.run_pytest(tmp_path, "-n", "0")
    assert passed(said) == 14 + 2 * len(FORGERIES), said


def test_an_override_leaves_the_scope_checked() -> None:
    """Ann may read, and the real 403 meets her where she may not write."""
    app = examples.load("quickstart").app
    example = examples.load("how_to/test_your_app")
    ann = Principal(subject="ann", scopes=frozenset({"tasks:read"}))
    app.dependency_overrides[current_principal] = lambda: ann
    refused = example.client.delete("/tasks")
    assert (refused.status_code, refused.json()["error_code"]) == (403, "insufficient_scope")


def test_the_reference_tells_of_every_forgery() -> None:
    """In the order of their names in the code."""
    page = (examples.ROOT / "docs" / "reference" / "testing.md").read_text("utf-8")
    assert tuple(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == FORGERIES


def test_the_news_count_the_forgeries() -> None:
    """Until they are released with it."""
    news = examples.ROOT / "changes" / "testing-kit.added.md"
    assert not news.exists() or f"{len(FORGERIES)} kinds" in news.read_text("utf-8")
