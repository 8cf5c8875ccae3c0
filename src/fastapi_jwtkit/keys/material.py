"""What a key computes with: parsed once, opaque to ``repr``, cheap to use."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from jwt.algorithms import get_default_algorithms

from fastapi_jwtkit.errors import InvalidKeyError
from fastapi_jwtkit.keys.algorithms import MAX_RSA_BITS, MIN_RSA_BITS, AlgorithmSpec
from fastapi_jwtkit.keys.encoding import to_base64url

__all__ = ["AsymmetricMaterial", "Material", "PrivateKey", "PublicKey", "SymmetricMaterial"]

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey

_HASHES: Mapping[int, Callable[[], hashes.HashAlgorithm]] = MappingProxyType(
    {32: hashes.SHA256, 48: hashes.SHA384, 64: hashes.SHA512}
)
_CURVES: Mapping[str, str] = MappingProxyType(
    {"P-256": "secp256r1", "P-384": "secp384r1", "P-521": "secp521r1"}
)


class Material(Protocol):
    """Signs and checks; one implementation for key pairs, one for shared secrets."""

    @property
    def can_sign(self) -> bool:
        """Whether the secret half is here."""
        ...

    def sign(self, data: bytes, /) -> bytes:
        """Return the signature of RFC 7515 5.1 over ``data``."""
        ...

    def matches(self, data: bytes, signature: bytes, /) -> bool:
        """Say whether the signature is of ``data``."""
        ...

    def public_members(self) -> dict[str, str]:
        """Return the JWK members that may be published; nothing for a shared secret."""
        ...

    def private_members(self) -> dict[str, str]:
        """Return every JWK member of the key."""
        ...


class AsymmetricMaterial:
    """A key pair, or its public half alone.

    Args:
        spec: the one algorithm of the key.
        key: a private or public key of the cryptography package.

    Raises:
        InvalidKeyError: the key does not fit the algorithm.
    """

    __slots__ = ("_algorithm", "_ecdsa", "_private", "_public", "_spec")

    def __init__(self, spec: AlgorithmSpec, key: PrivateKey | PublicKey) -> None:
        private = None if isinstance(key, PublicKey) else key
        public = key if isinstance(key, PublicKey) else key.public_key()
        _check_fit(spec, public)
        self._spec = spec
        self._private = private
        self._public = public
        self._algorithm = get_default_algorithms()[spec.name]
        self._ecdsa = _ecdsa(spec) if spec.kty == "EC" else None

    @property
    def can_sign(self) -> bool:
        """Whether the private half is here."""
        return self._private is not None

    def sign(self, data: bytes, /) -> bytes:
        """Return the signature of ``data``; ECDSA as r and s side by side (RFC 7518 3.4)."""
        if isinstance(self._private, ec.EllipticCurvePrivateKey) and self._ecdsa is not None:
            r, s = decode_dss_signature(self._private.sign(data, self._ecdsa))
            half = self._spec.signature_bytes // 2
            return r.to_bytes(half, "big") + s.to_bytes(half, "big")
        return self._algorithm.sign(data, self._private)

    def matches(self, data: bytes, signature: bytes, /) -> bool:
        """Say whether the signature is of ``data``; its size is looked at first."""
        size = self._spec.signature_bytes
        if isinstance(self._public, rsa.RSAPublicKey):
            size = (self._public.key_size + 7) // 8
        # Length before anything is computed: a longer one overflowed HAProxy's converter.
        if len(signature) != size:
            return False
        if self._ecdsa is not None:
            half = size // 2
            # r = 0 or s = 0 is never valid (FIPS 186-5 6.4.2; CVE-2022-21449).
            if not any(signature[:half]) or not any(signature[half:]):
                return False
        return self._algorithm.verify(data, self._public, signature)

    def public_members(self) -> dict[str, str]:
        """Return the members of the public half (RFC 7518 6.2.1, 6.3.1, RFC 8037 2)."""
        return _public_members(self._public)

    def private_members(self) -> dict[str, str]:
        """Return the members of both halves (RFC 7518 6.2.2, 6.3.2, RFC 8037 2)."""
        members = _public_members(self._public)
        if isinstance(self._private, ec.EllipticCurvePrivateKey):
            value = self._private.private_numbers().private_value
            members["d"] = _fixed(value, self._private.key_size)
        elif isinstance(self._private, ed25519.Ed25519PrivateKey):
            members["d"] = to_base64url(self._private.private_bytes_raw())
        elif self._private is not None:
            numbers = self._private.private_numbers()
            members |= {
                "d": _uint(numbers.d),
                "p": _uint(numbers.p),
                "q": _uint(numbers.q),
                "dp": _uint(numbers.dmp1),
                "dq": _uint(numbers.dmq1),
                "qi": _uint(numbers.iqmp),
            }
        return members


class SymmetricMaterial:
    """A shared secret. Keyed once: a signature copies the keyed state.

    Args:
        spec: the one algorithm of the key.
        secret: checked by ``refuse_weak_secret`` before.
    """

    __slots__ = ("_keyed", "_spec", "_text")

    can_sign = True

    def __init__(self, spec: AlgorithmSpec, secret: bytes) -> None:
        self._spec = spec
        self._keyed = hmac.new(secret, digestmod=f"sha{spec.hash_bytes * 8}")
        self._text = to_base64url(secret)

    def sign(self, data: bytes, /) -> bytes:
        """Return the MAC of ``data`` (RFC 7518 3.2)."""
        mac = self._keyed.copy()
        mac.update(data)
        return mac.digest()

    def matches(self, data: bytes, signature: bytes, /) -> bool:
        """Say whether the MAC is of ``data``, in constant time."""
        return hmac.compare_digest(self.sign(data), signature)

    def public_members(self) -> dict[str, str]:
        """Return nothing: a shared secret has no public half (RFC 7518 6.4)."""
        return {}

    def private_members(self) -> dict[str, str]:
        """Return the secret as ``k`` (RFC 7518 6.4.1)."""
        return {"kty": "oct", "k": self._text}


def _check_fit(spec: AlgorithmSpec, public: PublicKey) -> None:
    if isinstance(public, rsa.RSAPublicKey):
        fits, found = spec.kty == "RSA", f"RSA key of {public.key_size} bits"
        if fits and not MIN_RSA_BITS <= public.key_size <= MAX_RSA_BITS:
            raise InvalidKeyError(
                f"The {found} is refused.",
                why=f"RFC 7518 3.3 asks for {MIN_RSA_BITS} bits or more; above "
                f"{MAX_RSA_BITS} each check is slow enough to be an attack.",
                fix="jwtkit keys generate --alg RS256, or an EC key, which is smaller.",
                docs="reference/keys/",
            )
    elif isinstance(public, ec.EllipticCurvePublicKey):
        fits = spec.kty == "EC" and public.curve.name == _CURVES.get(spec.crv)
        found = f"EC key on {public.curve.name}"
    else:
        fits, found = spec.kty == "OKP", "Ed25519 key"
    if not fits:
        raise InvalidKeyError(
            f"An {found} does not fit {spec.name}.",
            why="Each algorithm has one kind of key and one curve (RFC 7518 3.1, 3.4).",
            fix="Name the algorithm that this key was made for.",
            docs="reference/keys/",
        )


def _ecdsa(spec: AlgorithmSpec) -> ec.ECDSA:
    algorithm = _HASHES[spec.hash_bytes]()
    try:
        # RFC 6979: a nonce that follows from key and message cannot repeat by accident,
        # as random ones do in two clones of one machine.
        return ec.ECDSA(algorithm, deterministic_signing=True)
    except UnsupportedAlgorithm:
        return ec.ECDSA(algorithm)


def _public_members(public: PublicKey) -> dict[str, str]:
    if isinstance(public, ec.EllipticCurvePublicKey):
        numbers = public.public_numbers()
        crv = next(crv for crv, name in _CURVES.items() if name == public.curve.name)
        x, y = _fixed(numbers.x, public.key_size), _fixed(numbers.y, public.key_size)
        return {"kty": "EC", "crv": crv, "x": x, "y": y}
    if isinstance(public, rsa.RSAPublicKey):
        exponents = public.public_numbers()
        return {"kty": "RSA", "n": _uint(exponents.n), "e": _uint(exponents.e)}
    return {"kty": "OKP", "crv": "Ed25519", "x": to_base64url(public.public_bytes_raw())}


def _uint(value: int) -> str:
    """Write a number in as few bytes as hold it (RFC 7518 2, Base64urlUInt)."""
    return to_base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _fixed(value: int, bits: int) -> str:
    """Write a coordinate in the full size of its field (RFC 7518 6.2.1.2)."""
    return to_base64url(value.to_bytes((bits + 7) // 8, "big"))
