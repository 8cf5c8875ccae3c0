"""Access tokens for tests: honest ones by the issuer, any others by hand."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from clocks import FakeClock
from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.keys.signing_key import SigningKey
from fastapi_jwtkit.tokens.cache import VerifiedClaimsCache
from fastapi_jwtkit.tokens.issuer import AccessGrant, TokenIssuer
from fastapi_jwtkit.tokens.verifier import TokenVerifier

ISSUER = "https://auth.example.com"
AUDIENCE = "https://api.example.com"
NOW = 1_800_000_000
TTL = 600
GRANT = AccessGrant(
    subject="user-1",
    client_id="first-party",
    session_id="c2Vzc2lvbi1vZi11c2Vy",
    epoch=3,
    auth_time=NOW - 60,
    amr=("pwd",),
    scopes=frozenset({"tasks:read", "tasks:write"}),
    roles=frozenset({"member"}),
    permissions=frozenset({"tasks.archive"}),
)


def make_ring(alg: str = "HS256") -> KeyRing:
    """Return a ring with one new active key; HMAC because it is the quickest."""
    return KeyRing.generate(alg, now=NOW)


def make_issuer(ring: KeyRing, clock: FakeClock | None = None, **changes: Any) -> TokenIssuer:
    """Return an issuer as the kit would make it."""
    options = {"issuer": ISSUER, "audience": (AUDIENCE,), "access_ttl": TTL, **changes}
    return TokenIssuer(ring, clock=clock or FakeClock(NOW), **options)


def make_verifier(
    ring: KeyRing,
    clock: FakeClock | None = None,
    *,
    cache: VerifiedClaimsCache | None = None,
    **changes: Any,
) -> TokenVerifier:
    """Return a verifier as the kit would make it."""
    options = {"issuer": ISSUER, "audience": AUDIENCE, "max_life": TTL, **changes}
    return TokenVerifier(ring, clock=clock or FakeClock(NOW), cache=cache, **options)


def good_claims(**changes: object) -> dict[str, object]:
    """Return a claim set that passes; a claim changed to ``...`` is left out."""
    claims: dict[str, object] = {
        "iss": ISSUER,
        "sub": "user-1",
        "aud": AUDIENCE,
        "exp": NOW + 300,
        "iat": NOW,
        "jti": "token-1",
        "client_id": "first-party",
        "sid": "session-1",
        "sv": 0,
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not ...}


def segment(value: bytes | Mapping[str, object]) -> str:
    """Return a base64url segment of bytes, or of a mapping as plain JSON."""
    data = value if isinstance(value, bytes) else json.dumps(dict(value)).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forge(
    header: bytes | Mapping[str, object],
    payload: bytes | Mapping[str, object],
    sign: Callable[[bytes], bytes],
) -> str:
    """Return a compact token of any header and any payload, signed by any means."""
    signing_input = f"{segment(header)}.{segment(payload)}"
    return f"{signing_input}.{segment(sign(signing_input.encode()))}"


def signed(
    key: SigningKey, payload: bytes | Mapping[str, object] | None = None, **header: object
) -> str:
    """Return a token that this key really signed; keywords change its header."""
    parameters = {"alg": key.alg, "kid": key.kid, "typ": "at+jwt", **header}
    kept = {name: value for name, value in parameters.items() if value is not ...}
    return forge(kept, good_claims() if payload is None else payload, key.sign)
