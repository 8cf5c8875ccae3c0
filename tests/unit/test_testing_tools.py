"""Principals, clocks and outside issuers for tests."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from fastapi_jwtkit import Principal
from fastapi_jwtkit.errors import ConfigurationError, InvalidTokenError
from fastapi_jwtkit.keys.key_ring import KeyRing, KeyState, RingKey
from fastapi_jwtkit.keys.signing_key import SigningKey
from fastapi_jwtkit.policies.rules import has_scopes
from fastapi_jwtkit.testing.clock import FakeClock
from fastapi_jwtkit.testing.issuers import OutsideIssuer
from fastapi_jwtkit.testing.loops import run
from fastapi_jwtkit.testing.principals import principal
from fastapi_jwtkit.tokens.codec import decode_segment
from fastapi_jwtkit.tokens.verifier import RFC9068_CLAIMS, TokenVerifier

AUDIENCE = "https://api.example.com"


def test_a_principal_is_made_of_plain_names() -> None:
    """What a guard would return, frozen."""
    ann = principal("ann", scopes=["a"], roles=("r",), permissions={"p"}, amr=("pwd",), auth_time=1)
    assert ann == Principal(
        subject="ann",
        scopes=frozenset({"a"}),
        roles=frozenset({"r"}),
        permissions=frozenset({"p"}),
        amr=("pwd",),
        auth_time=1,
    )
    assert has_scopes("a").decide(ann, None).allowed


@pytest.mark.parametrize("wrong", [{"scopes": "a"}, {"roles": "a"}, {"permissions": "a"}])
def test_one_string_is_no_set_of_names(wrong: dict[str, Any]) -> None:
    """Its letters would be taken for names, and a refusal be tested for nothing."""
    with pytest.raises(ConfigurationError, match="one string"):
        principal("ann", **wrong)


def test_a_scope_that_no_token_can_carry_is_refused() -> None:
    """As a guard would refuse it."""
    with pytest.raises(ConfigurationError, match="not a scope"):
        principal("ann", scopes=["two words"])


def test_a_clock_moves_when_it_is_told_to() -> None:
    """The monotonic one never back."""
    clock = FakeClock(100.0)
    before = clock.monotonic()
    clock.step(5)
    clock.step(-50)
    assert clock.now() == 55.0
    assert clock.monotonic() == before + 5


def ring_of(issuer: OutsideIssuer) -> KeyRing:
    """Return its published keys, as who trusts it would hold them."""
    found = [SigningKey.from_jwk(jwk) for jwk in issuer.jwks()["keys"]]
    last = len(found) - 1
    states = [KeyState.ACTIVE if n == last else KeyState.RETIRED for n in range(len(found))]
    return KeyRing(RingKey(key, state, 0.0) for key, state in zip(found, states, strict=True))


def verifier_of(issuer: OutsideIssuer, clock: FakeClock) -> TokenVerifier:
    """Return who trusts it."""
    return TokenVerifier(
        ring_of(issuer),
        issuer=issuer.issuer,
        audience=AUDIENCE,
        clock=clock,
        leeway=30.0,
        required=RFC9068_CLAIMS,
    )


@pytest.mark.parametrize("alg", ["ES256", "RS256", "EdDSA"])
def test_the_tokens_of_an_outside_issuer_are_good_ones(alg: str) -> None:
    """By its own keys, whoever trusts those; an ID token is none."""
    clock = FakeClock()
    issuer = OutsideIssuer(alg=alg, clock=clock)
    token = issuer.access_token("bob", audience=AUDIENCE, scopes=["a", "b"], tenant="blue")
    claims = verifier_of(issuer, clock).verify(token)
    assert (claims.subject, claims.scopes, claims["tenant"]) == (
        "bob",
        frozenset({"a", "b"}),
        "blue",
    )
    assert claims.session_id is None
    clock.step(700)
    with pytest.raises(InvalidTokenError, match="expired"):
        verifier_of(issuer, clock).verify(token)
    with pytest.raises(InvalidTokenError, match="wrong_typ"):
        verifier_of(issuer, clock).verify(issuer.id_token(client_id=AUDIENCE))


def test_claims_are_left_out_or_replaced() -> None:
    """For tests of what is missing."""
    issuer = OutsideIssuer()
    payload = json.loads(
        decode_segment(issuer.access_token(jti=..., iss="https://other.invalid").split(".")[1])
    )
    assert "jti" not in payload
    assert "scope" not in payload
    assert payload["iss"] == "https://other.invalid"


def test_a_rotation_keeps_the_old_keys_or_not() -> None:
    """As issuers do, and as they should not."""
    issuer = OutsideIssuer()
    first = issuer.key.kid
    second = issuer.rotate().kid
    assert [key["kid"] for key in issuer.jwks()["keys"]] == [first, second]
    third = issuer.rotate(keep_old=False).kid
    assert [key["kid"] for key in issuer.jwks()["keys"]] == [third]


async def test_its_documents_are_served_without_a_network() -> None:
    """The key set and both discovery documents, and fetches are counted."""
    issuer = OutsideIssuer("https://login.invalid")
    transport = httpx.ASGITransport(app=issuer.app)
    async with httpx.AsyncClient(transport=transport, base_url=issuer.issuer) as client:
        for name in ("openid-configuration", "oauth-authorization-server"):
            metadata = (await client.get(f"/.well-known/{name}")).json()
            assert metadata["issuer"] == issuer.issuer
        answer = await client.get(metadata["jwks_uri"])
    assert answer.json() == issuer.jwks()
    assert "max-age" in answer.headers["cache-control"]
    assert all("d" not in key for key in answer.json()["keys"])
    assert issuer.fetches == 1


async def test_a_coroutine_runs_below_a_running_loop() -> None:
    """Its answer and its failure come back."""

    async def answer() -> int:
        return 42

    async def fail() -> None:
        raise LookupError

    assert run(answer()) == 42
    with pytest.raises(LookupError):
        run(fail())
