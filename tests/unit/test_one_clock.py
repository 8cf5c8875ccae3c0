"""What time it is comes from the clock that the kit was given."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import fastapi_jwtkit
from kits import House, refused

SOURCE = Path(fastapi_jwtkit.__file__).parent
WALL_CLOCKS = frozenset({"time", "time_ns", "now", "utcnow", "today", "localtime", "gmtime"})
MODULES = frozenset({"time", "datetime", "date", "datetime.datetime", "datetime.date"})


def wall_clocks_in(tree: ast.AST) -> Iterator[str]:
    """Return where a tree takes a wall clock of the machine, called or handed on."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in WALL_CLOCKS:
            if ast.unparse(node.value) in MODULES:
                yield ast.unparse(node)
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (alias.name for alias in node.names if alias.name in WALL_CLOCKS)


EXCUSED = {
    # Stands in for an application, which has a clock of its own.
    "testing/contracts/__init__.py",
    # Its library counts in the machine's time, and what is left of a window is a difference.
    "accounts/throttle.py",
}


@pytest.mark.std(110)
def test_one_module_alone_reads_the_clock_of_the_machine() -> None:
    """All others are handed one."""
    readers = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if any(wall_clocks_in(ast.parse(path.read_text("utf-8"))))
    }
    assert readers - EXCUSED == {"clock.py"}


@pytest.mark.std(110)
async def test_a_clock_that_tests_set_decides_what_is_over() -> None:
    """No test waits for a token to expire, and no client says what time it is."""
    house = House(access_ttl=600)
    pair = await house.log_in()
    assert pair.session.created_at == house.clock.now()
    house.clock.step(560)
    assert await refused(house, pair.access_token) == ""
    house.clock.step(41)
    assert await refused(house, pair.access_token) == "expired"


@pytest.mark.parametrize(
    "source", ["time.time()", "now = datetime.now", "from time import time_ns", "date.today()"]
)
def test_a_wall_clock_is_found_however_it_is_taken(source: str) -> None:
    """As long as it goes by its own name."""
    assert list(wall_clocks_in(ast.parse(source)))
    assert not list(wall_clocks_in(ast.parse("time.monotonic(); clock.now(); x.time")))
