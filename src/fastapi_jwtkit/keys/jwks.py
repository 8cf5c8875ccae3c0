"""The published key set: its bytes, a strong ETag and how long it may be cached."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Self

from fastapi_jwtkit.keys.key_ring import KeyRing

__all__ = ["JWKS_MAX_AGE_SECONDS", "JWKS_MEDIA_TYPE", "JWKSDocument"]

JWKS_MAX_AGE_SECONDS = 300
"""How long others may keep the set. A key is ``next`` for at least this long before it
signs, so nobody meets a key they cannot know yet."""

JWKS_MEDIA_TYPE = "application/jwk-set+json"
"""RFC 7517 8.5.1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JWKSDocument:
    """A JWK Set as it goes over the wire (RFC 7517 5).

    Attributes:
        body: the JSON text; the same keys always give the same bytes.
        etag: strong entity tag of ``body``, quoted (RFC 9110 8.8.3).
        cache_control: value of the header of that name.
        generation: of the ring it was made from; make a new one when that differs.
    """

    body: bytes
    etag: str
    cache_control: str
    generation: int

    @classmethod
    def of(cls, ring: KeyRing, *, max_age: int = JWKS_MAX_AGE_SECONDS) -> Self:
        """Write down the public keys of a ring.

        Args:
            ring: its next, active and retired keys are published, shared secrets never.
            max_age: seconds that others may keep it.
        """
        generation = ring.generation  # before the keys: at worst it is made once more
        body = json.dumps(ring.jwks(), sort_keys=True, separators=(",", ":")).encode("ascii")
        return cls(
            body=body,
            etag=f'"{hashlib.sha256(body).hexdigest()[:32]}"',
            cache_control=f"public, max-age={max_age}",
            generation=generation,
        )

    def is_fresh_for(self, if_none_match: str | None) -> bool:
        """Say whether an ``If-None-Match`` names this document (RFC 9110 13.1.2)."""
        if if_none_match is None:
            return False
        tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
        return "*" in tags or self.etag in tags
