"""``jwtkit explain``: the verdict is the verifier's, the words are for people."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli_runs import Shell, production
from fastapi_jwtkit.clock import SystemClock
from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.tokens.codec import encode_compact, header_segment

TIMES = {"iat", "exp", "nbf"}
"""Given here as so many seconds from now."""
CLAIMS: dict[str, Any] = {
    "iss": "https://issuer.example",
    "aud": "https://issuer.example",
    "sub": "1",
    "client_id": "web",
    "iat": -5,
    "exp": 300,
    "jti": "j",
    "sid": "s",
    "sv": 0,
}


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """Return a shell with keys of its own."""
    return production(tmp_path_factory.mktemp("explain"))


def sign(shell: Shell, typ: str = "at+jwt", **claims: Any) -> str:
    """Sign what nobody would issue."""
    key = KeyRing.from_text((shell.folder / "keys.json").read_text()).active
    now = int(SystemClock().now())
    payload = {
        name: value + now if name in TIMES else value
        for name, value in (CLAIMS | claims).items()
        if value is not None
    }
    return encode_compact(header_segment(key, typ=typ), payload, key)


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """Return a token that only looks like one."""
    parts = (urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in (header, claims))
    return ".".join(part.decode() for part in parts) + ".AAAA"


def test_a_good_token_passes_and_what_was_not_asked_is_said(shell: Shell) -> None:
    """Exit code 0; times are for people; the token is not repeated."""
    token = sign(shell)
    said = shell("explain", stdin=f"Authorization: Bearer {token}\n")
    assert (said.returncode, said.stderr) == (0, "")
    assert "an access token (RFC 9068)" in said.stdout
    assert re.search(r"exp: \d+ \(\S+, in (4 min|5 min)", said.stdout)
    assert "refused" not in said.stdout.partition("Nothing was asked")[0]
    assert "whether its session or the token itself was revoked" in said.stdout
    assert token.rpartition(".")[2] not in said.stdout


@pytest.mark.parametrize(
    ("claims", "reason", "words"),
    [
        ({"iss": "https://issuer.example/"}, "wrong_issuer", "iss ends with '/', you set one"),
        ({"iss": "https://other.example"}, "wrong_issuer", "expected: https://issuer.example"),
        ({"aud": "somebody"}, "wrong_audience", 'got: "somebody"'),
        ({"exp": -3, "iat": -60}, "expired", "got: expired"),
        ({"exp": 9_000}, "life_too_long", "a life of at most 10 min"),
        ({"iat": 100}, "issued_in_future", "iat is 1 min"),
        ({"nbf": 100}, "not_yet_valid", "nbf is 1 min"),
        ({"sid": None}, "missing_sid", "a claim sid"),
        ({"sub": 1}, "malformed_sub", "got: 1"),
        ({"cnf": {"jkt": "x"}}, "bound_token", "DPoP"),
        ({"realm": "staff"}, "wrong_realm", "got: staff"),
    ],
)
def test_the_first_check_that_fails_is_named(
    shell: Shell, claims: dict[str, Any], reason: str, words: str
) -> None:
    """With what was expected and what it got; exit code 1."""
    said = shell("explain", stdin=sign(shell, **claims))
    assert said.returncode == 1
    assert reason in said.stdout
    assert words in said.stdout
    assert len(re.findall(r"^refused", said.stdout, re.MULTILINE)) == 1


def cut(token: str) -> str:
    """Lose the end of a signature."""
    return token[:-10]


def swapped(token: str) -> str:
    """Change a claim without signing."""
    header, _, signature = token.split(".")
    body = urlsafe_b64encode(json.dumps(CLAIMS | {"sub": "root"}).encode()).rstrip(b"=").decode()
    return f"{header}.{body}.{signature}"


def wrapped(token: str) -> str:
    """Break the line, as a terminal does."""
    return f"{token[:60]}\n{token[60:]}"


@pytest.mark.parametrize(
    ("change", "check", "reason"),
    [
        (cut, "signature", "bad_signature"),
        (swapped, "signature", "bad_signature"),
        (wrapped, "form", "not_compact"),
        (lambda t: t + ".x.y", "form", "not_compact"),
    ],
)
def test_a_token_that_was_changed_on_its_way(
    shell: Shell, change: Callable[[str], str], check: str, reason: str
) -> None:
    """And which kind of damage it looks like."""
    told = shell.json("explain", stdin=change(sign(shell)))
    assert (told["failure"]["check"], told["failure"]["reason"]) == (check, reason)
    assert told["failure"]["hint"]


@pytest.mark.parametrize(
    ("header", "claims", "kind"),
    [
        ({"alg": "RS256", "typ": "JWT", "kid": "x", "nonce": "n"}, {}, "Microsoft Graph"),
        ({"alg": "RS256", "typ": "JWT", "kid": "x"}, {"nonce": "n"}, "ID token"),
        ({"alg": "HS256", "typ": "JWT"}, {"sub": "1"}, "somebody else's making"),
    ],
)
def test_tokens_of_others_are_known(
    shell: Shell, header: dict[str, Any], claims: dict[str, Any], kind: str
) -> None:
    """Nobody has to guess why the right-looking token is refused."""
    told = shell.json("explain", stdin=unsigned(header, claims))
    assert kind in told["kind"]
    assert told["failure"]["reason"] == "wrong_typ"


def test_a_cookie_token_is_told_from_a_bearer_token(shell: Shell) -> None:
    """It holds, in its cookie alone."""
    told = shell.json("explain", stdin=sign(shell, "cookie-at+jwt"))
    assert "lives in a cookie" in told["kind"]
    assert told["failure"] is None


def test_a_refresh_token_is_said_to_be_one(shell: Shell) -> None:
    """A forged one too; it is not taken for a broken JWT."""
    told = shell.json("explain", stdin="jkr_" + "A" * 71 + "." + "A" * 43)
    assert "POST /auth/refresh" in told["kind"]
    assert told["failure"]["reason"] == "refresh_token_version_unknown"


def test_without_settings_the_form_is_told_and_the_rest_is_said_to_be_open(tmp_path: Path) -> None:
    """Exit code 1: nobody must take it for a verdict."""
    said = Shell(tmp_path)("explain", stdin=unsigned({"alg": "none"}, {"exp": 1}))
    assert said.returncode == 1
    assert "Only its form was looked at: JWTKIT_ISSUER is not set." in said.stdout
    made = Shell(tmp_path, {"JWTKIT_ENV": "dev"})("explain", stdin="x")
    assert "There are no development keys" in made.stdout
    assert not list(tmp_path.iterdir())


def test_no_token_is_misuse(shell: Shell) -> None:
    """And a token on the command line is not taken: everybody on the machine would see it."""
    assert shell("explain", stdin=" \n").returncode == 2
    assert shell("explain", sign(shell)).returncode == 2
