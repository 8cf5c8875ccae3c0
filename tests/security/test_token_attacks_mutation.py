"""Any text at all: refused with the one error, or the very token that was issued."""

from __future__ import annotations

import base64
import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastapi_jwtkit.claims import Claims
from fastapi_jwtkit.errors import InvalidTokenError
from fastapi_jwtkit.principal import Principal
from fastapi_jwtkit.tokens.cache import VerifiedClaimsCache
from token_forge import (
    GRANT,
    forge,
    good_claims,
    make_issuer,
    make_ring,
    make_verifier,
    segment,
    signed,
)

RINGS = {alg: make_ring(alg) for alg in ("HS256", "ES256", "EdDSA")}
TOKENS = {
    alg: [make_issuer(ring).issue_access(GRANT).text for _ in range(2)]
    for alg, ring in RINGS.items()
}
# One of each kind lives through the whole run: what a mutation left behind would show.
VERIFIERS = {
    alg: (make_verifier(ring), make_verifier(ring, cache=VerifiedClaimsCache()))
    for alg, ring in RINGS.items()
}
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
ODD = ALPHABET + "+/=. \n\t\0\r,;\"'{}é\u2028\ud800"
algorithms = st.sampled_from(sorted(RINGS))

pytestmark = [pytest.mark.attack(4, 5), pytest.mark.std(45)]


def verify_both(alg: str, text: str) -> Claims | None:
    """Ask the plain verifier and the one with a cache, twice; they must agree."""
    answers: list[Claims | None] = []
    for verifier in (*VERIFIERS[alg], VERIFIERS[alg][1]):
        answers.append(None)
        with contextlib.suppress(InvalidTokenError):
            answers[-1] = verifier.verify(text)
    assert answers[0] == answers[1] == answers[2]
    return answers[0]


def assert_only_itself_passes(alg: str, text: str) -> None:
    """Hold the property: accepted if and only if it is a token that was issued."""
    assert (verify_both(alg, text) is not None) == (text in TOKENS[alg])


@given(algorithms, st.text(alphabet=st.characters() | st.sampled_from(ODD), max_size=300))
def test_arbitrary_text_is_refused(alg: str, text: str) -> None:
    """Any code points, lone surrogates included."""
    assert_only_itself_passes(alg, text)


@given(algorithms, st.lists(st.text(ALPHABET, max_size=60), max_size=6))
def test_arbitrary_segments_are_refused(alg: str, parts: list[str]) -> None:
    """Any number of segments of the right alphabet."""
    assert_only_itself_passes(alg, ".".join(parts))


@settings(max_examples=300)
@given(algorithms, st.data())
def test_a_token_with_changed_characters_is_refused(alg: str, data: st.DataObject) -> None:
    """Replaced, inserted, deleted, at up to three places."""
    text = TOKENS[alg][0]
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text) - 1))
        new = data.draw(st.sampled_from(ODD) | st.just(""))
        width = data.draw(st.integers(0, 2))
        text = text[:at] + new + text[at + width :]
    assert_only_itself_passes(alg, text)


@settings(max_examples=200)
@given(algorithms, st.integers(0), st.integers(0, 7))
def test_a_token_with_one_bit_changed_is_refused(alg: str, place: int, bit: int) -> None:
    """Every bit of what is decoded counts."""
    segments = TOKENS[alg][0].split(".")
    index = place % 3
    raw = bytearray(_decode(segments[index]))
    raw[place // 3 % len(raw)] ^= 1 << bit
    segments[index] = segment(bytes(raw))
    assert_only_itself_passes(alg, ".".join(segments))


@given(algorithms, st.permutations(range(6)), st.integers(1, 6))
def test_segments_of_two_good_tokens_do_not_make_a_third(
    alg: str, order: list[int], count: int
) -> None:
    """Swapped, mixed, repeated, left out."""
    pool = [part for token in TOKENS[alg] for part in token.split(".")]
    text = ".".join(pool[index] for index in order[:count])
    assert_only_itself_passes(alg, text)


@pytest.mark.parametrize("alg", sorted(RINGS))
@pytest.mark.parametrize("index", [0, 1, 2])
def test_other_spellings_of_a_segment_are_refused(alg: str, index: int) -> None:
    """Padding, the standard alphabet, set unused bits, white space, another JSON layout."""
    parts = TOKENS[alg][0].split(".")
    text = parts[index]
    spellings = {
        text + "=" * (-len(text) % 4),
        text.replace("-", "+").replace("_", "/"),
        *(text[:-1] + last for last in ALPHABET),
        text + "\n",
        text[:4] + " " + text[4:],
        text + "A",
        text + "AAAA",
        text[:-1],
    }
    if index < 2:
        spellings.add(segment(json.dumps(json.loads(_decode(text)), indent=1).encode()))
    for spelling in spellings - {text}:
        assert_only_itself_passes(alg, ".".join([*parts[:index], spelling, *parts[index + 1 :]]))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
CLAIM_NAMES = st.sampled_from(
    [*good_claims(), "nbf", "scope", "roles", "permissions", "amr", "auth_time", "acr", "x"]
)


@settings(max_examples=300)
@given(st.dictionaries(CLAIM_NAMES, JSON, max_size=4))
def test_a_signed_claim_set_of_any_values_is_refused_or_has_the_right_types(
    changes: dict[str, object],
) -> None:
    """Whatever a key holder writes: no other error, and nothing a guard would trip over."""
    token = signed(RINGS["HS256"].active, good_claims(**changes))
    claims = verify_both("HS256", token)
    if claims is None:
        return
    principal = Principal.of(claims)
    assert isinstance(principal.subject, str)
    assert all(isinstance(each, str) for each in principal.scopes | principal.roles)
    assert all(isinstance(each, str) for each in principal.permissions)
    assert all(isinstance(each, str) for each in principal.amr)
    assert isinstance(claims.token_id, str)
    assert isinstance(claims.expires_at, int | float)
    assert type(claims.epoch) is int


@settings(max_examples=200)
@given(st.dictionaries(st.text(max_size=4), JSON, max_size=3), st.binary(max_size=40))
def test_a_header_of_any_members_is_refused_without_our_signature(
    members: dict[str, object], signature: bytes
) -> None:
    """The stranger's header is parsed before any signature: nothing but a refusal comes out."""
    key = RINGS["HS256"].active
    for header in (members, {"alg": "HS256", "kid": key.kid, "typ": "at+jwt"} | members):
        text = forge(header, good_claims(), lambda _: signature)
        assert_only_itself_passes("HS256", text)


@given(st.binary(max_size=120))
def test_a_header_of_any_bytes_is_refused(header: bytes) -> None:
    """As bytes, not only as JSON."""
    assert_only_itself_passes("HS256", forge(header, good_claims(), RINGS["HS256"].active.sign))


@given(st.binary(max_size=200))
def test_a_signed_payload_of_any_bytes_is_refused(payload: bytes) -> None:
    """As bytes, not only as JSON."""
    assert verify_both("HS256", signed(RINGS["HS256"].active, payload)) is None


@pytest.mark.parametrize("alg", sorted(RINGS))
def test_the_identical_text_gives_the_same_claims_again(alg: str) -> None:
    """With a cache and without."""
    for text in TOKENS[alg]:
        first = verify_both(alg, text)
        assert first is not None
        assert verify_both(alg, text) == first


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")
