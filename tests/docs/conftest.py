"""How the examples of the pages are run."""

from __future__ import annotations

from pathlib import Path

import pytest

import doc_examples as examples


@pytest.fixture
def development(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run as the pages say: in development mode, in a directory of one's own."""
    monkeypatch.setenv("JWTKIT_ENV", "dev")
    monkeypatch.setenv("JWTKIT_DEFAULT_SCOPES", "tasks:read tasks:write")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(examples.SOURCES))
