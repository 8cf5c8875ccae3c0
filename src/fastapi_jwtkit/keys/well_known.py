"""Shared secrets that everybody knows or can guess."""

from __future__ import annotations

import base64
import binascii
import hashlib
import itertools
import json
import re
from collections.abc import Callable
from functools import partial

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_der_public_key,
)
from cryptography.x509 import load_der_x509_certificate
from jwt.algorithms import HMACAlgorithm
from jwt.exceptions import PyJWTError

from fastapi_jwtkit.errors import InvalidKeyError
from fastapi_jwtkit.keys.algorithms import AlgorithmSpec

__all__ = ["refuse_weak_secret"]

MIN_DISTINCT_BYTES = 8
"""Of 32 random bytes about 30 differ, of 64 random hexadecimal digits nearly all 16."""

# SHA-256 of the lower-case text of secrets that tutorials print and thousands of
# repositories repeat, FastAPI's own tutorial first. As digests, so that neither this
# file nor a copy of it looks like a leak to a secret scanner.
_WELL_KNOWN = frozenset(
    {
        "570dad43de1af4c925f92c16a68a50936da42b7dd6fdeb24850507a1199aac89",
        "2b1fa627178e3424e20ffd0e18b7440c322ad538d3c96aef1e3f60d99951c23c",
        "138e3c21f8c5581ec97cca6b029c0b232b5bc4bfe6d573ace3be91f80784e2b4",
        "0f31535ad680722d1d626c8377b0dcbdd31619a0bf716da2de9fd7ac318c2387",
        "594c081d23de22b178ba34a9c8551fe23d3a7034d92717a5cb4a054337a4c714",
        "9877be62cd59c97bdbab245b4f39262253a1c3c7b8a2176805b7e2545a70f2a5",
    }
)
# What placeholders are made of. A secret holding one of these must still be long enough
# without its words: "prod-secret-<64 hexadecimal digits>" passes, "my-secret-key-…" not.
# Six letters or more, so that no random text holds one by chance.
_TELLTALE = re.compile(
    r"secret|password|passwd|passphrase|change_?me|change_?this|replace_?me|insecure"
    r"|placeholder|example|default|production|your_?jwt|your_?key|jwt_?key"
)
_FILLER = re.compile(_TELLTALE.pattern + r"|your|super|jwt|token|key|development")
_WORD = re.compile(r"(?<![a-z0-9])[a-z]+(?![a-z0-9])")
# PyJWT knows DER from 2.15 on only.
_DER_LOADERS: tuple[Callable[[bytes], object], ...] = (
    partial(load_der_private_key, password=None),
    load_der_public_key,
    load_der_x509_certificate,
)
_KEY_MARKERS = (b"-----begin", b"---- begin", b"openssh-key-v1", b"putty-user-key-file")


def refuse_weak_secret(secret: bytes, spec: AlgorithmSpec) -> None:
    """Refuse a secret that can be found by trying, or that is the text of a key.

    Raises:
        InvalidKeyError: the secret is below the size of the hash (RFC 7518 3.2), in
            everybody's tutorial, a pattern, a placeholder, or a key in PEM, DER, SSH or
            JWK form. No part of it is repeated.
    """
    if len(secret) < spec.hash_bytes:
        raise _refused(
            f"is below {spec.hash_bytes} bytes, the size of the hash of {spec.name}",
            why="RFC 7518 3.2: a shorter one is found by trying, offline, from one token.",
        )
    if _is_well_known(secret):
        raise _refused(
            "is printed in a tutorial",
            why="It is in every list that attackers try first.",
        )
    if _is_pattern(secret):
        raise _refused(
            "repeats itself or counts",
            why="Its length hides how little of it there is to guess.",
        )
    if _is_placeholder(secret, spec.hash_bytes):
        raise _refused(
            "is a placeholder or a phrase",
            why="RFC 8725 3.5: what a person can remember is no key.",
        )
    if _is_key_text(secret) or _is_key_text(_unwrap(secret)):
        raise _refused(
            "is the text of a key or of a JSON document",
            why="A public key as shared secret lets everybody sign (CVE-2022-29217).",
        )


def _refused(what: str, *, why: str) -> InvalidKeyError:
    return InvalidKeyError(
        f"The shared secret {what}.",
        why=why,
        fix="python -c 'import secrets; print(secrets.token_urlsafe(64))', or better a "
        "key pair: jwtkit keys generate",
        docs="reference/keys/",
    )


def _is_well_known(secret: bytes) -> bool:
    # A tutorial's text is used as it is, decoded from hexadecimal, or from base64.
    spellings = (secret.strip(), secret.hex().encode(), base64.b64encode(secret).rstrip(b"="))
    digests = {hashlib.sha256(spelling.lower()).hexdigest() for spelling in spellings}
    return not digests.isdisjoint(_WELL_KNOWN)


def _is_pattern(secret: bytes) -> bool:
    if len(set(secret)) < MIN_DISTINCT_BYTES:
        return True
    steps = {(after - before) % 256 for before, after in itertools.pairwise(secret)}
    half = len(secret) // 2
    repeats = any(secret[size:] == secret[:-size] for size in range(1, half + 1))
    return len(steps) == 1 or repeats or _is_padded(secret)


def _is_padded(secret: bytes) -> bool:
    """Say whether less than half is left without the run of one byte at either end."""
    core = secret.rstrip(secret[-1:])
    core = core.lstrip(core[:1]) if core[:1] * 4 == core[:4] else core
    return len(core) <= len(secret) // 2


def _is_placeholder(secret: bytes, least: int) -> bool:
    try:
        text = secret.decode("ascii").casefold()
    except UnicodeDecodeError:
        return False
    joined = re.sub(r"[\s.-]+", "_", text)
    if not _TELLTALE.search(joined):
        return False
    rest = _FILLER.sub("", _WORD.sub("", text))
    return len(re.sub(r"[^a-z0-9]", "", rest)) < least


def _is_key_text(secret: bytes) -> bool:
    lowered = secret.lower()
    if any(marker in lowered for marker in _KEY_MARKERS):
        return True
    try:
        # Knows PEM, SSH, DER and JWK; each was once taken for a secret somewhere.
        HMACAlgorithm(HMACAlgorithm.SHA256).prepare_key(secret or b" ")
    except PyJWTError:
        return True
    return _is_json(secret) or any(_is_der(load, secret) for load in _DER_LOADERS)


def _is_json(secret: bytes) -> bool:
    try:
        return isinstance(json.loads(secret), dict)
    except (ValueError, RecursionError):
        return False


def _is_der(load: Callable[[bytes], object], secret: bytes) -> bool:
    try:
        load(secret)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def _unwrap(secret: bytes) -> bytes:
    """Return what the secret is base64 of; a PEM body without its lines is such text."""
    text = b"".join(secret.translate(bytes.maketrans(b"-_", b"+/")).split()).rstrip(b"=")
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return b""
