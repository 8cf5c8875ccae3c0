"""Secrets and ids that grant something come from the system's generator, 128 bits at least."""

from __future__ import annotations

import ast
import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

import fastapi_jwtkit
from kits import House

SOURCE = Path(fastapi_jwtkit.__file__).parent
PREDICTABLE = {"random", "uuid"}
"""Modules whose values can be guessed, or have fewer bits than they seem (ASVS 11.5.1)."""


def imported(path: Path) -> Iterator[str]:
    """Return the top modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").partition(".")[0]


@pytest.mark.std(99)
def test_nothing_that_can_be_guessed_is_imported() -> None:
    """But where a pause before another try is to be of any length."""
    users = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if PREDICTABLE.intersection(imported(path))
    }
    assert users == {"stores/sqlalchemy/retry.py"}


@pytest.mark.std(99)
async def test_a_session_has_an_id_and_a_line_of_128_bits_each() -> None:
    """Both are in its refresh tokens, under the MAC; neither follows from the other."""
    house = House()
    sessions = [(await house.log_in()).session for _ in range(30)]
    assert {len(base64.urlsafe_b64decode(each.sid + "==")) for each in sessions} == {16}
    assert {len(each.line) for each in sessions} == {16}
    assert len({each.sid for each in sessions} | {each.line for each in sessions}) == 60
