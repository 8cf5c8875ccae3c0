"""One key, bound to one algorithm."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import NoReturn, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from fastapi_jwtkit.errors import InvalidKeyError, InvalidTokenError, MissingKeyError
from fastapi_jwtkit.keys.algorithms import AlgorithmSpec, algorithm_of
from fastapi_jwtkit.keys.discreet import attempt
from fastapi_jwtkit.keys.jwk import (
    algorithm_of_jwk,
    key_of_jwk,
    may_sign,
    secret_id,
    thumbprint,
)
from fastapi_jwtkit.keys.material import (
    AsymmetricMaterial,
    Material,
    PrivateKey,
    PublicKey,
    SymmetricMaterial,
)
from fastapi_jwtkit.keys.well_known import refuse_weak_secret

__all__ = ["SigningKey"]

GENERATED_RSA_BITS = 3072
"""128 bits of strength (NIST SP 800-57 part 1, table 2)."""

_CURVES: Mapping[str, Callable[[], ec.EllipticCurve]] = MappingProxyType(
    {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """One key with one algorithm, parsed once; signing and checking are cheap.

    Made by ``generate``, ``from_jwk``, ``from_pem`` or ``from_secret``. Two keys are equal
    if they are the same key for the same algorithm. What the key is made of is in no
    ``repr``, in no error, and cannot be pickled.

    Attributes:
        kid: RFC 7638 thumbprint; for a shared secret an id derived by HKDF. A ``kid``
            that a document brings is not read: an id that follows from the key is never
            the id of two.
        alg: the one ``alg`` of its tokens (RFC 8725 3.1).
        can_sign: ``False`` for a public key.
    """

    kid: str
    alg: str
    can_sign: bool
    _material: Material = field(repr=False, compare=False)

    @classmethod
    def generate(cls, alg: str = "ES256") -> Self:
        """Make a new key.

        Raises:
            InvalidKeyError: there is no such algorithm.
        """
        spec = algorithm_of(alg)
        if spec.kty == "oct":
            return cls._of(_bind(spec, secrets.token_bytes(spec.hash_bytes)))
        if spec.kty == "RSA":
            return cls._of(_bind(spec, rsa.generate_private_key(65537, GENERATED_RSA_BITS)))
        if spec.kty == "OKP":
            return cls._of(_bind(spec, ed25519.Ed25519PrivateKey.generate()))
        return cls._of(_bind(spec, ec.generate_private_key(_CURVES[spec.crv]())))

    @classmethod
    def from_pem(cls, pem: str | bytes, *, alg: str) -> Self:
        """Read a private or public key in PEM (PKCS #8, SEC 1, PKCS #1 or SPKI).

        Raises:
            InvalidKeyError: not a key, encrypted, weak, or not one for ``alg``.
        """
        spec = algorithm_of(alg)
        bound = attempt(partial(_bind_pem, spec), pem)
        del pem
        return cls._of(bound)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, object], *, alg: str | None = None) -> Self:
        """Read a private or public JWK (RFC 7517).

        Args:
            jwk: the parsed document.
            alg: needed where neither the document nor its curve says it.

        Raises:
            InvalidKeyError: malformed, weak, for another use, or of another algorithm.
        """
        bound = attempt(partial(_bind_jwk, alg), jwk)
        del jwk
        return cls._of(bound)

    @classmethod
    def from_secret(cls, secret: str | bytes, *, alg: str = "HS256") -> Self:
        """Read a shared secret; a ``str`` stands for its UTF-8 bytes.

        Prefer a key pair: whoever can check a shared secret's tokens can also make them.

        Raises:
            InvalidKeyError: too short, well known, guessable, or the text of a key.
        """
        spec = algorithm_of(alg)
        if spec.kty != "oct":
            raise InvalidKeyError(
                f"{spec.name} needs a key pair, not a shared secret.",
                fix="SigningKey.from_pem or SigningKey.from_jwk",
                docs="reference/keys/",
            )
        bound = attempt(partial(_bind, spec), _bytes(secret))
        del secret
        return cls._of(bound)

    def sign(self, data: bytes) -> bytes:
        """Return the signature over ``data``, as a JWS carries it.

        Raises:
            MissingKeyError: this is a public key.
        """
        if not self.can_sign:
            raise MissingKeyError(
                f"The key {self.kid} is public and cannot sign.",
                why="Its private half was not given.",
                fix="Give the private key, or only verify with this ring.",
                docs="reference/keys/",
            )
        return self._material.sign(data)

    def check(self, data: bytes, signature: bytes) -> None:
        """Return if the signature is this key's over ``data``.

        Raises:
            InvalidTokenError: it is not.
        """
        try:
            matches = self._material.matches(data, signature)
        except Exception:  # noqa: BLE001 - whatever a library says of bad input is a "no"
            matches = False
        if not matches:
            raise InvalidTokenError("bad_signature")

    @property
    def is_shared_secret(self) -> bool:
        """Whether whoever checks with this key can also sign with it (HMAC)."""
        return not self._material.public_members()

    def public_jwk(self) -> dict[str, str]:
        """Return the JWK to publish: never a private member (RFC 7517 4, 9.2).

        Raises:
            InvalidKeyError: a shared secret has no public half.
        """
        members = self._material.public_members()
        if not members:
            raise InvalidKeyError(
                "A shared secret is never published.",
                why="Whoever reads it can sign.",
                fix="Use an ES256 key where others verify your tokens.",
                docs="reference/keys/",
            )
        return members | self._labels()

    def private_jwk(self) -> dict[str, str]:
        """Return the whole key as JWK. A secret: for key files only."""
        return self._material.private_members() | self._labels()

    @classmethod
    def _of(cls, bound: _Bound | InvalidKeyError) -> Self:
        if isinstance(bound, InvalidKeyError):
            raise bound
        material = bound.material
        return cls(kid=bound.kid, alg=bound.alg, can_sign=material.can_sign, _material=material)

    def _labels(self) -> dict[str, str]:
        return {"kid": self.kid, "use": "sig", "alg": self.alg}

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        # A pickle is a plain copy of the key that ends up in caches and crash reports.
        message = "a SigningKey cannot be pickled; pass its key ring's source instead"
        raise TypeError(message)


@dataclass(frozen=True, slots=True)
class _Bound:
    """A key that was found good enough for its algorithm."""

    kid: str
    alg: str
    material: Material


def _bind(spec: AlgorithmSpec, key: PrivateKey | PublicKey | bytes) -> _Bound:
    if isinstance(key, bytes):
        refuse_weak_secret(key, spec)
        return _Bound(secret_id(key), spec.name, SymmetricMaterial(spec, key))
    material = AsymmetricMaterial(spec, key)
    return _Bound(thumbprint(material.public_members()), spec.name, material)


def _bind_jwk(alg: str | None, jwk: Mapping[str, object]) -> _Bound:
    spec = algorithm_of_jwk(jwk, alg)
    key = key_of_jwk(jwk, spec)
    if isinstance(key, PrivateKey) and not may_sign(jwk):
        key = key.public_key()
    return _bind(spec, key)


def _bind_pem(spec: AlgorithmSpec, pem: str | bytes) -> _Bound:
    key = _parse_pem(_bytes(pem))
    if key is None or spec.kty == "oct":
        raise InvalidKeyError(
            f"The text is no PEM key that {spec.name} can use.",
            why="Expected an unencrypted private key, or a public key, of the kind "
            "that the algorithm needs; a PEM key is never a shared secret.",
            fix="jwtkit keys generate",
            docs="reference/keys/",
        )
    return _bind(spec, key)


def _bytes(text: str | bytes) -> bytes:
    # "surrogatepass": what is no text is refused by what reads it, not by its encoding.
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text


def _parse_pem(pem: bytes) -> PrivateKey | PublicKey | None:
    try:
        if b"PRIVATE KEY-----" in pem:
            key: object = serialization.load_pem_private_key(pem, password=None)
        else:
            key = serialization.load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, PrivateKey | PublicKey) else None
