"""Attacks on the form of a token and on its header."""

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
from fastapi_jwtkit.tokens.codec import MAX_TOKEN_CHARACTERS
from token_forge import forge, good_claims, make_ring, make_verifier, segment, signed

RING = make_ring()
EC_RING = make_ring("ES256")
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def refusal(token: object, ring: KeyRing = RING) -> str:
    """Return why a verifier of this ring refuses."""
    with pytest.raises(InvalidTokenError) as caught:
        make_verifier(ring).verify(token)  # type: ignore[arg-type] # hostile input has any type
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


@pytest.mark.std(43)
@pytest.mark.attack(2)
@pytest.mark.parametrize("crit", [["exp"], [], ["b64"], "exp", None, ["http://example.com/x"]])
def test_any_crit_is_refused(crit: object) -> None:
    """PyJWT CVE-2026-32597, Authlib CVE-2025-59420: we understand none, so none passes."""
    assert refusal(signed(RING.active, crit=crit)) == "refused_crit"


@pytest.mark.std(43)
@pytest.mark.attack(2)
@pytest.mark.parametrize("b64", [False, True, None])
def test_an_unencoded_payload_is_refused(b64: object) -> None:
    """RFC 7797 changes what is signed (PyJWT CVE-2026-48525)."""
    assert refusal(signed(RING.active, b64=b64)) == "refused_b64"


@pytest.mark.std(56)
@pytest.mark.attack(2)
@pytest.mark.parametrize("name", ["zip", "enc"])
def test_compression_and_encryption_are_refused(name: str) -> None:
    """No bomb is ever inflated (python-jose CVE-2024-33664)."""
    assert refusal(signed(RING.active, **{name: "DEF"})) == f"refused_{name}"


@pytest.mark.std(45, 56)
@pytest.mark.attack(2)
def test_a_five_part_encrypted_token_is_no_token() -> None:
    """Decrypted is not authenticated (pac4j-jwt CVE-2026-29000)."""
    header = segment({"alg": "dir", "enc": "A256GCM", "cty": "JWT"})
    assert refusal(f"{header}..AAAA.AAAA.AAAA") == "not_compact"
    assert refusal(f"{header}.AAAA.AAAA.AAAA.AAAA") == "not_compact"


@pytest.mark.attack(2)
@pytest.mark.parametrize("cty", ["JWT", "jwt", "application/jwt"])
def test_a_token_inside_a_token_is_refused(cty: str) -> None:
    """Nobody would check the inner one (RFC 7519 5.2)."""
    assert refusal(signed(RING.active, signed(RING.active).encode(), cty=cty)) == "refused_cty"


@pytest.mark.std(45)
@pytest.mark.attack(2)
def test_the_json_serialization_is_no_token() -> None:
    """Flattened and general (RFC 7515 7.2)."""
    header, payload, signature = signed(RING.active).split(".")
    flat = f'{{"protected":"{header}","payload":"{payload}","signature":"{signature}"}}'
    general = f'{{"payload":"{payload}","signatures":[]}}'
    assert refusal(flat) == "not_compact"
    assert refusal(general) == "not_compact"


@pytest.mark.std(45)
@pytest.mark.attack(4)
@pytest.mark.parametrize(
    "change",
    [
        lambda token: token + "\n",
        lambda token: "\n" + token,
        lambda token: token + " ",
        lambda token: " " + token,
        lambda token: token + "\0",
        lambda token: token + ".",
        lambda token: "." + token,
        lambda token: token + "=",
        lambda token: token.replace(".", "=.", 1),
        lambda token: token.replace(".", "..", 1),
        lambda token: token.replace(".", ". "),
        lambda token: token[:9] + "\n" + token[9:],
        lambda token: token[:9] + "+" + token[10:],
        lambda token: token[:9] + "/" + token[10:],
        lambda token: token[:9] + "!" + token[9:],
        lambda token: "Bearer " + token,
        lambda token: token + "," + token,
        lambda _: "",
        lambda _: "..",
        lambda _: "a.b",
    ],
)
def test_no_character_outside_the_alphabet_is_skipped(change: Callable[[str], str]) -> None:
    """Python's decoder skips what it does not know, so one token has many spellings."""
    assert refusal(change(signed(RING.active))) == "not_compact"


@pytest.mark.attack(4)
@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_segment_is_spelled_in_one_way_only(index: int) -> None:
    """Unused bits that are set, or a character too many, are another token."""
    parts = signed(RING.active, good_claims(jti="12")).split(".")
    text = parts[index]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = alphabet[alphabet.index(text[-1]) ^ 1]
    changed = [*parts[:index], text[:-1] + twin, *parts[index + 1 :]]
    extended = [*parts[:index], text + "A", *parts[index + 1 :]]
    for token in (".".join(changed), ".".join(extended)):
        with pytest.raises(InvalidTokenError):
            make_verifier(RING).verify(token)


@pytest.mark.attack(4)
def test_the_last_character_of_a_signature_has_no_twin() -> None:
    """32 bytes leave two unused bits: three other spellings of the very same bytes."""
    token = signed(RING.active)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(token[-1])
    for unused in (1, 2, 3):
        assert refusal(token[:-1] + alphabet[last | unused]) == "base64_not_canonical"


@pytest.mark.std(45)
@pytest.mark.attack(4)
@pytest.mark.parametrize(
    "text", ["\uff41.b.c", "é.a.b", "\ud800.a.b", "a.b.c\u2028", "a\u3002b\u3002c"]
)
def test_text_that_is_not_ascii_is_refused(text: str) -> None:
    """Lone surrogates too, which raise a UnicodeEncodeError elsewhere."""
    assert refusal(text) == "not_ascii"


@pytest.mark.attack(4)
@pytest.mark.parametrize("value", [None, b"a.b.c", 7, ["a.b.c"], object()])
def test_what_is_no_text_is_refused(value: object) -> None:
    """With the one error that everything else gets."""
    assert refusal(value) == "not_text"


@pytest.mark.std(56)
@pytest.mark.attack(4)
@pytest.mark.parametrize("where", [0, 1, 2])
def test_a_token_of_any_length_costs_nothing(where: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Authlib CVE-2025-61920: the cap comes before any decoding."""

    def refuse(*_: object) -> NoReturn:
        message = "something looked into an overlong token"
        raise AssertionError(message)

    monkeypatch.setattr("fastapi_jwtkit.tokens.codec.decode_segment", refuse)
    parts = ["A", "A", "A"]
    parts[where] = "A" * MAX_TOKEN_CHARACTERS
    assert refusal(".".join(parts)) == "too_long"


@pytest.mark.std(55)
@pytest.mark.attack(5)
@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b'{"alg":"none","alg":"HS256","kid":"%b","typ":"at+jwt"}', "duplicate_member"),
        (b'{"alg":"HS256","kid":"%b","typ":"at+jwt","x":NaN}', "not_a_number"),
        (b'{"alg":"HS256","kid":"%b","typ":"at+jwt","x":1e999}', "number_overflow"),
        (b'{"alg":"HS256","kid":"%b","typ":"at+jwt","x":"\xff"}', "not_utf8"),
        (b'{"alg":"HS256","kid":"%b","typ":"at+jwt"}x', "not_json"),
        (b'["HS256","%b"]', "not_an_object"),
        (b'{"kid":"%b","x":' + b"[" * 2000 + b"]" * 2000 + b"}", "json_too_deep"),
        (b'{"kid":"%b","x":' + b"9" * 4400 + b"}", "number_too_long"),
    ],
)
def test_a_header_that_could_be_read_in_two_ways_is_refused(header: bytes, reason: str) -> None:
    """Even under a good signature."""
    key = RING.active
    token = forge(header.replace(b"%b", key.kid.encode()), good_claims(), key.sign)
    assert refusal(token) == reason


@pytest.mark.std(46, 47)
@pytest.mark.attack(7)
@pytest.mark.parametrize(
    "typ",
    [
        *("JWT", "jwt", "", "at", "at+jwt ", "at+JWT;v=1", "text/at+jwt", "application/jwt"),
        *("verify-email+jwt", "reset-password+jwt", "rt+jwt", "secevent+jwt", "dpop+jwt"),
        *("logout+jwt", "application/application/at+jwt", "at+\u017fwt"),
    ],
)
def test_a_token_of_another_kind_is_no_access_token(typ: str) -> None:
    """ID tokens, reset tokens, proofs: same issuer, same key, another purpose."""
    assert refusal(signed(RING.active, typ=typ)) == "wrong_typ"


@pytest.mark.std(46)
@pytest.mark.attack(7)
def test_a_token_without_a_type_is_no_access_token() -> None:
    """RFC 9068 2.1 makes it mandatory."""
    assert refusal(signed(RING.active, typ=...)) == "wrong_typ"


@pytest.mark.std(47)
@pytest.mark.attack(7)
def test_a_refresh_token_is_no_access_token() -> None:
    """It is opaque and has another shape: one dot, and a prefix."""
    assert refusal("jkr_" + "A" * 80 + "." + "A" * 43) == "not_compact"


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
