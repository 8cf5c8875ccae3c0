"""What the marks ``std`` and ``attack`` of the tests say is shown, and what is not shown yet.

Read by the test of the marks and by the script that writes ``docs/reference/rfc-coverage.md``.
Needs nothing but the sources: no test is imported.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from standards import STANDARDS, Number

__all__ = [
    "KINDS",
    "LESSONS",
    "NOT_YET",
    "PARTLY",
    "Mark",
    "covered_lines",
    "marks_in",
]

ROOT = Path(__file__).parents[1]
Mark = tuple[str, Number]
"""The kind of a mark, and one of its numbers."""

LESSONS: Mapping[Number, str] = {
    1: "One algorithm per key, never HMAC and public keys in one list",
    2: "No code for none, encryption, zip, JSON serialisation, b64, crit or nesting",
    3: "Keys are found by kid in what was configured, by nothing else in a token",
    4: "Length is capped first; base64url has one spelling",
    5: "JSON is strict: duplicates, NaN, depth and long integers are a 401",
    6: "Each claim has its type and is compared exactly",
    7: "A type of token per purpose; the refresh token is opaque",
    8: "Weak and well-known secrets and short keys are refused; public members only",
    9: "Denied by id, never by the text of a token",
    10: "The session decides: what ends it kills its access tokens at once",
    11: "Rotation is one compare-and-set; a race gets the same successor, reuse ends the session",
    12: "A refresh in flight during a logout does not survive it",
    13: "Logins are throttled per account and per address, before the hash",
    14: "The client's address is the socket's peer unless a proxy was configured",
    15: "A failed login costs and says the same whatever failed",
    16: "Passwords and bodies are bounded before they are hashed or parsed",
    17: "A login has one canonical spelling, and belongs to one person",
    18: "Cookies are bound to the session against forged requests",
    19: "Scopes are split on spaces alone, matched exactly, and never widened",
    20: "One shape of error that echoes nothing; no secret in a log",
}
"""What attacks on other libraries taught."""

KINDS: Mapping[str, Mapping[Number, str]] = {"std": STANDARDS, "attack": LESSONS}

_NO_CLIENTS = "clients do not authenticate yet: they are public, and there is no client store"
_NO_REVOCATION = "there is no endpoint of RFC 7009 yet; log-out takes a refresh token as well"
_NO_INTROSPECTION = "there is no endpoint of RFC 7662 yet"
_NO_DPOP = "DPoP is not part of 0.1"

NOT_YET: Mapping[Mark, str] = {
    ("std", 8): _NO_CLIENTS,
    ("std", 11): _NO_CLIENTS,
    ("std", 12): _NO_CLIENTS,
    ("std", 22): "every login gets a refresh token; nothing says which clients need none",
    ("std", 36): "there is no metadata document to name",
    ("std", 64): "nothing reads the key sets of others yet",
    ("std", 66): "there is no metadata document yet",
    ("std", 67): _NO_REVOCATION,
    ("std", 68): _NO_REVOCATION,
    ("std", 69): _NO_REVOCATION,
    ("std", 70): _NO_REVOCATION,
    ("std", 72): _NO_INTROSPECTION,
    ("std", 73): _NO_INTROSPECTION,
    ("std", 74): _NO_INTROSPECTION,
    ("std", 75): _NO_DPOP,
    ("std", 76): _NO_DPOP,
    ("std", 77): _NO_DPOP,
}
"""What has no test, because there is nothing yet to test."""

PARTLY: Mapping[Mark, str] = {
    ("std", 6): "unauthorized_client: " + _NO_CLIENTS,
    ("std", 16): _NO_CLIENTS,
}
"""What is shown only in part, and what is missing."""


def files_with_tests() -> Iterator[Path]:
    """Return the files in which tests are."""
    for directory in (ROOT / "tests", ROOT / "examples"):
        yield from sorted(directory.rglob("test_*.py"))


def covered_lines() -> dict[Mark, set[str]]:
    """Return the files in which each number is named, as paths from the root."""
    found: dict[Mark, set[str]] = {}
    for path in files_with_tests():
        where = path.relative_to(ROOT).as_posix()
        for mark in marks_in(ast.parse(path.read_text("utf-8")), where):
            found.setdefault(mark, set()).add(where)
    return found


def marks_in(tree: ast.Module, where: str) -> Iterator[Mark]:
    """Return the marks of the tests of a module, those of all its tests included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if node.name.startswith(("test_", "Test")):
                for decorator in node.decorator_list:
                    yield from _marks_of(decorator, f"{where}:{node.lineno}")
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
            yield from _marks_of(node.value, f"{where}:{node.lineno}")


def _marks_of(expression: ast.expr, where: str) -> Iterator[Mark]:
    for call in ast.walk(expression):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
            continue
        kind = call.func.attr
        if kind not in KINDS or ast.unparse(call.func.value) != "pytest.mark":
            continue
        for argument in call.args:
            number = argument.value if isinstance(argument, ast.Constant) else None
            if not isinstance(number, int | str):
                raise TypeError(f"{where}: a mark holds plain numbers")
            yield kind, number
