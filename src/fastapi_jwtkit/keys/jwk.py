"""JWK documents of single keys: what is read, what is refused, the thumbprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from jwt import algorithms
from jwt.exceptions import PyJWTError

from fastapi_jwtkit.errors import InvalidKeyError
from fastapi_jwtkit.keys.algorithms import AlgorithmSpec, algorithm_of
from fastapi_jwtkit.keys.encoding import from_base64url, to_base64url
from fastapi_jwtkit.keys.json_values import as_list
from fastapi_jwtkit.keys.material import PrivateKey, PublicKey

__all__ = ["algorithm_of_jwk", "key_of_jwk", "may_sign", "secret_id", "thumbprint"]

# RFC 7518 6.2 to 6.4, RFC 8037 2: every member that carries a part of the key.
_KEY_MEMBERS = {
    "EC": ("x", "y", "d"),
    "OKP": ("x", "d"),
    "RSA": ("n", "e", "d", "p", "q", "dp", "dq", "qi"),
    "oct": ("k",),
}
_OF_CURVE = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA"}


def thumbprint(public_members: Mapping[str, str]) -> str:
    """Return the RFC 7638 thumbprint (SHA-256) of the members of a public key."""
    # RFC 7638 3: the required members alone, sorted, without white space. What
    # ``public_members`` holds is exactly the required members of each key type.
    text = json.dumps(dict(public_members), sort_keys=True, separators=(",", ":"))
    return to_base64url(hashlib.sha256(text.encode("ascii")).digest())


def secret_id(secret: bytes) -> str:
    """Return an id for a shared secret that says nothing about it.

    Its RFC 7638 thumbprint would be a plain hash of the secret in the header of each
    token (RFC 7638 7 warns of it): a guess could be tried against it without a single
    signature, and a hash written down elsewhere would be the same. HKDF under a label of
    its own gives an output that is independent of every other use of the secret. The
    algorithm is not part of it, so that one secret cannot be in a ring under two.
    """
    info = b"fastapi-jwtkit/v1/kid"
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(secret)
    return to_base64url(derived)


def algorithm_of_jwk(jwk: Mapping[str, object], alg: str | None) -> AlgorithmSpec:
    """Return the one algorithm of a JWK, from the caller, its ``alg`` or its curve.

    Raises:
        InvalidKeyError: there is none, two that differ, or the key is not for signing.
    """
    _refuse_other_uses(jwk)
    name = jwk.get("alg", alg)
    if alg is not None and name != alg:
        raise _invalid(
            f"The JWK says alg {str(name)[:32]!r}, and {alg!r} was asked for.",
            why="RFC 8725 3.1: each key is used with exactly one algorithm.",
            fix="Name the algorithm that the key was made for.",
        )
    if name is None and "alg" not in jwk:
        name = _algorithm_of_curve(jwk)
    spec = algorithm_of(name)
    if jwk.get("kty") != spec.kty or (spec.crv and jwk.get("crv") != spec.crv):
        raise _invalid(
            f"The key type or the curve of the JWK does not fit {spec.name}.",
            why="Each algorithm has one kind of key and one curve (RFC 7518 3.1, 3.4).",
            fix="Name the algorithm that the key was made for.",
        )
    return spec


def _algorithm_of_curve(jwk: Mapping[str, object]) -> str:
    name = _OF_CURVE.get(str(jwk.get("crv"))) if jwk.get("kty") in ("EC", "OKP") else None
    if name is None:
        raise _invalid(
            "The JWK names no algorithm, and its key type leaves several or none.",
            why="RFC 8725 3.1: each key is used with exactly one algorithm.",
            fix='Pass it: SigningKey.from_jwk(jwk, alg="RS256").',
        )
    return name


def may_sign(jwk: Mapping[str, object]) -> bool:
    """Say whether ``key_ops`` allows signing (RFC 7517 4.3); absent, it does."""
    return "key_ops" not in jwk or "sign" in (as_list(jwk["key_ops"]) or ())


def key_of_jwk(jwk: Mapping[str, object], spec: AlgorithmSpec) -> PrivateKey | PublicKey | bytes:
    """Return the key that a JWK describes; bytes for a shared secret.

    Raises:
        InvalidKeyError: a member is missing, malformed or does not belong to the others.
    """
    raw: dict[str, bytes] = {}
    for member in _KEY_MEMBERS[spec.kty]:
        if member in jwk:
            raw[member] = from_base64url(jwk[member], member=member)
    if "oth" in jwk:
        raise _invalid("An RSA key of more than two primes is not supported.")
    if spec.kty == "oct":
        return raw.get("k", b"")
    document = {"kty": spec.kty, "crv": spec.crv, **{name: jwk[name] for name in raw}}
    key = _parse(spec, document)
    if key is None:
        raise _invalid(
            f"The JWK is no valid {spec.kty} key.",
            why="A member is missing, out of range, or of another key.",
            fix="Write the key with the tool that made it rather than by hand.",
        )
    return key


def _parse(spec: AlgorithmSpec, document: dict[str, object]) -> PrivateKey | PublicKey | None:
    # The cause is dropped: the third parties' errors may hold what they were given.
    try:
        if spec.kty == "EC":
            return algorithms.ECAlgorithm.from_jwk(document)
        if spec.kty == "RSA":
            return algorithms.RSAAlgorithm.from_jwk(document)
        key = algorithms.OKPAlgorithm.from_jwk(document)
    except (PyJWTError, ValueError, TypeError, KeyError, OverflowError):
        return None
    if isinstance(key, Ed25519PrivateKey):
        # PyJWT below 2.15 takes d and x of two keys: it would sign what nobody can check.
        public = key.public_key().public_bytes_raw()
        return key if public == from_base64url(document["x"], member="x") else None
    return key if isinstance(key, PrivateKey | PublicKey) else None


def _refuse_other_uses(jwk: Mapping[str, object]) -> None:
    use, operations = jwk.get("use", "sig"), as_list(jwk.get("key_ops", ["sign"]))
    if use != "sig":
        raise _invalid(
            f"The JWK is for use {str(use)[:32]!r}.",
            why="RFC 7517 4.2: a key for encryption must not sign, nor the other way round.",
            fix="Give the key whose use is 'sig'.",
        )
    if not operations or ("sign" not in operations and "verify" not in operations):
        raise _invalid(
            "The key_ops of the JWK allow neither 'sign' nor 'verify'.",
            why="RFC 7517 4.3: key_ops says all that the key may do.",
            fix="Give a key that was made to sign.",
        )


def _invalid(what: str, *, why: str = "", fix: str = "") -> InvalidKeyError:
    return InvalidKeyError(what, why=why, fix=fix, docs="reference/keys/")
