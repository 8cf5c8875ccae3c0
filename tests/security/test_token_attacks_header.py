"""Attacks on the form of a token and on its header."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import pytest

from fastapi_jwtkit.errors import InvalidTokenError
from fastapi_jwtkit.tokens.codec import MAX_TOKEN_CHARACTERS
from token_forge import forge, good_claims, make_ring, make_verifier, segment, signed

RING = make_ring()


def refusal(token: object) -> str:
    """Return why the verifier refuses."""
    with pytest.raises(InvalidTokenError) as caught:
        make_verifier(RING).verify(token)  # type: ignore[arg-type] # hostile input has any type
    return caught.value.reason


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
        (b'{"kid":"%b","x":' + b"[" * 2000 + b"]" * 2000 + b"}", "header_too_complex"),
        (b'{"kid":"%b","x":[' + b"{}," * 1800 + b"1]}", "header_too_complex"),
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
