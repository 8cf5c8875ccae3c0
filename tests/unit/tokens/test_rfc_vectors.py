"""Published vectors: RFC 7515 appendix A.1 to A.5, RFC 7520 sections 4.1 to 4.4.

Tokens, public keys and the two symmetric keys are those of the RFCs. Their private keys
are not here: a signature needs only the public half to be checked. Signatures that are
deterministic by definition (HMAC) are also reproduced.

The examples carry no ``typ: at+jwt`` and their payloads are partly no JSON, so what is
driven here is what every token passes: the split, the header, the key's check.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from fastapi_jwtkit.errors import InvalidTokenError
from fastapi_jwtkit.keys.signing_key import SigningKey
from fastapi_jwtkit.tokens.codec import CompactDecoder, encode_segment, read_header, split_compact
from token_forge import make_ring

# RFC 7515 A.1 to A.3 sign one payload, with its line breaks.
JOE = (
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
)
# RFC 7520 4 signs one sentence.
FRODO = (
    "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAg"
    "b250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dp"
    "bmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4"
)
FRODO_TEXT = (
    "It\u2019s a dangerous business, Frodo, going out your door. You step onto the road, and if "
    "you don't keep your feet, there\u2019s no knowing where you might be swept off to."
)

HS256_KEY = {
    "kty": "oct",
    "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
}
RS256_KEY = {
    "kty": "RSA",
    "n": (
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt"
        "0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSX"
        "ndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5"
        "IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
    ),
    "e": "AQAB",
}
ES256_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
ES512_KEY = {
    "kty": "EC",
    "crv": "P-521",
    "x": "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
    "y": "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2",
}
BILBO_RSA = {
    "kty": "RSA",
    "kid": "bilbo.baggins@hobbiton.example",
    "use": "sig",
    "n": (
        "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_"
        "AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpP"
        "e7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg"
        "_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw"
    ),
    "e": "AQAB",
}
BILBO_EC = {
    "kty": "EC",
    "kid": "bilbo.baggins@hobbiton.example",
    "use": "sig",
    "crv": "P-521",
    "x": "AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt",
    "y": "AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9cwlGfP-HqHZR1",
}
BILBO_HMAC = {
    "kty": "oct",
    "kid": "018c0ae5-4d9b-471b-bfd6-eef314bc7037",
    "use": "sig",
    "alg": "HS256",
    "k": "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg",
}

VECTORS = [
    pytest.param(
        "HS256",
        HS256_KEY,
        f"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{JOE}"
        ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        id="RFC7515-A.1",
    ),
    pytest.param(
        "RS256",
        RS256_KEY,
        f"eyJhbGciOiJSUzI1NiJ9.{JOE}"
        ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W"
        "2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkS"
        "jtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnv"
        "Wh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
        id="RFC7515-A.2",
    ),
    pytest.param(
        "ES256",
        ES256_KEY,
        f"eyJhbGciOiJFUzI1NiJ9.{JOE}"
        ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        id="RFC7515-A.3",
    ),
    pytest.param(
        "ES512",
        ES512_KEY,
        "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA"
        ".AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7Xdt"
        "AG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn",
        id="RFC7515-A.4",
    ),
    pytest.param(
        "RS256",
        BILBO_RSA,
        f"eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.{FRODO}"
        ".MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83"
        "xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJ"
        "Dt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12"
        "podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg",
        id="RFC7520-4.1",
    ),
    pytest.param(
        "PS384",
        BILBO_RSA,
        f"eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.{FRODO}"
        ".cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6"
        "O8TTB5dDDItllVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqi"
        "VJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_"
        "jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw",
        id="RFC7520-4.2",
    ),
    pytest.param(
        "ES512",
        BILBO_EC,
        f"eyJhbGciOiJFUzUxMiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.{FRODO}"
        ".AE_R_YZCChjn4791jSQCrdPZCNYqHXCTZH0-JZGYNlaAjP2kqaluUIIUnC9qvbu9Plon7KRTzoNEuT4Va2cmL1eJ"
        "AQy3mtPBu_u_sDDyYjnAMDxXPn7XrT0lw-kvAD890jl8e2puQens_IEKBpHABlsbEPX6sFY8OcGDqoRuBomu9xQ2",
        id="RFC7520-4.3",
    ),
    pytest.param(
        "HS256",
        BILBO_HMAC,
        "eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9"
        f".{FRODO}.s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0",
        id="RFC7520-4.4",
    ),
]


@pytest.mark.parametrize(("alg", "jwk", "token"), VECTORS)
def test_a_published_token_is_taken_apart_and_its_signature_holds(
    alg: str, jwk: Mapping[str, object], token: str
) -> None:
    """Split, header and check agree with the RFC."""
    compact = split_compact(token)
    assert read_header(compact.header_segment).alg == alg
    SigningKey.from_jwk(jwk, alg=alg).check(compact.signing_input, compact.signature)


@pytest.mark.parametrize(("alg", "jwk", "token"), VECTORS)
def test_a_published_token_with_one_bit_changed_does_not_hold(
    alg: str, jwk: Mapping[str, object], token: str
) -> None:
    """The same token fails once its payload or its signature is another."""
    compact = split_compact(token)
    key = SigningKey.from_jwk(jwk, alg=alg)
    other = bytes([compact.signature[0] ^ 1]) + compact.signature[1:]
    with pytest.raises(InvalidTokenError, match="bad_signature"):
        key.check(compact.signing_input, other)
    with pytest.raises(InvalidTokenError, match="bad_signature"):
        key.check(compact.signing_input[:-1] + b"!", compact.signature)


def test_the_payloads_of_the_rfcs_come_out() -> None:
    """Byte for byte, line breaks included."""
    assert split_compact(VECTORS[0].values[2]).payload == (
        b'{"iss":"joe",\r\n "exp":1300819380,\r\n "http://example.com/is_root":true}'
    )
    assert split_compact(VECTORS[4].values[2]).payload.decode() == FRODO_TEXT


@pytest.mark.parametrize(("jwk", "token"), [VECTORS[0].values[1:], VECTORS[7].values[1:]])
def test_the_hmac_vectors_are_reproduced(jwk: Mapping[str, object], token: str) -> None:
    """HMAC is deterministic: signing gives the very signature of the RFC."""
    compact = split_compact(token)
    signature = SigningKey.from_jwk(jwk, alg="HS256").sign(compact.signing_input)
    assert encode_segment(signature) == token.rsplit(".", 1)[1]


@pytest.mark.std(40)
@pytest.mark.attack(2)
def test_the_unsecured_token_of_rfc_7515_a_5_is_refused() -> None:
    """An alg of none has an empty third segment, which no compact token of ours has."""
    with pytest.raises(InvalidTokenError, match="not_compact"):
        CompactDecoder(make_ring(), typ="at+jwt").decode(f"eyJhbGciOiJub25lIn0.{JOE}.")


@pytest.mark.attack(2)
def test_the_json_serialization_of_rfc_7515_a_7_is_refused() -> None:
    """A flattened JSON token is another format, with headers nobody signed."""
    header, payload, signature = VECTORS[2].values[2].split(".")
    flattened = json.dumps({"protected": header, "payload": payload, "signature": signature})
    with pytest.raises(InvalidTokenError, match="not_compact"):
        split_compact(flattened)
