"""What an access token says."""

from __future__ import annotations

import base64
import json
import math
from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import pytest

from clocks import FakeClock
from fastapi_jwtkit.claims import RESERVED_CLAIMS
from fastapi_jwtkit.errors import ConfigurationError, MissingKeyError, ReservedClaimError
from fastapi_jwtkit.keys.key_ring import KeyRing, KeyState, RingKey
from fastapi_jwtkit.keys.signing_key import SigningKey
from fastapi_jwtkit.tokens.issuer import AccessGrant, IssuedToken, TokenIssuer
from fastapi_jwtkit.tokens.verifier import RFC9068_CLAIMS
from token_forge import AUDIENCE, GRANT, ISSUER, NOW, TTL, make_issuer, make_ring, make_verifier

RING = make_ring()


def payload_of(token: IssuedToken) -> dict[str, Any]:
    """Return the claim set as any reader sees it."""
    segment = token.text.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(segment + "=="))
    return claims


def refusal(grant: AccessGrant, issuer: TokenIssuer | None = None) -> str:
    """Return what the developer is told."""
    with pytest.raises(ConfigurationError) as caught:
        (issuer or make_issuer(RING)).issue_access(grant)
    assert caught.value.why
    assert caught.value.fix
    return str(caught.value)


@pytest.mark.std(51)
def test_a_token_says_all_that_rfc_9068_and_the_kit_ask_for() -> None:
    """Every claim of the design, with its type, and none besides."""
    token = make_issuer(RING).issue_access(GRANT)
    claims = payload_of(token)
    assert set(RFC9068_CLAIMS) <= set(claims)
    times = {"exp": claims.pop("exp"), "iat": claims.pop("iat"), "jti": claims.pop("jti")}
    assert claims == {
        "iss": ISSUER,
        "sub": "user-1",
        "aud": AUDIENCE,
        "client_id": "first-party",
        "sid": GRANT.session_id,
        "sv": 3,
        "auth_time": NOW - 60,
        "amr": ["pwd"],
        "scope": "tasks:read tasks:write",
        "roles": ["member"],
        "permissions": ["tasks.archive"],
    }
    assert times["iat"] == NOW
    assert times["jti"] == token.token_id
    assert token.expires_in == times["exp"] - NOW
    assert token.scopes == GRANT.scopes


def test_a_token_id_has_128_random_bits() -> None:
    """Sixteen bytes as base64url, another one each time."""
    issuer = make_issuer(RING)
    ids = {issuer.issue_access(GRANT).token_id for _ in range(50)}
    assert len(ids) == 50
    assert {len(base64.urlsafe_b64decode(one + "==")) for one in ids} == {16}


def test_the_life_is_the_configured_one_less_up_to_five_percent() -> None:
    """Whole seconds, never more than asked for, and not always the same."""
    issuer = make_issuer(RING)
    lives = {issuer.issue_access(GRANT).expires_in for _ in range(200)}
    assert min(lives) >= TTL * 0.95 - 1
    assert max(lives) <= TTL
    assert len(lives) > 5


def test_a_grant_that_was_read_earlier_is_dated_earlier() -> None:
    """The iat is when the roles were read; what is left is counted from now."""
    clock = FakeClock(NOW + 20.5)
    token = make_issuer(RING, clock).issue_access(GRANT, issued_at=NOW + 0.9)
    claims = payload_of(token)
    assert claims["iat"] == NOW
    assert token.expires_in == claims["exp"] - NOW - 21


def test_several_audiences_become_an_array() -> None:
    """One is a string (RFC 7519 4.1.3); a grant may name its own."""
    issuer = make_issuer(RING, audience=("a", "b"))
    assert payload_of(issuer.issue_access(GRANT))["aud"] == ["a", "b"]
    narrowed = replace(GRANT, audience=("b",))
    assert payload_of(issuer.issue_access(narrowed))["aud"] == "b"


def test_empty_rights_are_left_out() -> None:
    """No scope, roles or permissions: no claims of those names."""
    grant = replace(GRANT, scopes=frozenset(), roles=frozenset(), permissions=frozenset())
    assert (
        payload_of(make_issuer(RING).issue_access(grant))
        .keys()
        .isdisjoint({"scope", "roles", "permissions"})
    )


def test_extra_claims_travel_along_and_come_back() -> None:
    """Any JSON value, frozen for whoever reads it."""
    extra = {"tenant": {"id": 7, "tags": ["a", None, 1.5]}, "beta": True, "næme": "☃"}
    token = make_issuer(RING).issue_access(replace(GRANT, extra=extra))
    claims = make_verifier(RING).verify(token.text)
    assert claims["tenant"]["tags"] == ("a", None, 1.5)
    assert claims["næme"] == "☃"


@pytest.mark.std(59)
@pytest.mark.parametrize("name", sorted(RESERVED_CLAIMS))
def test_an_extra_claim_cannot_override_one_of_the_kit(name: str) -> None:
    """Not its life, not its user, not its scope: the error says which."""
    with pytest.raises(ReservedClaimError, match=name):
        make_issuer(RING).issue_access(replace(GRANT, extra={name: "x"}))


@pytest.mark.attack(6)
@pytest.mark.parametrize("subject", [42, None, b"user-1", ""])
def test_a_subject_that_is_no_string_is_refused_with_a_remedy(subject: Any) -> None:
    """An int signs well and fails at every strict verifier; better to say so at once."""
    words = refusal(replace(GRANT, subject=subject))
    assert "str(self.pk)" in words
    assert "RFC 7519 4.1.2" in words


class Colour(Enum):
    """No JSON value."""

    RED = 1


@pytest.mark.parametrize(
    "value",
    [
        datetime(2026, 1, 1, tzinfo=UTC),
        math.nan,
        math.inf,
        {1, 2},
        b"bytes",
        Colour.RED,
        {1: "a"},
        10**30,
        "\ud800",
        [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]],
    ],
)
def test_an_extra_claim_that_is_no_json_is_refused_by_name(value: object) -> None:
    """The developer reads which claim, before any token goes out."""
    assert "since" in refusal(replace(GRANT, extra={"since": value}))


@pytest.mark.parametrize(
    "changes",
    [
        {"epoch": -1},
        {"epoch": True},
        {"epoch": "1"},
        {"auth_time": 1.5},
        {"auth_time": None},
        {"amr": ("",)},
        {"amr": (1,)},
        {"client_id": ""},
        {"session_id": None},
        {"audience": ("",)},
        {"roles": {"admin", 3}},
        {"roles": "admin"},
        {"permissions": {""}},
        {"scopes": {"two words"}},
        {"scopes": {f"scope-{number:04d}" for number in range(300)}},
    ],
)
def test_what_our_own_verifier_would_refuse_is_not_issued(changes: dict[str, Any]) -> None:
    """One table of types serves both sides."""
    assert refusal(replace(GRANT, **changes))


@pytest.mark.std(56)
def test_a_token_above_the_cap_is_refused_with_sizes() -> None:
    """No verifier would look into it, so the person who wrote the claims is told."""
    words = refusal(replace(GRANT, extra={"history": "x" * 7000}))
    assert "8192" in words
    assert "history 7014" in words


def test_after_a_rotation_the_new_key_signs() -> None:
    """The ring is followed live, and both tokens hold."""
    old, new = SigningKey.generate("HS256"), SigningKey.generate("ES256")
    ring = KeyRing([RingKey(old, KeyState.ACTIVE, NOW)])
    issuer, verifier = make_issuer(ring), make_verifier(ring)
    before = issuer.issue_access(GRANT).text
    ring.adopt(KeyRing([RingKey(old, KeyState.RETIRED, NOW), RingKey(new, KeyState.ACTIVE, NOW)]))
    after = issuer.issue_access(GRANT).text
    assert verifier.verify(before).kid == old.kid
    assert verifier.verify(after).kid == new.kid


def test_an_empty_ring_signs_nothing() -> None:
    """The error is a configuration error, and says what to do."""
    with pytest.raises(MissingKeyError):
        make_issuer(KeyRing()).issue_access(GRANT)


@pytest.mark.parametrize("changes", [{"issuer": ""}, {"audience": ()}, {"audience": ("",)}])
def test_an_issuer_without_a_name_or_an_audience_is_refused(changes: dict[str, Any]) -> None:
    """At construction, not at the first login."""
    with pytest.raises(ConfigurationError):
        make_issuer(RING, **changes)


def test_the_token_is_in_no_repr() -> None:
    """Whoever logs the answer logs no credential."""
    token = make_issuer(RING).issue_access(GRANT)
    assert token.text not in repr(token)
    assert token.text.split(".")[2] not in repr(token)
