"""Attacks on what a token claims; each token here is really signed by our key."""

from __future__ import annotations

import json

import pytest

from clocks import FakeClock
from fastapi_jwtkit.errors import InvalidTokenError
from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.tokens.verifier import OWN_CLAIMS, RFC9068_CLAIMS
from token_forge import (
    AUDIENCE,
    ISSUER,
    NOW,
    good_claims,
    make_ring,
    make_verifier,
    segment,
    signed,
)

RING = make_ring()


def refusal(token: str, ring: KeyRing = RING) -> str:
    """Return why a verifier of this ring refuses."""
    with pytest.raises(InvalidTokenError) as caught:
        make_verifier(ring, FakeClock(NOW)).verify(token)
    return caught.value.reason


def refusal_of(**changes: object) -> str:
    """Return why a claim set with these changes is refused."""
    return refusal(signed(RING.active, good_claims(**changes)))


@pytest.mark.std(51)
@pytest.mark.attack(6)
@pytest.mark.parametrize("name", OWN_CLAIMS)
def test_a_token_that_lacks_a_claim_is_refused(name: str) -> None:
    """RFC 9068 2.2, and the session and its claims version."""
    assert set(RFC9068_CLAIMS) < set(OWN_CLAIMS)
    assert refusal_of(**{name: ...}) == f"missing_{name}"


@pytest.mark.attack(6)
@pytest.mark.parametrize("name", OWN_CLAIMS)
def test_a_claim_of_null_is_not_there(name: str) -> None:
    """Null is a value of the wrong type, for optional claims too."""
    assert refusal_of(**{name: None}) == f"malformed_{name}"


@pytest.mark.std(48)
@pytest.mark.attack(6)
@pytest.mark.parametrize(
    "issuer",
    [
        ISSUER + "/",
        ISSUER.upper(),
        ISSUER[:-1],
        ISSUER + "\n",
        "auth.example.com",
        "http://auth.example.com",
        "https://auth.example.com.evil.example",
        "https",
    ],
)
def test_an_issuer_that_is_nearly_ours_is_not_ours(issuer: str) -> None:
    """PyJWT CVE-2024-53861 compared a part of it."""
    assert refusal_of(iss=issuer) == "wrong_issuer"


@pytest.mark.std(48)
@pytest.mark.attack(6)
@pytest.mark.parametrize("issuer", [[ISSUER], {"": ISSUER}, 1, True, ""])
def test_an_issuer_is_one_string(issuer: object) -> None:
    """A list that holds it is not it."""
    assert refusal_of(iss=issuer) == "malformed_iss"


@pytest.mark.std(49)
@pytest.mark.attack(6)
@pytest.mark.parametrize(
    "audience", [AUDIENCE + "/", AUDIENCE[:-1], "*", ISSUER, ["a", "b"], [AUDIENCE + " "]]
)
def test_a_token_for_another_audience_is_refused(audience: object) -> None:
    """Hono CVE-2025-62610: the audience is compared, exactly, always."""
    assert refusal_of(aud=audience) == "wrong_audience"


@pytest.mark.std(49)
@pytest.mark.attack(6)
@pytest.mark.parametrize("audience", [[], "", [""], 1, [AUDIENCE, 1], {AUDIENCE: 1}, [[AUDIENCE]]])
def test_an_audience_is_a_string_or_an_array_of_strings(audience: object) -> None:
    """RFC 7519 4.1.3; an object whose keys hold it is not it."""
    assert refusal_of(aud=audience) == "malformed_aud"


@pytest.mark.std(50)
@pytest.mark.attack(6)
@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize(
    "value",
    [str(NOW + 60), True, False, -1, -0.5, 2**53 + 2, 1e300, [NOW], {"t": NOW}, None, ""],
)
def test_a_time_is_a_number(name: str, value: object) -> None:
    """Not a string, not a bool, not negative, not beyond all time."""
    assert refusal_of(**{name: value}) == f"malformed_{name}"


@pytest.mark.std(50)
@pytest.mark.attack(5, 6)
@pytest.mark.parametrize(
    ("literal", "reason"),
    [
        ("NaN", "not_a_number"),
        ("Infinity", "not_a_number"),
        ("-Infinity", "not_a_number"),
        ("1e400", "number_overflow"),
        ("1" + "0" * 400, "number_too_long"),
    ],
)
def test_a_time_that_is_no_finite_number_is_refused(literal: str, reason: str) -> None:
    """Any of them would live for ever, or crash whoever makes a date of it."""
    payload = json.dumps(good_claims(exp=1)).replace('"exp": 1', f'"exp": {literal}')
    assert refusal(signed(RING.active, payload.encode())) == reason


@pytest.mark.std(50)
@pytest.mark.parametrize("exp", [NOW, NOW - 0.001, NOW - 1, 0])
def test_an_expired_token_is_refused(exp: float) -> None:
    """At the very second, without leeway (RFC 7519 4.1.4)."""
    assert refusal_of(exp=exp, iat=NOW - 300) == "expired"


@pytest.mark.std(50)
def test_a_token_from_the_future_is_refused() -> None:
    """Beyond what two clocks differ."""
    assert refusal_of(iat=NOW + 31, exp=NOW + 300) == "issued_in_future"
    assert refusal_of(nbf=NOW + 31) == "not_yet_valid"


def test_a_thief_with_a_key_does_not_choose_how_long_his_token_lives() -> None:
    """Longer than any life we issue is a forgery, good signature or not."""
    assert refusal_of(exp=NOW + 10 * 365 * 86_400) == "life_too_long"


@pytest.mark.std(52)
@pytest.mark.attack(6)
@pytest.mark.parametrize("name", ["sub", "jti", "sid", "client_id"])
@pytest.mark.parametrize("value", [1, 0, True, "", [], {}, ["user-1"], 1.5])
def test_an_id_is_a_string(name: str, value: object) -> None:
    """1 and "1" and true are three users to a dict and one to a careless comparison."""
    assert refusal_of(**{name: value}) == f"malformed_{name}"


@pytest.mark.attack(6)
@pytest.mark.parametrize("value", [-1, 1.0, "0", True, [0], 2**53 + 1])
def test_the_claims_version_is_a_whole_number(value: object) -> None:
    """Anything that compares oddly would outlive a change of roles."""
    assert refusal_of(sv=value) == "malformed_sv"


@pytest.mark.attack(6)
@pytest.mark.parametrize("value", ["1", True, 1.5, -1, None])
def test_the_time_of_authentication_is_a_whole_number(value: object) -> None:
    """Step-up compares it."""
    assert refusal_of(auth_time=value) == "malformed_auth_time"


@pytest.mark.attack(6)
@pytest.mark.parametrize("name", ["roles", "permissions", "amr"])
@pytest.mark.parametrize("value", ["admin", {"admin": True}, [1], [["admin"]], [None], [""], 1])
def test_rights_are_arrays_of_strings(name: str, value: object) -> None:
    """The string "admin" is five roles to a set, and "a" in it is true."""
    assert refusal_of(**{name: value}) == f"malformed_{name}"


@pytest.mark.attack(6)
@pytest.mark.parametrize(
    "value",
    [
        ["tasks:read"],
        1,
        {"tasks:read": True},
        "tasks:read\ttasks:write",
        "tasks:read\u00a0tasks:write",
        "tasks:read\u2003x",
        'a"b',
        "a\\b",
        "tasks:read\n",
        "x" * 2049,
    ],
)
def test_a_scope_is_one_string_of_the_oauth_alphabet(value: object) -> None:
    """Split on U+0020 alone, so nothing that another reader would split (RFC 6749 3.3)."""
    assert refusal_of(scope=value) == "malformed_scope"


@pytest.mark.std(78)
@pytest.mark.parametrize("cnf", [{"jkt": "x"}, {}, None, "x"])
def test_a_bound_token_is_not_a_plain_bearer(cnf: object) -> None:
    """It asks for a proof of possession that nobody made (RFC 7800, RFC 9449 7.2)."""
    assert refusal_of(cnf=cnf) == "bound_token"


@pytest.mark.std(55)
@pytest.mark.attack(5)
@pytest.mark.parametrize("name", ["sub", "exp", "aud", "scope", "sid"])
def test_a_claim_that_comes_twice_is_refused(name: str) -> None:
    """First or last, two readers could differ."""
    payload = json.dumps(good_claims(scope="a"))[:-1] + f',"{name}":"other"}}'
    assert refusal(signed(RING.active, payload.encode())) == "duplicate_member"


@pytest.mark.std(55)
@pytest.mark.attack(5)
@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "not_compact"),
        (b"null", "not_an_object"),
        (b"[]", "not_an_object"),
        (b'"text"', "not_an_object"),
        (b"{", "not_json"),
        (b"\xff\xfe", "not_utf8"),
        (b'{"sub":"\\ud800"}', "not_utf8"),
        (b'{"a":' * 900 + b"1" + b"}" * 900, "json_too_deep"),
        (b"[" * 4000, "json_too_deep"),
    ],
)
def test_a_signed_payload_that_is_no_claim_set_is_refused(payload: bytes, reason: str) -> None:
    """With a 401, never with a RecursionError or a UnicodeError."""
    assert refusal(signed(RING.active, payload)) == reason


@pytest.mark.std(58)
def test_claims_are_not_believed_before_the_signature() -> None:
    """A changed payload is refused for its signature, not for what it says."""
    head, _, signature = signed(RING.active).split(".")
    for payload in (good_claims(sub="root"), good_claims(exp=0), {"no": "claims"}):
        assert refusal(f"{head}.{segment(payload)}.{signature}") == "bad_signature"


@pytest.mark.std(58)
def test_every_refusal_is_one_kind_of_error_and_tells_nothing_of_the_token() -> None:
    """No oracle between a bad signature and an unknown key; no token in any text."""
    good = signed(RING.active)
    hostile = [
        good[:-4] + "AAAA",
        signed(RING.active, kid="no-such-key"),
        signed(RING.active, good_claims(sub="secret-user", exp=1)),
        signed(RING.active, good_claims(iss="secret-issuer")),
        signed(make_ring().active),
    ]
    for token in hostile:
        with pytest.raises(InvalidTokenError) as caught:
            make_verifier(RING).verify(token)
        assert type(caught.value) is InvalidTokenError
        assert caught.value.args == (caught.value.reason,)
        assert not any(part in caught.value.reason for part in token.split("."))
        assert "secret" not in caught.value.reason


@pytest.mark.std(48)
@pytest.mark.attack(3)
def test_two_realms_that_share_a_key_do_not_share_tokens() -> None:
    """The issuer decides, even where somebody copied the key file."""
    token = signed(RING.active, good_claims(iss="https://other.example.com"))
    other = make_verifier(RING, issuer="https://other.example.com")
    assert other.verify(token)
    assert refusal(token) == "wrong_issuer"


@pytest.mark.std(54)
def test_tokens_of_the_preferred_algorithms_pass() -> None:
    """ES256, which made keys have, and EdDSA under its general name (RFC 8037)."""
    for alg in ("ES256", "EdDSA"):
        ring = make_ring(alg)
        token = signed(ring.active)
        assert make_verifier(ring).verify(token).kid == ring.active.kid
