"""The specifications and the tests must know each other."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TODO = Path(__file__).parents[1]
CRITERION = re.compile(r"^- \*\*([TP]-\d+)\*\* ", re.MULTILINE)


def _criteria() -> list[str]:
    texts = [path.read_text("utf-8") for path in sorted(TODO.glob("specs/*/spec.md"))]
    return [name for text in texts for name in CRITERION.findall(text)]


def _marked() -> set[str]:
    return {
        argument.value
        for path in TODO.glob("tests/**/test_*.py")
        for function in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        and function.name.startswith("test_")
        for mark in function.decorator_list
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.spec"
        for argument in mark.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }


def test_both_specifications_are_found() -> None:
    """The pattern reads them at all: a test that finds nothing proves nothing."""
    assert {"T-1", "P-1"} <= set(_criteria())


def test_no_number_is_given_twice() -> None:
    """A criterion's number names one criterion."""
    assert len(_criteria()) == len(set(_criteria()))


@pytest.mark.parametrize("criterion", _criteria())
def test_each_criterion_has_a_test(criterion: str) -> None:
    """At least one test is marked with the number."""
    assert criterion in _marked()


def test_each_mark_names_a_criterion() -> None:
    """A test cannot claim a criterion that is not written down."""
    assert _marked() <= set(_criteria())
