"""A verifier's own settings: time, leeway, required claims, audiences."""

from __future__ import annotations

import math

import pytest

from clocks import FakeClock
from fastapi_jwtkit.claims import Claims
from fastapi_jwtkit.errors import ConfigurationError, InvalidTokenError
from fastapi_jwtkit.principal import Principal
from fastapi_jwtkit.tokens.cache import VerifiedClaimsCache
from fastapi_jwtkit.tokens.verifier import RFC9068_CLAIMS, TokenVerifier
from token_forge import (
    AUDIENCE,
    GRANT,
    ISSUER,
    NOW,
    TTL,
    good_claims,
    make_issuer,
    make_ring,
    make_verifier,
    signed,
)

RING = make_ring()


def refusal(verifier: TokenVerifier, token: str) -> str:
    """Return why the verifier refuses."""
    with pytest.raises(InvalidTokenError) as caught:
        verifier.verify(token)
    return caught.value.reason


def test_an_honest_token_becomes_claims() -> None:
    """Everything that was granted is there, typed and frozen."""
    token = make_issuer(RING).issue_access(GRANT)
    claims = make_verifier(RING).verify(token.text)
    assert claims.subject == "user-1"
    assert claims.token_id == token.token_id
    assert claims.session_id == GRANT.session_id
    assert claims.epoch == 3
    assert claims.scopes == GRANT.scopes
    assert claims.roles == GRANT.roles
    assert claims.permissions == GRANT.permissions
    assert claims.audience == (AUDIENCE,)
    assert claims.kid == RING.active.kid
    principal = Principal.of(claims)
    assert principal.auth_time == NOW - 60
    assert principal.amr == ("pwd",)
    assert principal.client_id == "first-party"


@pytest.mark.std(50)
@pytest.mark.parametrize("cached", [False, True])
def test_a_token_is_over_at_the_very_second_of_its_exp(cached: bool) -> None:
    """No leeway for our own tokens, and none from the cache."""
    clock = FakeClock(NOW)
    cache = VerifiedClaimsCache() if cached else None
    verifier = make_verifier(RING, clock, cache=cache)
    token = signed(RING.active, good_claims(exp=NOW + 300))
    clock.step(299.999)
    assert verifier.verify(token)
    clock.step(0.001)
    assert refusal(verifier, token) == "expired"


@pytest.mark.std(50)
def test_an_outside_issuer_may_be_given_leeway() -> None:
    """His clock is not ours: 30 seconds here."""
    clock = FakeClock(NOW)
    verifier = make_verifier(RING, clock, leeway=30, max_life=None)
    token = signed(RING.active, good_claims(exp=NOW + 300))
    clock.step(329)
    assert verifier.verify(token)
    clock.step(1)
    assert refusal(verifier, token) == "expired"


@pytest.mark.std(50)
@pytest.mark.parametrize(
    ("claim", "reason"), [("iat", "issued_in_future"), ("nbf", "not_yet_valid")]
)
def test_a_token_may_be_thirty_seconds_ahead_and_no_more(claim: str, reason: str) -> None:
    """Two servers never agree on the time; a minute is another matter."""
    verifier = make_verifier(RING)
    assert verifier.verify(signed(RING.active, good_claims(**{claim: NOW + 30})))
    assert refusal(verifier, signed(RING.active, good_claims(**{claim: NOW + 30.5}))) == reason


@pytest.mark.parametrize(
    ("claim", "reason"), [("iat", "issued_in_future"), ("nbf", "not_yet_valid")]
)
def test_a_clock_that_is_set_back_is_noticed_behind_the_cache(claim: str, reason: str) -> None:
    """The cache remembers a signature, not a moment."""
    clock = FakeClock(NOW)
    verifier = make_verifier(RING, clock, cache=VerifiedClaimsCache())
    times = {"iat": NOW - 60, claim: NOW}
    token = signed(RING.active, good_claims(**times))
    assert verifier.verify(token)
    clock.step(-31)
    assert refusal(verifier, token) == reason


@pytest.mark.std(50)
@pytest.mark.parametrize("leeway", [61, -1, math.nan, math.inf])
def test_a_leeway_above_a_minute_is_a_mistake(leeway: float) -> None:
    """Each second lets an expired token live on."""
    with pytest.raises(ConfigurationError, match="leeway"):
        make_verifier(RING, leeway=leeway)


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": ""},
        {"audience": ()},
        {"audience": ""},
        {"audience": ("a", "")},
        {"max_life": 0},
        {"max_life": math.inf},
        {"max_life": math.nan},
    ],
)
def test_a_verifier_that_would_check_nothing_is_refused(changes: dict[str, object]) -> None:
    """Issuer and audience are mandatory (Hono CVE-2025-62610)."""
    with pytest.raises(ConfigurationError):
        make_verifier(RING, **changes)


def test_a_token_with_a_longer_life_than_we_issue_is_refused() -> None:
    """A thief with a key picks his own exp; a shorter life than ours is fine."""
    verifier = make_verifier(RING)
    assert verifier.verify(signed(RING.active, good_claims(exp=NOW + TTL)))
    token = signed(RING.active, good_claims(exp=NOW + TTL + 1))
    assert refusal(verifier, token) == "life_too_long"


def test_the_life_counts_from_the_iat_of_the_token() -> None:
    """An old iat does not buy a longer life, a future one no longer than the leeway."""
    token = signed(RING.active, good_claims(iat=NOW - TTL, exp=NOW + 10))
    assert refusal(make_verifier(RING), token) == "life_too_long"


def test_an_outside_issuer_may_choose_his_lives_and_leave_out_our_claims() -> None:
    """With RFC 9068's list: no session, no epoch, an hour."""
    verifier = make_verifier(RING, max_life=None, required=RFC9068_CLAIMS)
    claims = verifier.verify(signed(RING.active, good_claims(sid=..., sv=..., exp=NOW + 3600)))
    assert claims.session_id is None
    assert claims.epoch == 0


@pytest.mark.parametrize("name", ["iss", "aud", "exp", "sub"])
def test_no_list_of_required_claims_is_too_short(name: str) -> None:
    """Issuer, audience, expiry and subject are asked for whatever the caller lists."""
    verifier = make_verifier(RING, max_life=None, required=())
    token = signed(RING.active, good_claims(**{name: ...}))
    assert refusal(verifier, token) == f"missing_{name}"


def test_a_bounded_life_needs_an_iat() -> None:
    """Without it the bound would bind nothing."""
    verifier = make_verifier(RING, required=())
    assert refusal(verifier, signed(RING.active, good_claims(iat=...))) == "missing_iat"


@pytest.mark.std(49)
def test_one_of_several_audiences_is_enough() -> None:
    """The verifier has several names, and so may the token."""
    verifier = make_verifier(RING, audience=("x", AUDIENCE))
    assert verifier.verify(signed(RING.active, good_claims(aud=["y", AUDIENCE])))
    assert refusal(verifier, signed(RING.active, good_claims(aud=["y", "z"]))) == "wrong_audience"


@pytest.mark.parametrize("cached", [False, True])
def test_a_route_may_ask_for_a_narrower_audience(cached: bool) -> None:
    """Checked after the cache, so that one route's answer is not another's."""
    cache = VerifiedClaimsCache() if cached else None
    verifier = make_verifier(RING, cache=cache)
    token = signed(RING.active, good_claims(aud=[AUDIENCE, "billing"]))
    plain = signed(RING.active, good_claims(jti="2"))
    for _ in range(2):
        assert verifier.verify(plain)
        assert verifier.verify(token, audience="billing")
        with pytest.raises(InvalidTokenError, match="wrong_audience"):
            verifier.verify(plain, audience="billing")


def test_an_expired_token_still_proves_its_session() -> None:
    """For logging out, however late; every other check stays."""
    clock = FakeClock(NOW + 10_000)
    verifier = make_verifier(RING, clock)
    token = signed(RING.active)
    assert verifier.verify_even_if_expired(token).session_id == "session-1"
    head, payload, _ = token.split(".")
    for bad in (f"{head}.{payload}.AAAA", signed(RING.active, good_claims(iss="other"))):
        with pytest.raises(InvalidTokenError):
            verifier.verify_even_if_expired(bad)


def test_an_expired_proof_is_not_remembered() -> None:
    """What was good enough for logging out is not good enough for anything else."""
    clock = FakeClock(NOW + 10_000)
    cache = VerifiedClaimsCache()
    verifier = make_verifier(RING, clock, cache=cache)
    token = signed(RING.active)
    verifier.verify_even_if_expired(token)
    assert len(cache) == 0
    assert refusal(verifier, token) == "expired"


def test_claims_can_be_asked_again_whether_they_hold() -> None:
    """A socket that stays open outlives its token unless somebody asks."""
    clock = FakeClock(NOW)
    verifier = make_verifier(RING, clock)
    claims: Claims = verifier.verify(signed(RING.active))
    verifier.ensure_timely(claims)
    clock.step(301)
    with pytest.raises(InvalidTokenError, match="expired"):
        verifier.ensure_timely(claims)


@pytest.mark.std(48)
def test_two_issuers_that_share_a_key_do_not_share_tokens() -> None:
    """The issuer is compared, whoever signed."""
    token = make_issuer(RING, issuer=ISSUER + "/two").issue_access(GRANT).text
    assert make_verifier(RING, issuer=ISSUER + "/two").verify(token)
    assert refusal(make_verifier(RING), token) == "wrong_issuer"
