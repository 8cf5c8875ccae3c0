"""What a token is, and the first check that it fails: pure, offline, and nothing is asked.

The verdict is the verifier's own; here it is only put into words.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi_jwtkit.cli.console import clock_time, span
from fastapi_jwtkit.errors import InvalidTokenError
from fastapi_jwtkit.keys.json_values import as_object
from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.tokens.access_types import ACCESS_TYP, COOKIE_ACCESS_TYP
from fastapi_jwtkit.tokens.codec import MAX_TOKEN_CHARACTERS
from fastapi_jwtkit.tokens.verifier import TokenVerifier

__all__ = ["CHECKS", "Explanation", "Failure", "Rules", "Seen", "explain_access", "look_into"]

_UNREADABLE = ("not_utf8", "not_json", "not_an", "not_a_", "json_", "duplicate_", "number_")
_CHECKED_BY: Mapping[str, tuple[str, ...]] = {
    "form": ("not_text", "too_long", "not_ascii", "not_compact", "base64_not_canonical"),
    "header": ("header_too_complex", "refused_", "missing_alg", "malformed_alg", "kid_too_long"),
    "type": ("wrong_typ", "malformed_typ"),
    "key": ("missing_kid", "malformed_kid", "unknown_kid", "key_revoked"),
    "algorithm": ("wrong_alg",),
    "signature": ("bad_signature",),
    "claims": ("missing_", "malformed_", *_UNREADABLE),
    "issuer": ("wrong_issuer",),
    "realm": ("wrong_realm",),
    "audience": ("wrong_audience",),
    "binding": ("bound_token",),
    "life": ("life_too_long",),
    "time": ("expired", "issued_in_future", "not_yet_valid"),
}
CHECKS = tuple(_CHECKED_BY)
"""In the order of the verifier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a token is held against."""

    ring: KeyRing
    issuer: str
    realm: str
    audience: tuple[str, ...]
    max_life: float
    now: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What can be read in a token without believing any of it."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The first check that a token fails."""

    check: str
    reason: str
    expected: str
    got: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What there is to say about a token.

    Attributes:
        kind: what it is.
        seen: what it says of itself.
        passed: the checks that it passed, in their order.
        failure: the first that it fails; ``None``: it holds, offline.
    """

    kind: str
    seen: Seen
    passed: tuple[str, ...] = ()
    failure: Failure | None = None


def explain_access(token: str, verifiers: Mapping[str, TokenVerifier], rules: Rules) -> Explanation:
    """Explain a JWT.

    Args:
        token: the compact form.
        verifiers: by the type of token that they take.
        rules: what those verifiers hold it against.
    """
    seen = look_into(token)
    typ = str(seen.header.get("typ", "")).lower().removeprefix("application/")
    verifier = verifiers.get(typ, verifiers[ACCESS_TYP])
    kind = _kind_of(seen, typ)
    try:
        verifier.verify(token)
    except InvalidTokenError as error:
        failure = _failure(error.reason, token, seen, rules)
        passed = CHECKS[: CHECKS.index(failure.check)]
        return Explanation(kind=kind, seen=seen, passed=passed, failure=failure)
    return Explanation(kind=kind, seen=seen, passed=CHECKS)


def look_into(token: str) -> Seen:
    """Read header and claims as far as they can be; what cannot is empty."""
    segments = [*token.split("."), "", ""]
    return Seen(header=_object(segments[0]), claims=_object(segments[1]))


def _kind_of(seen: Seen, typ: str) -> str:
    if typ == COOKIE_ACCESS_TYP:
        return "an access token that lives in a cookie; as a Bearer token it is refused"
    if typ == ACCESS_TYP:
        return "an access token (RFC 9068)"
    if "nonce" in seen.header:
        return "a token of Microsoft Graph, which Graph alone can check"
    if {"nonce", "at_hash", "email_verified"} & seen.claims.keys():
        return "an ID token: it tells a client who logged in, and opens no API"
    if typ.endswith("+jwt"):
        return f"a token of the type {typ}, made for one purpose"
    return "a JWT of somebody else's making" if seen.header else "no JWT"


def _failure(reason: str, token: str, seen: Seen, rules: Rules) -> Failure:
    check = next(
        (
            check
            for check, reasons in _CHECKED_BY.items()
            if any(reason.startswith(known) for known in reasons)
        ),
        "form",
    )
    if check == "claims" and not seen.header:
        check = "header"  # the same words are used of both, and the header is read first
    words = _WORDS.get(reason) or _WORDS.get(check)
    expected, got, hint = words(token, seen, rules) if words else ("", "", "")
    if reason.startswith(("missing_", "malformed_")) and check == "claims":
        name = reason.partition("_")[2]
        expected, got = f"a claim {name}, well-formed", json.dumps(seen.claims.get(name))
    return Failure(check=check, reason=reason, expected=expected, got=got, hint=hint)


_Said = tuple[str, str, str]


def _form(token: str, seen: Seen, rules: Rules) -> _Said:
    del seen, rules
    got = f"{len(token)} characters, {token.count('.')} dots"
    hint = ""
    if token.count(".") == 4:  # noqa: PLR2004 - RFC 7516 7.1
        hint = "Five parts are an encrypted token (JWE), which is not taken."
    elif any(character.isspace() for character in token):
        hint = "There is white space in it: it was wrapped or cut where it was copied."
    expected = f"three segments of base64url, at most {MAX_TOKEN_CHARACTERS} characters"
    return expected, got, hint


def _header(token: str, seen: Seen, rules: Rules) -> _Said:
    del token, rules
    return "a flat header with alg, kid and typ", json.dumps(dict(seen.header)), ""


def _type(token: str, seen: Seen, rules: Rules) -> _Said:
    del token, rules
    hint = "Send an access token: the access_token of a login or a refresh."
    return ACCESS_TYP, json.dumps(seen.header.get("typ")), hint


def _key(token: str, seen: Seen, rules: Rules) -> _Said:
    del token
    known = ", ".join(key.kid for key in (e.key for e in rules.ring.entries)) or "no key"
    hint = "It was signed elsewhere, in another environment, or by a key that is gone."
    return f"one of: {known}", json.dumps(seen.header.get("kid")), hint


def _revoked_key(token: str, seen: Seen, rules: Rules) -> _Said:
    expected, got, _ = _key(token, seen, rules)
    return expected, got, "The key was revoked: whatever it signed is refused for good. Log in."


def _algorithm(token: str, seen: Seen, rules: Rules) -> _Said:
    del token
    key = rules.ring.find(str(seen.header.get("kid")))
    hint = "The key says which algorithm it is for, not the token (RFC 8725 3.1)."
    return key.alg if key else "", json.dumps(seen.header.get("alg")), hint


def _signature(token: str, seen: Seen, rules: Rules) -> _Said:
    del token, rules
    hint = "It was changed on its way, or made up, or cut at its end."
    return f"a signature by {seen.header.get('kid')}", "another one", hint


def _issuer(token: str, seen: Seen, rules: Rules) -> _Said:
    del token
    got = str(seen.claims.get("iss"))
    hint = "It is of another environment or another service."
    if got.rstrip("/") == rules.issuer.rstrip("/"):
        one, other = ("with", "without") if got.endswith("/") else ("without", "with")
        hint = f"iss ends {one} '/', you set one {other} '/': they are compared exactly."
    return rules.issuer, got, hint


def _realm(token: str, seen: Seen, rules: Rules) -> _Said:
    del token
    hint = "It is of another kit of the same issuer."
    return rules.realm, str(seen.claims.get("realm", "no realm")), hint


def _audience(token: str, seen: Seen, rules: Rules) -> _Said:
    del token
    named = seen.claims.get("aud")
    hint = "It was made for another service. JWTKIT_AUDIENCE says which ones are yours."
    return f"one of: {', '.join(rules.audience)}", json.dumps(named), hint


def _binding(token: str, seen: Seen, rules: Rules) -> _Said:
    del token, rules
    return "no cnf claim", json.dumps(seen.claims.get("cnf")), "It is bound to a key (DPoP, mTLS)."


def _life(token: str, seen: Seen, rules: Rules) -> _Said:
    del token
    got = span(_number(seen, "exp") - _number(seen, "iat"))
    hint = "Tokens that are older than a lowered JWTKIT_ACCESS_TTL end like this: refresh."
    return f"a life of at most {span(rules.max_life)}", got, hint


def _expired(token: str, seen: Seen, rules: Rules) -> _Said:
    del token
    expired_at = _number(seen, "exp")
    got = f"expired {span(rules.now - expired_at)} ago"
    hint = "The client should have refreshed. If it is younger than that, a clock is wrong."
    return f"exp after {clock_time(rules.now, now=rules.now)}", got, hint


def _early(token: str, seen: Seen, rules: Rules) -> _Said:
    del token
    name = "nbf" if _number(seen, "nbf") > rules.now else "iat"
    got = f"{name} is {span(_number(seen, name) - rules.now)} ahead"
    return "a token that has begun", got, "The clock of the issuer or the one here is wrong."


_WORDS: Mapping[str, Callable[[str, Seen, Rules], _Said]] = {
    "form": _form,
    "header": _header,
    "type": _type,
    "key": _key,
    "key_revoked": _revoked_key,
    "algorithm": _algorithm,
    "signature": _signature,
    "issuer": _issuer,
    "realm": _realm,
    "audience": _audience,
    "binding": _binding,
    "life": _life,
    "expired": _expired,
    "time": _early,
}


def _number(seen: Seen, name: str) -> float:
    value = seen.claims.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


def _object(segment: str) -> Mapping[str, Any]:
    try:
        value: object = json.loads(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (ValueError, RecursionError):
        return {}
    return as_object(value) or {}
