"""Attacks on which key and which algorithm a token is checked with."""

from __future__ import annotations

import base64
import hmac
import socket
from collections.abc import Callable
from hashlib import sha256
from typing import NoReturn

import pytest
from joserfc.jwk import ECKey, RSAKey

from fastapi_jwtkit.errors import InvalidTokenError
from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.keys.signing_key import SigningKey
from token_forge import forge, good_claims, make_ring, make_verifier, segment, signed

RING = make_ring()
EC_RING = make_ring("ES256")
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def refusal(token: str, ring: KeyRing = RING) -> str:
    """Return why a verifier of this ring refuses."""
    with pytest.raises(InvalidTokenError) as caught:
        make_verifier(ring).verify(token)
    return caught.value.reason


def hmac_with(secret: bytes) -> Callable[[bytes], bytes]:
    """Return a signer that uses any bytes as a secret, as a careless library would."""
    return lambda data: hmac.digest(secret, data, sha256)


@pytest.mark.std(39, 40)
@pytest.mark.attack(1, 2)
@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "NONE", ""])
def test_an_alg_of_none_is_refused_with_any_signature(alg: str) -> None:
    """There is no code for it, so it is just another wrong algorithm."""
    key = RING.active
    header = {"alg": alg, "kid": key.kid, "typ": "at+jwt"}
    assert refusal(forge(header, good_claims(), lambda _: b"x")) == "wrong_alg"
    assert refusal(forge(header, good_claims(), key.sign)) == "wrong_alg"


@pytest.mark.std(40, 45)
@pytest.mark.attack(2)
def test_an_empty_signature_is_no_token() -> None:
    """Authlib CVE-2026-28802: alg none with a blank signature passed."""
    header = {"alg": "none", "kid": RING.active.kid, "typ": "at+jwt"}
    assert refusal(forge(header, good_claims(), lambda _: b"")) == "not_compact"
    head, payload, _ = signed(RING.active).split(".")
    assert refusal(f"{head}.{payload}.") == "not_compact"
    assert refusal(f"{head}.{payload}") == "not_compact"


@pytest.mark.std(39, 41)
@pytest.mark.attack(1)
@pytest.mark.parametrize("form", ["pem", "der", "jwk", "raw"])
@pytest.mark.parametrize("alg", ["HS256", "ES256"])
def test_a_public_key_is_no_hmac_secret(form: str, alg: str) -> None:
    """PyJWT CVE-2022-29217 and CVE-2026-48526, python-jose CVE-2024-33663, Authlib."""
    key = EC_RING.active
    public = ECKey.import_key(key.public_jwk())
    secrets = {
        "pem": public.as_pem(private=False),
        "der": public.as_der(private=False),
        "jwk": str(key.public_jwk()).encode(),
        "raw": key.public_jwk()["x"].encode(),
    }
    header = {"alg": alg, "kid": key.kid, "typ": "at+jwt"}
    reason = refusal(forge(header, good_claims(), hmac_with(secrets[form])), EC_RING)
    assert reason == ("wrong_alg" if alg == "HS256" else "bad_signature")


@pytest.mark.std(39, 41)
@pytest.mark.attack(1)
@pytest.mark.parametrize("alg", ["RS256", "ES384", "ES512", "EdDSA", "es256", "HS384", "PS256"])
def test_the_header_cannot_choose_another_algorithm_than_the_key_has(alg: str) -> None:
    """The signature is good; only the name differs."""
    assert refusal(signed(EC_RING.active, alg=alg), EC_RING) == "wrong_alg"


@pytest.mark.std(39, 41)
@pytest.mark.attack(1)
def test_the_kid_of_one_key_does_not_carry_the_algorithm_of_another() -> None:
    """Two keys in a ring: each keeps its own algorithm."""
    key = EC_RING.active
    token = signed(RING.active, alg="HS256", kid=key.kid)
    assert refusal(token, EC_RING) == "wrong_alg"


@pytest.mark.std(42)
@pytest.mark.attack(3)
@pytest.mark.parametrize("where", ["jwk", "jku", "x5u", "x5c", "x5t"])
def test_a_key_that_comes_with_the_token_is_not_a_key(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Authlib CVE-2026-27962: nothing is read from the header, nothing is fetched."""

    def refuse(*_: object) -> NoReturn:
        message = "a token made the verifier open a connection"
        raise AssertionError(message)

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    thief = SigningKey.generate("ES256")
    values: dict[str, object] = {
        "jwk": thief.public_jwk(),
        "jku": "https://evil.example.com/jwks.json",
        "x5u": "https://evil.example.com/chain.pem",
        "x5c": [base64.b64encode(b"certificate").decode()],
        "x5t": "digest",
    }
    ours, own = EC_RING.active.kid, thief.kid
    assert refusal(signed(thief, kid=ours, **{where: values[where]}), EC_RING) == "bad_signature"
    assert refusal(signed(thief, kid=own, **{where: values[where]}), EC_RING) == "unknown_kid"


@pytest.mark.std(42)
@pytest.mark.attack(3)
def test_key_parameters_on_an_honest_token_change_nothing() -> None:
    """They are ignored rather than obeyed (RFC 7515 4)."""
    token = signed(RING.active, jku="https://evil.example.com/", x5c=["x"], jwk={"kty": "oct"})
    assert make_verifier(RING).verify(token).kid == RING.active.kid


@pytest.mark.std(41)
@pytest.mark.attack(3)
@pytest.mark.parametrize("header", [{"kid": ...}, {"kid": ""}])
def test_a_token_without_a_key_id_gets_no_default_key(header: dict[str, object]) -> None:
    """Not even where the ring has one key only."""
    assert refusal(signed(RING.active, **header)) in {"missing_kid", "unknown_kid"}


@pytest.mark.std(44)
@pytest.mark.attack(3)
@pytest.mark.parametrize(
    "kid",
    [
        "../../../../dev/null",
        "/dev/null",
        "' OR 1=1 --",
        "x' UNION SELECT 'secret",
        "$(id)",
        "a\r\nSet-Cookie: a=b",
        "%00",
        "\0",
        "{}",
        "\u202ekid",
    ],
)
def test_a_kid_is_data(kid: str) -> None:
    """It is looked up in a dict, exactly, and is in no error."""
    empty_secret = forge(
        {"alg": "HS256", "kid": kid, "typ": "at+jwt"}, good_claims(), hmac_with(b"")
    )
    with pytest.raises(InvalidTokenError) as caught:
        make_verifier(RING).verify(empty_secret)
    assert caught.value.reason == "unknown_kid"
    assert kid not in str(caught.value)


@pytest.mark.std(44)
@pytest.mark.attack(3)
def test_a_kid_is_matched_exactly() -> None:
    """No prefix, no case, no white space."""
    kid = RING.active.kid
    for near in (kid[:-1], kid + " ", kid.swapcase(), f"{kid}\0", f" {kid}"):
        assert refusal(signed(RING.active, kid=near)) == "unknown_kid"


@pytest.mark.std(44)
@pytest.mark.attack(3)
def test_a_kid_of_any_length_is_not_looked_up() -> None:
    """128 characters are enough for every thumbprint."""
    assert refusal(signed(RING.active, kid="k" * 129)) == "kid_too_long"


@pytest.mark.std(58)
@pytest.mark.parametrize("alg", ["HS256", "ES256"])
def test_a_signature_of_nothing_or_of_zeros_is_refused(alg: str) -> None:
    """CVE-2022-21449: r = s = 0 held for every message in Java."""
    ring = RING if alg == "HS256" else EC_RING
    head, payload, signature = signed(ring.active).split(".")
    size = len(base64.urlsafe_b64decode(signature + "=="))
    for forged in (bytes(size), bytes(size - 1), bytes(size + 1), b"\xff" * size, b"\0"):
        assert refusal(f"{head}.{payload}.{segment(forged)}", ring) == "bad_signature"


@pytest.mark.attack(9)
def test_the_other_ecdsa_signature_of_a_token_is_still_the_same_token() -> None:
    """(r, n-s) verifies as well: whoever denies by text misses it, we deny by sid and jti."""
    token = signed(EC_RING.active)
    head, payload, signature = token.split(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    s = P256_ORDER - int.from_bytes(raw[32:], "big")
    twin = f"{head}.{payload}.{segment(raw[:32] + s.to_bytes(32, 'big'))}"
    assert twin != token
    verifier = make_verifier(EC_RING)
    assert verifier.verify(twin).token_id == verifier.verify(token).token_id
    assert verifier.verify(twin).session_id == verifier.verify(token).session_id


@pytest.mark.std(39)
@pytest.mark.attack(1)
def test_an_rsa_key_has_one_padding() -> None:
    """A PS256 signature under the kid of an RS256 key is refused, and says so early."""
    ring = make_ring("RS256")
    key = ring.active
    other = SigningKey.from_jwk(
        {**RSAKey.import_key(key.private_jwk()).as_dict(private=True), "alg": "PS256"}
    )
    assert refusal(signed(other, kid=key.kid), ring) == "wrong_alg"
    assert refusal(signed(other, kid=key.kid, alg="RS256"), ring) == "bad_signature"
