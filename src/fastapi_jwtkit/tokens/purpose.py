"""Purpose tokens: a mailed link that may do one thing, once.

A JWS with a ``typ`` of its own for each purpose (RFC 8725 3.11, 3.12), so that none passes
as another, and none as an access token. What it is bound to stands in it as a keyed digest:
once the password or the address is another, it is worth nothing any more.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from fastapi_jwtkit.errors import InvalidTokenError
from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.keys.secret_ring import SecretRing
from fastapi_jwtkit.protocols import Clock
from fastapi_jwtkit.tokens.claim_types import find_malformed
from fastapi_jwtkit.tokens.codec import (
    CompactDecoder,
    decode_segment,
    encode_compact,
    encode_segment,
    header_segment,
)
from fastapi_jwtkit.tokens.verifier import CLOCK_LEEWAY

__all__ = ["Purpose", "PurposeGrant", "PurposeTokens"]

FORMAT_VERSION = 1
TOKEN_ID_BYTES = 16  # ASVS 11.5.1: at least 128 bits from a CSPRNG

_REQUIRED = ("iss", "realm", "v", "sub", "jti", "iat", "exp", "bind")
_BINDING = re.compile(r"(?P<key_id>[0-9a-f]{16})\.(?P<mac>[A-Za-z0-9_-]{43})", re.ASCII)


class Purpose(StrEnum):
    """What a token is for; the value is its ``typ``."""

    RESET_PASSWORD = "password-reset+jwt"  # noqa: S105 - a media type
    VERIFY_EMAIL = "email-verification+jwt"
    CHANGE_EMAIL = "email-change+jwt"


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeGrant:
    """What an authentic purpose token says. What it is bound to was not compared yet.

    Attributes:
        purpose: what for.
        subject: id of the user.
        token_id: its ``jti``, to be consumed.
        expires_at: seconds since the epoch.
        email: the address that it is about; ``None`` where it is about none.
        binding: the keyed digest, for ``ensure_bound``.
    """

    purpose: Purpose
    subject: str
    token_id: str
    expires_at: float
    email: str | None = field(repr=False)
    binding: str = field(repr=False)


class PurposeTokens:
    """Make and read purpose tokens of one realm. Sync, no I/O.

    Args:
        ring: signs them, with the key of access tokens.
        secrets_ring: makes the digests, with a key derived for each purpose and realm.
        issuer: ``iss``.
        realm: always written, and compared.
        clock: what time it is.
    """

    def __init__(
        self,
        ring: KeyRing,
        secrets_ring: SecretRing,
        *,
        issuer: str,
        realm: str,
        clock: Clock,
    ) -> None:
        self._ring = ring
        self._secrets = secrets_ring
        self._issuer = issuer
        self._realm = realm
        self._clock = clock
        self._decoders = {each: CompactDecoder(ring, typ=each.value) for each in Purpose}

    def issue(
        self,
        purpose: Purpose,
        *,
        subject: str,
        life: float,
        bound_to: tuple[str, ...],
        email: str | None = None,
    ) -> str:
        """Sign a token.

        Args:
            purpose: what for.
            subject: id of the user.
            life: seconds.
            bound_to: what has to be the same when it is used.
            email: the address that it is about.

        Raises:
            MissingKeyError: no key is active.
        """
        now = int(self._clock.now())
        key_id = self._secrets.active_id
        mac = self._mac(purpose, subject, bound_to, key_id)
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "realm": self._realm,
            "v": FORMAT_VERSION,
            "sub": subject,
            "jti": encode_segment(secrets.token_bytes(TOKEN_ID_BYTES)),
            "iat": now,
            "exp": now + int(life),
            "bind": f"{key_id}.{encode_segment(mac)}",
        }
        if email is not None:
            claims["email"] = email
        key = self._ring.active
        return encode_compact(header_segment(key, typ=purpose.value), claims, key)

    def read(self, purpose: Purpose, raw: str, *, max_life: float) -> PurposeGrant:
        """Return what a token says that is authentic, of this purpose, and in time.

        Args:
            purpose: the only one that is taken.
            raw: the token as it came.
            max_life: seconds; a longer life is refused, whoever signed it.

        Raises:
            InvalidTokenError: for every failure; ``reason`` names the first.
        """
        claims, _ = self._decoders[purpose].decode(raw)
        self._check(claims, max_life)
        email, binding = claims.get("email"), claims["bind"]
        if not isinstance(binding, str) or not (email is None or isinstance(email, str)):
            raise InvalidTokenError("malformed_binding")
        return PurposeGrant(
            purpose=purpose,
            subject=claims["sub"],
            token_id=claims["jti"],
            expires_at=claims["exp"],
            email=email,
            binding=binding,
        )

    def ensure_bound(self, grant: PurposeGrant, *, bound_to: tuple[str, ...]) -> None:
        """Return if what the token was bound to is the same today; constant time.

        Raises:
            InvalidTokenError: it is not, or the secret behind the digest is gone.
        """
        match = _BINDING.fullmatch(grant.binding)
        if match is None:
            raise InvalidTokenError("malformed_binding")
        self._secrets.check(
            _use_of(grant.purpose),
            self._realm,
            _written(grant.subject, bound_to),
            decode_segment(match["mac"]),
            key_id=match["key_id"],
        )

    def _check(self, claims: dict[str, Any], max_life: float) -> None:
        for name in _REQUIRED:
            if name not in claims:
                raise InvalidTokenError(f"missing_{name}")
        malformed = find_malformed(claims)
        if malformed is not None:
            raise InvalidTokenError(f"malformed_{malformed}")
        if claims["iss"] != self._issuer:
            raise InvalidTokenError("wrong_issuer")
        if claims["realm"] != self._realm:
            raise InvalidTokenError("wrong_realm")
        if type(claims["v"]) is not int or claims["v"] != FORMAT_VERSION:
            raise InvalidTokenError("version_unknown")
        self._check_time(claims, max_life)

    def _check_time(self, claims: dict[str, Any], max_life: float) -> None:
        now = self._clock.now()
        if claims["exp"] <= now:
            raise InvalidTokenError("expired")
        if claims["iat"] > now + CLOCK_LEEWAY:
            raise InvalidTokenError("issued_in_future")
        if claims["exp"] - claims["iat"] > max_life:
            raise InvalidTokenError("life_too_long")

    def _mac(self, purpose: Purpose, subject: str, bound_to: tuple[str, ...], key_id: str) -> bytes:
        data = _written(subject, bound_to)
        return self._secrets.mac(_use_of(purpose), self._realm, data, key_id=key_id)


def _use_of(purpose: Purpose) -> str:
    return f"purpose/{purpose.value}/v{FORMAT_VERSION}"


def _written(subject: str, bound_to: tuple[str, ...]) -> bytes:
    # Sizes in front: no two lists of texts are written alike.
    parts = [text.encode("utf-8", "surrogatepass") for text in (subject, *bound_to)]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
