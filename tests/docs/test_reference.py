"""The pages made from the code are those that the code makes, and links from the code lead home."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))


def test_the_generated_pages_are_those_the_code_makes() -> None:
    """A setting or an error that changes changes its page with it."""
    answer = subprocess.run(
        [sys.executable, ".ci/generate_reference.py", "--check"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_every_page_that_an_error_names_exists() -> None:
    """Whoever follows the link of an error arrives."""
    named = {
        page
        for path in SOURCES
        for page in re.findall(r'docs="([^"]+)"', path.read_text(encoding="utf-8"))
    }
    assert named
    gone = [
        page for page in sorted(named) if not (ROOT / "docs" / f"{page.strip('/')}.md").exists()
    ]
    assert gone == []


def test_every_page_is_in_the_navigation() -> None:
    """No page is written for nobody."""
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = (path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md"))
    assert [page for page in pages if page not in navigation] == []


def test_every_test_that_a_page_names_exists() -> None:
    """The threat model and its like promise nothing that no test shows."""
    tests = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in ("tests", "examples/todo/tests")
        for path in (ROOT / folder).rglob("test_*.py")
    )
    known = set(re.findall(r"def (test_\w+)", tests))
    named = {
        (path.name, name)
        for path in (ROOT / "docs").rglob("*.md")
        for name in re.findall(r"`(test_\w+)`", path.read_text(encoding="utf-8"))
    }
    assert [pair for pair in sorted(named) if pair[1] not in known] == []


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_every_link_of_a_page_outside_the_site_leads_somewhere(page: str) -> None:
    """The site checks its own links; these pages are read on the repository."""
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", text)
    assert [target for target in targets if not (ROOT / target).exists()] == []
