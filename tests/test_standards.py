"""Every rule that applies has a test that names it, or a reason why it has none yet."""

from __future__ import annotations

import ast

import pytest

from coverage_marks import KINDS, LESSONS, NOT_YET, PARTLY, Mark, covered_lines, marks_in
from standards import STANDARDS

WORDS = {(kind, number): text for kind, texts in KINDS.items() for number, text in texts.items()}


@pytest.fixture(scope="module")
def covered() -> dict[Mark, set[str]]:
    """Return the files in which each number is named."""
    return covered_lines()


def test_the_numbers_are_without_gaps() -> None:
    """A line that is forgotten here would be forgotten for good."""
    between = ["89a", "89b"]
    assert [number for number in STANDARDS if isinstance(number, str)] == between
    assert [number for number in STANDARDS if number not in between] == list(range(1, 111))
    assert list(LESSONS) == list(range(1, 21))


def test_every_rule_has_a_test_that_names_it_or_a_reason(
    covered: dict[Mark, set[str]],
) -> None:
    """Add the test, or say in the table why it cannot be written yet."""
    missing = {mark: WORDS[mark] for mark in WORDS if mark not in covered and mark not in NOT_YET}
    assert missing == {}


def test_no_rule_that_has_a_test_is_still_excused(
    covered: dict[Mark, set[str]],
) -> None:
    """Take the entry out when the test comes in."""
    assert {mark: covered[mark] for mark in NOT_YET if mark in covered} == {}
    assert NOT_YET.keys() <= WORDS.keys()


def test_what_is_shown_in_part_is_shown_in_part(covered: dict[Mark, set[str]]) -> None:
    """A line without any test is open, not half done."""
    assert [mark for mark in PARTLY if mark not in covered] == []


def test_no_mark_names_a_number_that_does_not_exist(
    covered: dict[Mark, set[str]],
) -> None:
    """A typing error would count for another line."""
    assert {mark: files for mark, files in covered.items() if mark not in WORDS} == {}


def test_marks_are_found_wherever_pytest_takes_them_from() -> None:
    """On functions, classes and modules; not in helpers and not in strings."""
    source = """
pytestmark = [pytest.mark.std(1), pytest.mark.attack(2, 3)]
@pytest.mark.std(4, "5a")
async def test_one(): ...
@pytest.mark.attack(6)
class TestMany:
    @pytest.mark.std(7)
    def test_inside(self): ...
@pytest.mark.std(8)
def helper(): "pytest.mark.std(9)"
@other.mark.std(10)
def test_two(): ...
@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.std(11))])
def test_three(x): ...
"""
    found = set(marks_in(ast.parse(source), "source"))
    assert found == {
        *(("attack", n) for n in (2, 3, 6)),
        *(("std", n) for n in (1, 4, "5a", 7, 11)),
    }
