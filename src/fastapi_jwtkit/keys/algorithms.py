"""The algorithms a key can have, and what each asks of its key (RFC 7518 3, RFC 8037)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from fastapi_jwtkit.errors import InvalidKeyError

__all__ = ["ALGORITHMS", "MAX_RSA_BITS", "MIN_RSA_BITS", "AlgorithmSpec", "algorithm_of"]

MIN_RSA_BITS = 2048
"""RFC 7518 3.3 and 3.5."""
MAX_RSA_BITS = 8192
"""A larger key only makes each check slower, and a key document is input too."""

KeyType = Literal["EC", "OKP", "RSA", "oct"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgorithmSpec:
    """What an algorithm asks of its key and of its signatures.

    Attributes:
        name: the ``alg`` that tokens and JWKs carry.
        kty: JWK key type (RFC 7518 6.1).
        crv: the one curve that fits (RFC 7518 3.4, RFC 8037 3.1); empty where none does.
        hash_bytes: size of its hash, and so the least size of an HMAC key (RFC 7518 3.2).
        signature_bytes: exact size of a signature; 0 for RSA, where the key says.
    """

    name: str
    kty: KeyType
    crv: str = ""
    hash_bytes: int
    signature_bytes: int = 0


def _table() -> dict[str, AlgorithmSpec]:
    specs = [
        AlgorithmSpec(name="ES256", kty="EC", crv="P-256", hash_bytes=32, signature_bytes=64),
        AlgorithmSpec(name="ES384", kty="EC", crv="P-384", hash_bytes=48, signature_bytes=96),
        AlgorithmSpec(name="ES512", kty="EC", crv="P-521", hash_bytes=64, signature_bytes=132),
        AlgorithmSpec(name="EdDSA", kty="OKP", crv="Ed25519", hash_bytes=64, signature_bytes=64),
    ]
    for bits in (256, 384, 512):
        size = bits // 8
        specs += [
            AlgorithmSpec(name=f"RS{bits}", kty="RSA", hash_bytes=size),
            AlgorithmSpec(name=f"PS{bits}", kty="RSA", hash_bytes=size),
            AlgorithmSpec(name=f"HS{bits}", kty="oct", hash_bytes=size, signature_bytes=size),
        ]
    return {spec.name: spec for spec in specs}


ALGORITHMS: Mapping[str, AlgorithmSpec] = MappingProxyType(_table())
"""Every algorithm there is; ``none`` is not one of them, in any spelling."""


def algorithm_of(alg: object) -> AlgorithmSpec:
    """Return what this algorithm asks for; names are case-sensitive (RFC 7515 4.1.1).

    Raises:
        InvalidKeyError: there is no such algorithm here.
    """
    spec = ALGORITHMS.get(alg) if isinstance(alg, str) else None
    if spec is None:
        raise InvalidKeyError(
            f"{str(alg)[:32]!r} is not a supported algorithm.",
            why="A key is bound to one algorithm; a name that is guessed binds it to none.",
            fix=f"Use one of {', '.join(sorted(ALGORITHMS))}; ES256 is a good choice.",
            docs="reference/keys/",
        )
    return spec
