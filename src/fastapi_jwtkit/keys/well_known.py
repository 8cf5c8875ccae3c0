"""Shared secrets that everybody knows or can guess."""

from __future__ import annotations

from fastapi_jwtkit.errors import InvalidKeyError
from fastapi_jwtkit.keys.algorithms import AlgorithmSpec

__all__ = ["refuse_weak_secret"]


def refuse_weak_secret(secret: bytes, spec: AlgorithmSpec) -> None:
    """Refuse a secret below the size of the hash (RFC 7518 3.2).

    Raises:
        InvalidKeyError: the secret is too short.
    """
    if len(secret) < spec.hash_bytes:
        raise InvalidKeyError(
            f"A secret for {spec.name} needs {spec.hash_bytes} bytes or more.",
            why="RFC 7518 3.2: a shorter one is found by trying.",
            fix="jwtkit keys generate",
            docs="reference/keys/",
        )
