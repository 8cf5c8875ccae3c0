"""Every rule that applies has a test that names it, or a reason why it has none yet."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RULES = {
    26: "The scheme Bearer is matched in any case (RFC 6750 2.1, RFC 9110 11.1)",
    27: "A malformed token is a 401 or a 400, never a 422 or a 500 (RFC 6750 2.1, 3.1)",
    28: "More than one token in a request is refused (RFC 6750 2, 3.1)",
    29: "A token in the query string is not seen (RFC 6750 2.3, RFC 9700 4.3.2)",
    30: "Without a token the challenge has no error code (RFC 6750 3, 3.1)",
    31: "An expired, revoked, malformed or forged token is invalid_token (RFC 6750 3.1)",
    32: "A missing scope is a 403 insufficient_scope that lists what is needed (RFC 6750 3.1)",
    33: "Attributes of a challenge come once and cannot be broken out of (RFC 6750 3)",
    34: "Every 401 carries a challenge (RFC 9110 15.5.2)",
    35: "No answer is cached for a token in the query, for none is read (RFC 6750 2.3)",
    36: "The challenge may name the metadata of the resource (RFC 9728 5.1)",
    37: "An old login can be asked for again: step-up (RFC 9470 3)",
    38: "auth_time and amr describe the login, not the refresh (RFC 9068 2.2.1)",
    39: "The application chooses the algorithms, and a key has one (RFC 8725 3.1)",
    40: "The algorithm none is never accepted (ASVS 9.1.2)",
    41: "kid selects the key, and alg must be that key's (RFC 8725 3.1)",
    42: "jku, x5u, jwk and x5c find no key (RFC 8725 3.10, ASVS 9.1.3)",
    43: "An unknown crit is refused, and b64 too (RFC 7515 4.1.11)",
    44: "kid is data of bounded length: no path, no query, no log line (RFC 8725 3.10)",
    45: "Only the compact form in its alphabet is a token (RFC 7515 7.1)",
    46: "typ must be at+jwt (RFC 9068 4, RFC 8725 3.11)",
    47: "No kind of token passes as another (RFC 8725 3.12, ASVS 9.2.2)",
    48: "iss is matched exactly, and the key belongs to it (RFC 8725 3.8)",
    49: "aud is required and holds this resource (RFC 8725 3.9, RFC 9068 4)",
    50: "exp is required, times are numbers, leeway is at most a minute (RFC 9068 4)",
    51: "The claims that RFC 9068 2.2 requires are there and are required",
    52: "sub is a string that is never given to somebody else (RFC 9700 4.15)",
    53: "Weak secrets, short RSA keys and foreign curves are refused (RFC 7518 3.2, 3.3)",
    54: "Ed25519 and ES256 are preferred, ECDSA is deterministic (RFC 9864, RFC 6979)",
    55: "JSON is UTF-8 without duplicate members (RFC 8725 3.7, RFC 7515 4)",
    56: "Sizes are capped before parsing; no compression, no encryption (RFC 8725 3.13)",
    57: "Secrets are compared in constant time (ASVS 11.2.4)",
    58: "Nothing is believed before the signature, and every failure reads alike",
    59: "Claims of an application cannot override those of the kit",
}
"""The lines of the standards checklist on bearer tokens (26 to 38) and on JWTs (39 to 59)."""

LESSONS = {
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

NOT_YET = {
    ("std", 36): "there is no metadata document to name",
    ("std", 37): "require_auth(max_age=) does not exist yet",
}
"""What has no test, because there is nothing yet to test."""

WORDS = {("std", n): text for n, text in RULES.items()} | {
    ("attack", n): text for n, text in LESSONS.items()
}
LAST = {"std": 110, "attack": max(LESSONS)}


def files_with_tests() -> Iterator[Path]:
    """Return the files in which tests are."""
    for directory in (ROOT / "tests", ROOT / "examples"):
        yield from sorted(directory.rglob("test_*.py"))


def marks_of(expression: ast.expr, where: str) -> Iterator[tuple[str, int]]:
    """Return the numbers in ``pytest.mark.std(…)`` and ``pytest.mark.attack(…)``."""
    for call in ast.walk(expression):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
            continue
        kind = call.func.attr
        if kind not in LAST or ast.unparse(call.func.value) != "pytest.mark":
            continue
        for argument in call.args:
            assert isinstance(argument, ast.Constant), f"{where}: a mark holds plain numbers"
            assert isinstance(argument.value, int), f"{where}: a mark holds plain numbers"
            yield kind, argument.value


def marks_in(tree: ast.Module, where: str) -> Iterator[tuple[str, int]]:
    """Return the marks of the tests of a module, those of all its tests included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if node.name.startswith(("test_", "Test")):
                for decorator in node.decorator_list:
                    yield from marks_of(decorator, f"{where}:{node.lineno}")
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
            yield from marks_of(node.value, f"{where}:{node.lineno}")


@pytest.fixture(scope="module")
def covered() -> dict[tuple[str, int], set[str]]:
    """Return the files in which each number is named."""
    found: dict[tuple[str, int], set[str]] = {}
    for path in files_with_tests():
        where = str(path.relative_to(ROOT))
        for mark in marks_in(ast.parse(path.read_text("utf-8")), where):
            found.setdefault(mark, set()).add(where)
    return found


def test_the_numbers_are_without_gaps() -> None:
    """A line that is forgotten here would be forgotten for good."""
    assert list(RULES) == list(range(26, 60))
    assert list(LESSONS) == list(range(1, 21))


def test_every_rule_has_a_test_that_names_it_or_a_reason(
    covered: dict[tuple[str, int], set[str]],
) -> None:
    """Add the test, or say in the table why it cannot be written yet."""
    missing = {mark: WORDS[mark] for mark in WORDS if mark not in covered and mark not in NOT_YET}
    assert missing == {}


def test_no_rule_that_has_a_test_is_still_excused(
    covered: dict[tuple[str, int], set[str]],
) -> None:
    """Take the entry out when the test comes in."""
    assert {mark: covered[mark] for mark in NOT_YET if mark in covered} == {}
    assert NOT_YET.keys() <= WORDS.keys()


def test_no_mark_names_a_number_that_does_not_exist(
    covered: dict[tuple[str, int], set[str]],
) -> None:
    """A typing error would count for another line."""
    wrong = {mark: files for mark, files in covered.items() if not 1 <= mark[1] <= LAST[mark[0]]}
    assert wrong == {}


def test_marks_are_found_wherever_pytest_takes_them_from() -> None:
    """On functions, classes and modules; not in helpers and not in strings."""
    source = """
pytestmark = [pytest.mark.std(1), pytest.mark.attack(2, 3)]
@pytest.mark.std(4, 5)
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
    found = sorted(marks_in(ast.parse(source), "source"))
    assert found == [
        *(("attack", n) for n in (2, 3, 6)),
        *(("std", n) for n in (1, 4, 5, 7, 11)),
    ]
