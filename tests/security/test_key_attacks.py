"""Attacks on keys: weak, well known, confused, leaked."""

from __future__ import annotations

import base64
import json
import logging
import traceback
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from fastapi_jwtkit.errors import InvalidKeyError, InvalidTokenError
from fastapi_jwtkit.keys.encoding import to_base64url
from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.keys.secret_ring import SecretRing
from fastapi_jwtkit.keys.signing_key import SigningKey

TUTORIAL = "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7"
SPRING = "404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970"


def refused(secret: str | bytes, alg: str = "HS256") -> str:
    """Return why a shared secret is refused."""
    with pytest.raises(InvalidKeyError) as caught:
        SigningKey.from_secret(secret, alg=alg)
    return str(caught.value)


@pytest.mark.attack(8)
@pytest.mark.std(53)
@pytest.mark.parametrize(
    "secret",
    [
        TUTORIAL,
        TUTORIAL.upper(),
        TUTORIAL + "\n",
        TUTORIAL.encode(),
        bytes.fromhex(TUTORIAL),
        base64.b64decode(TUTORIAL),
        SPRING,
        bytes.fromhex(SPRING),
        base64.b64decode(SPRING),
    ],
)
def test_the_secret_of_a_tutorial_is_refused_in_every_spelling(secret: str | bytes) -> None:
    """As text, in capitals, with a newline, decoded from hexadecimal or from base64."""
    assert "tutorial" in refused(secret)


@pytest.mark.attack(8)
@pytest.mark.std(53)
@pytest.mark.parametrize(
    "secret",
    [
        "secret" * 8,
        b"secret".ljust(32, b"\0"),
        b"secret".rjust(64, b"0"),
        "your-256-bit-secret".ljust(32, "="),
        "your-256-bit-secret" * 2,
        "a-string-secret-at-least-256-bits-long",
        "change-me-change-me-change-me-now!",
        "please_changeme_before_going_live_ok",
        "CHANGE THIS to something long and random",
        "your-super-secret-jwt-key-change-this-in-production-min-32-chars",
        "supersecretkeyyouwillneverguess12345678",
        "This is my custom Secret key for authentication",
        "my-very-long-password-that-i-can-remember",
        b"\0" * 32,
        b"\xff" * 64,
        "a" * 32,
        "ab" * 16,
        "0123456789" * 4,
        bytes(range(32)),
        bytes(range(64, 0, -1)),
    ],
)
def test_a_secret_that_can_be_guessed_is_refused_whatever_its_length(secret: str | bytes) -> None:
    """Placeholders, phrases, padding, repetition and counting."""
    assert "The shared secret" in refused(secret)


@pytest.mark.attack(8)
@pytest.mark.std(53)
@pytest.mark.parametrize(("alg", "size"), [("HS256", 32), ("HS384", 48), ("HS512", 64)])
def test_a_secret_below_the_size_of_its_hash_is_refused(alg: str, size: int) -> None:
    """RFC 7518 3.2, for the bytes of a secret and for the k of a JWK."""
    material = to_base64url(SigningKey.generate("HS512").sign(b"random"))
    secret = base64.urlsafe_b64decode(material + "==")
    SigningKey.from_secret(secret[:size], alg=alg)
    assert "RFC 7518 3.2" in refused(secret[: size - 1], alg)
    with pytest.raises(InvalidKeyError, match=r"7518 3\.2"):
        SigningKey.from_jwk({"kty": "oct", "k": to_base64url(secret[: size - 1]), "alg": alg})


def forms_of_a_public_key() -> dict[str, bytes]:
    """Return one public key in every form that was once taken for a shared secret."""
    private = rsa.generate_private_key(65537, 2048)
    public = private.public_key()
    encoding, spki = serialization.Encoding, serialization.PublicFormat.SubjectPublicKeyInfo
    der = public.public_bytes(encoding.DER, spki)
    pem = public.public_bytes(encoding.PEM, spki)
    jwk = json.dumps(SigningKey.from_pem(pem, alg="RS256").public_jwk())
    plain = serialization.NoEncryption()
    private_pem = private.private_bytes(
        encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain
    )
    ec_public = ec.generate_private_key(ec.SECP256R1()).public_key()
    openssh = serialization.PublicFormat.OpenSSH
    return {
        "PEM": pem,
        "PEM in white space": b"\n  " + pem,
        "PKCS #1 PEM": public.public_bytes(encoding.PEM, serialization.PublicFormat.PKCS1),
        "private PEM": private_pem,
        "DER": der,
        "base64 of DER": base64.b64encode(der),
        "PEM without its frame": b"".join(pem.splitlines()[1:-1]),
        "PEM lines without their frame": b"\n".join(pem.splitlines()[1:-1]),
        "OpenSSH RSA": public.public_bytes(encoding.OpenSSH, openssh),
        "OpenSSH ECDSA": ec_public.public_bytes(encoding.OpenSSH, openssh),
        "JWK": jwk.encode(),
        "JWK in white space": b" \n" + jwk.encode(),
        "JWK Set": json.dumps({"keys": [json.loads(jwk)]}).encode(),
        "base64url of JWK": to_base64url(jwk.encode()).encode(),
    }


@pytest.mark.attack(1)
@pytest.mark.std(39)
def test_no_form_of_a_public_key_becomes_a_shared_secret() -> None:
    """CVE-2022-29217, CVE-2024-33663, CVE-2026-48526: one form was always forgotten."""
    for form, text in forms_of_a_public_key().items():
        assert "The shared secret" in refused(text), form
        with pytest.raises(InvalidKeyError):
            SigningKey.from_pem(text, alg="HS256")


@pytest.mark.attack(1)
@pytest.mark.std(39, 41)
def test_a_key_takes_part_in_one_algorithm_only() -> None:
    """What another algorithm signed with the same RSA key does not pass."""
    pem = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    signed = SigningKey.from_pem(pem, alg="PS256").sign(b"data")
    for alg in ("RS256", "PS384", "RS512"):
        with pytest.raises(InvalidTokenError):
            SigningKey.from_pem(pem, alg=alg).check(b"data", signed)


@pytest.mark.attack(2)
@pytest.mark.std(40)
@pytest.mark.parametrize(
    "alg", ["none", "None", "NONE", "nOnE", "", "HS1", "es256", "ES256K", "RSA1_5"]
)
def test_there_is_no_key_for_an_algorithm_that_is_not_one(alg: str) -> None:
    """None in no spelling, no other case, no curve that nobody asked for."""
    with pytest.raises(InvalidKeyError, match="not a supported algorithm"):
        SigningKey.generate(alg)
    with pytest.raises(InvalidKeyError):
        SigningKey.from_jwk(SigningKey.generate().private_jwk() | {"alg": alg})


@pytest.mark.attack(8)
@pytest.mark.parametrize(
    "labels",
    [
        {"use": "enc"},
        {"use": ""},
        {"use": None},
        {"use": ["sig"]},
        {"key_ops": []},
        {"key_ops": ["encrypt"]},
        {"key_ops": ["wrapKey", "deriveBits"]},
        {"key_ops": "sign"},
        {"key_ops": None},
        {"alg": "RS256"},
        {"alg": "ES384"},
        {"alg": "ECDH-ES"},
    ],
)
def test_a_jwk_for_another_use_is_refused(labels: dict[str, object]) -> None:
    """RFC 7517 4.2 to 4.4: use, key_ops and alg are honoured."""
    with pytest.raises(InvalidKeyError):
        SigningKey.from_jwk({**SigningKey.generate().private_jwk(), **labels})


@pytest.mark.attack(8)
@pytest.mark.std(53)
def test_an_rsa_key_below_2048_bits_is_refused() -> None:
    """RFC 7518 3.3, as PEM and as JWK."""
    private = rsa.generate_private_key(65537, 1024)  # noqa: S505 - weak on purpose
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    n = private.public_key().public_numbers().n
    jwk = {"kty": "RSA", "n": to_base64url(n.to_bytes(128, "big")), "e": "AQAB"}
    for alg in ("RS256", "PS512"):
        with pytest.raises(InvalidKeyError, match="1024 bits"):
            SigningKey.from_pem(pem, alg=alg)
        with pytest.raises(InvalidKeyError, match="1024 bits"):
            SigningKey.from_jwk(jwk, alg=alg)


@pytest.mark.attack(8)
def test_an_rsa_exponent_that_signs_for_everybody_is_refused() -> None:
    """With e = 1 every message is its own signature."""
    n = rsa.generate_private_key(65537, 2048).public_key().public_numbers().n
    for e in ("AQ", "Ag", "AA", ""):
        with pytest.raises(InvalidKeyError):
            SigningKey.from_jwk(
                {"kty": "RSA", "n": to_base64url(n.to_bytes(256, "big")), "e": e}, alg="RS256"
            )


@pytest.mark.parametrize(("alg", "size"), [("ES256", 64), ("ES384", 96), ("ES512", 132)])
def test_an_ecdsa_signature_of_zeros_is_refused(alg: str, size: int) -> None:
    """CVE-2022-21449: r = 0 or s = 0 verified anything."""
    key = SigningKey.generate(alg)
    good, half = key.sign(b"data"), size // 2
    for forged in (bytes(size), bytes(half) + good[half:], good[:half] + bytes(half)):
        with pytest.raises(InvalidTokenError):
            key.check(b"data", forged)


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512", "EdDSA", "RS256", "PS256", "HS256"])
def test_a_signature_of_another_length_is_refused_without_computing(alg: str) -> None:
    """Short, padded, doubled, huge and DER-encoded signatures are one plain refusal."""
    key = SigningKey.generate(alg)
    good = key.sign(b"data")
    der = b"\x30\x06\x02\x01\x01\x02\x01\x01"
    for forged in (b"", good[:-1], good + b"\0", b"\0" + good, good * 2, b"\xff" * 100_000, der):
        with pytest.raises(InvalidTokenError) as caught:
            key.check(b"data", forged)
        assert caught.value.reason == "bad_signature"


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512"])
def test_an_ecdsa_signature_above_the_order_of_its_curve_is_refused(alg: str) -> None:
    """R or s shifted by the order, and all ones, are no second spelling."""
    key = SigningKey.generate(alg)
    with pytest.raises(InvalidTokenError):
        key.check(b"data", b"\xff" * len(key.sign(b"data")))


MARKER = "wMkTrXq3v0ZzYJ8uP5sN7cBhLd2fGa9EeR4oQi6UtKx"  # 32 bytes that are no key of anybody


def broken_inputs() -> dict[str, Callable[[], object]]:
    """Return calls that fail after they were handed key material."""
    ring = json.loads(KeyRing.generate(now=1.0).to_text())
    ring["keys"].append({"state": "retired", "changed_at": 1, "jwk": {"kty": "oct", "k": MARKER}})
    secrets = json.loads(SecretRing.generate(now=1.0).to_text())
    secrets["secrets"].append({"state": "retired", "changed_at": 1, "id": "short", "k": MARKER})
    ring_text, secrets_text = json.dumps(ring), json.dumps(secrets)
    jwk = {"kty": "EC", "crv": "P-256", "x": MARKER, "y": MARKER, "d": MARKER}
    pem = f"-----BEGIN PRIVATE KEY-----\n{MARKER}\n-----END PRIVATE KEY-----\n"
    return {
        "ring": lambda: KeyRing.from_text(ring_text),
        "half a ring": lambda: KeyRing.from_text(ring_text[:-3]),
        "secrets": lambda: SecretRing.from_text(secrets_text),
        "half the secrets": lambda: SecretRing.from_text(secrets_text[:-3]),
        "JWK": lambda: SigningKey.from_jwk(jwk),
        "PEM": lambda: SigningKey.from_pem(pem, alg="ES256"),
        "short secret": lambda: SigningKey.from_secret(MARKER[:20]),
        "guessable secret": lambda: SigningKey.from_secret(MARKER * 2),
    }


@pytest.mark.attack(20)
@pytest.mark.parametrize("name", list(broken_inputs()))
def test_an_error_about_a_key_keeps_nothing_of_it(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in its text, its causes, a log line, nor the local variables of its traceback."""
    call = broken_inputs()[name]
    with caplog.at_level(logging.DEBUG), pytest.raises(InvalidKeyError) as caught:
        call()
    frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
    ours = [frame for frame in frames if "/fastapi_jwtkit/" in frame.f_code.co_filename]
    assert ours
    report = repr([frame.f_locals for frame in ours])
    for shown in (str(caught.value), repr(caught.value), repr(caught.value.args), report):
        assert MARKER[:20] not in shown
    assert MARKER[:20] not in caplog.text
    assert caught.value.__context__ is None
