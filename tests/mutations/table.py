"""All defences, and the tests of defects that they belong to."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mutations import (
    abuse_defences,
    account_defences,
    app_defences,
    authorization_defences,
    session_defences,
)
from mutations.cuts import ROOT, SECURITY, Defence

__all__ = ["DEFENCES", "defects_without_defence"]

DEFENCES: tuple[Defence, ...] = (
    *session_defences.DEFENCES,
    *account_defences.DEFENCES,
    *app_defences.DEFENCES,
    *abuse_defences.DEFENCES,
    *authorization_defences.DEFENCES,
)
NOTHING_TO_TAKE_OUT = app_defences.NOTHING_TO_TAKE_OUT | abuse_defences.NOTHING_TO_TAKE_OUT
"""Tests of defects that no line keeps out, and why."""


def defects_without_defence() -> list[str]:
    """Return the tests of defects that no defence names."""
    named = {
        test.partition("::")[2].partition("[")[0] for defence in DEFENCES for test in defence.tests
    }
    return [
        test for test in tests_of_defects() if test not in named and test not in NOTHING_TO_TAKE_OUT
    ]


def tests_of_defects() -> Iterator[str]:
    """Return the names of all tests of defects of others."""
    for path in sorted((ROOT / SECURITY).glob("test_peer_defects*.py")):
        functions = (
            node
            for node in ast.parse(path.read_text("utf-8")).body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        )
        yield from (node.name for node in functions if node.name.startswith("test_"))
