"""SigningKey: one algorithm, an id that follows from the key, nothing leaks."""

from __future__ import annotations

import copy
import hashlib
import json
import pickle

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa

from fastapi_jwtkit.errors import InvalidKeyError, InvalidTokenError, MissingKeyError
from fastapi_jwtkit.keys.algorithms import ALGORITHMS
from fastapi_jwtkit.keys.encoding import to_base64url
from fastapi_jwtkit.keys.signing_key import SigningKey

PAIRS = sorted(name for name in ALGORITHMS if not name.startswith("HS"))
SHARED = sorted(name for name in ALGORITHMS if name.startswith("HS"))
FAST = ["ES256", "ES384", "ES512", "EdDSA", *SHARED]


@pytest.fixture(scope="module")
def rsa_pem() -> bytes:
    """Return a private RSA key of the least size allowed."""
    return pem_of(rsa.generate_private_key(65537, 2048))


def pem_of(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed448.Ed448PrivateKey) -> bytes:
    """Write a private key as PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def key_for(alg: str, rsa_pem: bytes) -> SigningKey:
    """Return a key for an algorithm, without making an RSA key each time."""
    if alg[:2] in ("RS", "PS"):
        return SigningKey.from_pem(rsa_pem, alg=alg)
    return SigningKey.generate(alg)


@pytest.mark.parametrize("alg", sorted(ALGORITHMS))
def test_a_signature_passes_for_its_data_and_for_nothing_else(alg: str, rsa_pem: bytes) -> None:
    """Sign and check round-trip; another message or a flipped bit is refused."""
    key = key_for(alg, rsa_pem)
    signature = key.sign(b"payload")
    key.check(b"payload", signature)
    flipped = bytes([signature[0] ^ 1]) + signature[1:]
    for data, bad in ((b"other", signature), (b"payload", flipped), (b"payload", b"")):
        with pytest.raises(InvalidTokenError) as caught:
            key.check(data, bad)
        assert caught.value.reason == "bad_signature"


@pytest.mark.parametrize("alg", sorted(ALGORITHMS))
def test_pyjwt_accepts_what_a_key_signs(alg: str, rsa_pem: bytes) -> None:
    """An independent implementation reads our signatures with our published key."""
    key = key_for(alg, rsa_pem)
    header = to_base64url(json.dumps({"alg": alg, "typ": "JWT"}).encode())
    signed = f"{header}.{to_base64url(b'{}')}"
    token = f"{signed}.{to_base64url(key.sign(signed.encode()))}"
    document = key.private_jwk() if alg in SHARED else key.public_jwk()
    assert jwt.decode(token, jwt.PyJWK(dict(document)), algorithms=[alg]) == {}


@pytest.mark.parametrize("alg", sorted(ALGORITHMS))
def test_a_key_survives_being_written_as_a_jwk(alg: str, rsa_pem: bytes) -> None:
    """private_jwk and from_jwk give the same key back."""
    key = key_for(alg, rsa_pem)
    again = SigningKey.from_jwk(key.private_jwk())
    assert again == key
    again.check(b"data", key.sign(b"data"))
    assert again.private_jwk() == key.private_jwk()


@pytest.mark.std(60)
@pytest.mark.parametrize("alg", PAIRS)
def test_a_published_key_has_public_members_only_and_cannot_sign(alg: str, rsa_pem: bytes) -> None:
    """public_jwk carries kty, kid, use and alg, none of d, p, q, dp, dq, qi, k."""
    key = key_for(alg, rsa_pem)
    document = key.public_jwk()
    assert {"kty", "kid", "use", "alg"} <= set(document)
    assert not {"d", "p", "q", "dp", "dq", "qi", "k", "key_ops"} & set(document)
    assert (document["use"], document["alg"], document["kid"]) == ("sig", alg, key.kid)
    public = SigningKey.from_jwk(document)
    assert public.kid == key.kid
    assert not public.can_sign
    public.check(b"data", key.sign(b"data"))
    with pytest.raises(MissingKeyError):
        public.sign(b"data")


@pytest.mark.std(60)
@pytest.mark.parametrize("alg", SHARED)
def test_a_shared_secret_is_never_published(alg: str) -> None:
    """public_jwk of an HMAC key raises."""
    with pytest.raises(InvalidKeyError, match="never published"):
        SigningKey.generate(alg).public_jwk()


@pytest.mark.std(61)
def test_the_thumbprint_is_that_of_rfc_7638() -> None:
    """The example of RFC 7638 3.1 gives the kid printed there."""
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"
        "BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0"
        "_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWh"
        "AI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    jwk = {"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}
    assert SigningKey.from_jwk(jwk).kid == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.std(61)
def test_the_thumbprint_of_an_ed25519_key_is_that_of_rfc_8037() -> None:
    """The example of RFC 8037 A.3 gives the kid printed there."""
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert SigningKey.from_jwk(jwk).kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_the_id_of_a_shared_secret_is_not_a_hash_of_it() -> None:
    """Its RFC 7638 thumbprint would let anyone test guesses against a token's header."""
    key = SigningKey.generate("HS256")
    document = key.private_jwk()
    members = {"k": document["k"], "kty": "oct"}
    text = json.dumps(members, sort_keys=True, separators=(",", ":")).encode()
    assert key.kid != to_base64url(hashlib.sha256(text).digest())
    assert SigningKey.from_jwk(document).kid == key.kid


@pytest.mark.std(54)
def test_ecdsa_is_deterministic_as_rfc_6979_writes_it() -> None:
    """RFC 6979 A.2.5, message "sample", SHA-256: the printed r and s."""
    private = ec.derive_private_key(
        0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721, ec.SECP256R1()
    )
    signature = SigningKey.from_pem(pem_of(private), alg="ES256").sign(b"sample")
    assert signature.hex().upper() == (
        "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
        "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"
    )


def test_a_public_pem_verifies_what_its_private_pem_signed(rsa_pem: bytes) -> None:
    """from_pem reads both halves and gives both the same kid."""
    private = SigningKey.from_pem(rsa_pem.decode(), alg="PS256")
    loaded = serialization.load_pem_private_key(rsa_pem, password=None)
    text = loaded.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    public = SigningKey.from_pem(text, alg="PS256")
    assert public.kid == private.kid
    public.check(b"data", private.sign(b"data"))


@pytest.mark.parametrize(
    ("members", "alg"),
    [
        ({"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"}, "ES256"),
        ({"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"}, None),
        ({"kty": "OKP", "crv": "Ed448", "x": "AA"}, None),
        ({"kty": "OKP", "crv": "X25519", "x": "AA"}, "EdDSA"),
        ({"kty": "RSA", "n": "AQAB", "e": "AQAB"}, None),
        ({"kty": "oct", "k": "AQAB"}, None),
        ({"kty": "EC", "crv": "P-256", "x": "AA=", "y": "AA"}, "ES256"),
        ({"kty": "EC", "crv": "P-256", "x": "AB", "y": "AA"}, "ES256"),
        ({"kty": "EC", "crv": "P-256", "x": 1, "y": None}, "ES256"),
        ({"kty": "EC", "crv": "P-256"}, "ES256"),
        ({}, "ES256"),
        ({"kty": "EC", "crv": "P-256"}, "none"),
        ({"kty": "EC", "crv": "P-256", "alg": ["ES256"]}, None),
    ],
)
def test_a_malformed_or_ambiguous_jwk_is_refused(
    members: dict[str, object], alg: str | None
) -> None:
    """Wrong curves, loose base64url, missing members and unnamed algorithms all teach."""
    with pytest.raises(InvalidKeyError):
        SigningKey.from_jwk(members, alg=alg)


def test_members_of_two_different_keys_do_not_make_one() -> None:
    """A private part that does not belong to the public part is refused."""
    one, two = SigningKey.generate().private_jwk(), SigningKey.generate().private_jwk()
    ed_one, ed_two = (SigningKey.generate("EdDSA").private_jwk() for _ in range(2))
    for jwk in (one | {"d": two["d"]}, ed_one | {"d": ed_two["d"]}):
        with pytest.raises(InvalidKeyError):
            SigningKey.from_jwk(jwk)


def test_a_point_off_its_curve_is_refused() -> None:
    """Invalid-curve points never become keys."""
    jwk = SigningKey.generate().public_jwk()
    with pytest.raises(InvalidKeyError):
        SigningKey.from_jwk(jwk | {"y": jwk["x"]})


def test_a_private_key_that_may_only_verify_does_not_sign() -> None:
    """key_ops without "sign" makes a public key of it (RFC 7517 4.3)."""
    jwk = {**SigningKey.generate().private_jwk(), "key_ops": ["verify"]}
    assert not SigningKey.from_jwk(jwk).can_sign


@pytest.mark.parametrize("alg", ["ES256", "RS256", "EdDSA", "HS256"])
def test_a_text_that_is_no_pem_is_refused_for_every_algorithm(alg: str) -> None:
    """Junk, a certificate's frame or an empty text never make a key."""
    for text in (
        "",
        "junk",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        b"\x00",
    ):
        with pytest.raises(InvalidKeyError):
            SigningKey.from_pem(text, alg=alg)


def test_a_pem_of_another_kind_than_its_algorithm_is_refused(rsa_pem: bytes) -> None:
    """EC on RS256, P-384 on ES256, RSA on EdDSA and Ed448 on EdDSA are refused."""
    p384 = pem_of(ec.generate_private_key(ec.SECP384R1()))
    k1 = pem_of(ec.generate_private_key(ec.SECP256K1()))
    ed = pem_of(ed448.Ed448PrivateKey.generate())
    for pem, alg in (
        (p384, "RS256"),
        (p384, "ES256"),
        (k1, "ES256"),
        (rsa_pem, "EdDSA"),
        (ed, "EdDSA"),
    ):
        with pytest.raises(InvalidKeyError):
            SigningKey.from_pem(pem, alg=alg)


def test_an_encrypted_pem_is_refused_with_an_error_that_teaches() -> None:
    """The pass phrase would have to be stored beside it anyway."""
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"pass phrase"),
    )
    with pytest.raises(InvalidKeyError, match="unencrypted"):
        SigningKey.from_pem(pem, alg="ES256")


@pytest.mark.parametrize("alg", FAST)
def test_a_key_shows_itself_by_id_only_and_cannot_be_pickled(alg: str) -> None:
    """Repr holds kid and alg; pickle refuses; a copy is the key itself."""
    key = SigningKey.generate(alg)
    assert key.kid in repr(key)
    for name, value in key.private_jwk().items():
        if name in {"d", "k"}:
            assert value not in repr(key)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(key)
    assert copy.deepcopy(key) is key
