"""Access tokens, checked: RFC 9068 4, RFC 8725 3."""

from __future__ import annotations

import math
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

from fastapi_jwtkit.claims import Claims
from fastapi_jwtkit.errors import ConfigurationError, InvalidTokenError
from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.protocols import Clock
from fastapi_jwtkit.tokens.access_types import ACCESS_TYP
from fastapi_jwtkit.tokens.cache import (
    MAX_CACHED_CHARACTERS,
    CacheKey,
    VerifiedClaimsCache,
)
from fastapi_jwtkit.tokens.claim_types import find_malformed
from fastapi_jwtkit.tokens.codec import CompactDecoder, check_text

__all__ = [
    "CLOCK_LEEWAY",
    "MAX_LEEWAY",
    "OWN_CLAIMS",
    "RFC9068_CLAIMS",
    "TokenVerifier",
    "check_audience",
    "check_issuer",
]

RFC9068_CLAIMS = ("iss", "exp", "aud", "sub", "client_id", "iat", "jti")
"""RFC 9068 2.2: what every access token has."""
OWN_CLAIMS = (*RFC9068_CLAIMS, "sid", "sv")
"""What every token of our own issuer has: the session it hangs on and its claims version."""
MAX_LEEWAY = 60.0
CLOCK_LEEWAY = 30.0
"""How far ``iat`` and ``nbf`` may lie ahead: two machines never agree on the time."""

_NEEDED_CLAIMS = ("iss", "aud", "exp", "sub")


class TokenVerifier:
    """Turn an access token into ``Claims``, or raise. Sync, no I/O, safe in threads.

    Revocation is not asked here: the token's own word is what this checks.

    Args:
        ring: the keys of this issuer and of no other. Followed live.
        issuer: ``iss``, compared exactly (RFC 8725 3.8).
        audience: the token must name at least one of these (RFC 8725 3.9).
        clock: what time it is.
        max_life: seconds; a token with a longer life is refused, whoever signed it: a
            thief with a key picks his own ``exp``. ``None`` for an outside issuer, whose
            choice it is.
        leeway: seconds for which an expired token still passes. 0 for our own tokens;
            for an outside issuer up to 60, since his clock is not ours.
        required: claims without which a token is refused, besides iss, aud, exp and sub.
        cache: remembers good signatures; of this verifier only.
        realm: of our own tokens: the ``realm`` claim must name it, or be absent where it
            is the issuer itself. ``None`` for an outside issuer.
        typ: the one type that is taken (RFC 8725 3.11).

    Raises:
        ConfigurationError: an argument that would check nothing.
    """

    def __init__(  # noqa: PLR0913 - each is one thing to check, by keyword
        self,
        ring: KeyRing,
        *,
        issuer: str,
        audience: tuple[str, ...] | str,
        clock: Clock,
        max_life: float | None = None,
        leeway: float = 0.0,
        required: Iterable[str] = OWN_CLAIMS,
        cache: VerifiedClaimsCache | None = None,
        realm: str | None = None,
        typ: str = ACCESS_TYP,
    ) -> None:
        self._ring = ring
        self._issuer = check_issuer(issuer)
        self._has_realm = realm is not None
        self._realm = None if realm == issuer else realm
        self._audience = frozenset(check_audience(audience))
        self._clock = clock
        self._max_life = _check_max_life(max_life)
        self._leeway = _check_leeway(leeway)
        self._clock_leeway = max(self._leeway, CLOCK_LEEWAY)
        self._required = tuple(dict.fromkeys((*_NEEDED_CLAIMS, *required)))
        self._decoder = CompactDecoder(ring, typ=typ)
        self._cache = cache
        self._find = _find_nothing if cache is None else cache.find
        if cache is not None:
            cache.take_ownership()

    def verify(self, raw: str, *, audience: str | None = None) -> Claims:
        """Return the claims of a token that holds in every respect, now.

        Args:
            raw: the token as it came, without the scheme.
            audience: one more that the token must name, for a route that is narrower
                than the application.

        Raises:
            InvalidTokenError: for every failure; ``reason`` names the first, for events
                and logs and for nobody outside.
        """
        cache = self._cache
        # Read before the keys are: see VerifiedClaimsCache.keep.
        key = None if cache is None else cache.key_of(raw, generation=self._ring.generation)
        claims = None if cache is None or key is None else cache.find(key)
        if claims is None:
            claims = self._read_and_keep(check_text(raw), key)
        now = self._clock.now()
        # What a warm token passes on every request; who fails is told by ensure_timely.
        if claims.expires_at <= now or claims.issued_at > now or claims.not_before is not None:
            self.ensure_timely(claims)
        if audience is not None and audience not in claims.audience:
            raise InvalidTokenError("wrong_audience")
        return claims

    def recall(self, raw: bytes) -> Claims | None:
        """Return the claims of a token whose signature was good before.

        Nothing about time is asked here: the caller does, as ``verify`` does.
        """
        if len(raw) > MAX_CACHED_CHARACTERS:
            return None
        # The key of VerifiedClaimsCache.key_of, without a call.
        return self._find((self._ring.generation, blake2b(raw).digest()))

    def verify_even_if_expired(self, raw: str) -> Claims:
        """Return the claims of a token that is good but for its ``exp``.

        For logging out: a token that has run out still says which session it belonged
        to, and ending that session harms nobody. It grants nothing else.

        Raises:
            InvalidTokenError: every failure but that one.
        """
        claims = self._read(raw)
        self._ensure_begun(claims, self._clock.now())
        return claims

    def ensure_timely(self, claims: Claims) -> None:
        """Return if the claims hold at this moment. Also for a socket that stays open.

        Raises:
            InvalidTokenError: they have expired, or do not hold yet.
        """
        now = self._clock.now()
        # RFC 7519 4.1.4: on or after exp is too late.
        if claims.expires_at + self._leeway <= now:
            raise InvalidTokenError("expired")
        self._ensure_begun(claims, now)

    def _ensure_begun(self, claims: Claims, now: float) -> None:
        latest = now + self._clock_leeway
        if claims.issued_at > latest:
            raise InvalidTokenError("issued_in_future")
        if claims.not_before is not None and claims.not_before > latest:
            raise InvalidTokenError("not_yet_valid")

    def _read_and_keep(self, token: str, key: CacheKey | None) -> Claims:
        claims = self._read(token)
        if key is not None and self._cache is not None:
            # Before it is kept, so that what has expired never takes a place.
            self.ensure_timely(claims)
            self._cache.keep(key, claims, characters=len(token))
        return claims

    def _read(self, token: str) -> Claims:
        payload, key = self._decoder.decode(token)
        self._check(payload)
        return Claims(payload, kid=key.kid)

    def _check(self, payload: dict[str, Any]) -> None:
        for name in self._required:
            if name not in payload:
                raise InvalidTokenError(f"missing_{name}")
        malformed = find_malformed(payload)
        if malformed is not None:
            raise InvalidTokenError(f"malformed_{malformed}")
        if payload["iss"] != self._issuer:
            raise InvalidTokenError("wrong_issuer")
        if self._has_realm and payload.get("realm") != self._realm:
            raise InvalidTokenError("wrong_realm")
        named = payload["aud"]
        if self._audience.isdisjoint((named,) if isinstance(named, str) else named):
            raise InvalidTokenError("wrong_audience")
        # RFC 7800 3.1: bound to a key that a plain bearer does not prove to hold.
        if "cnf" in payload:
            raise InvalidTokenError("bound_token")
        if self._max_life is not None:
            self._check_life(payload, self._max_life)

    def _check_life(self, payload: dict[str, Any], max_life: float) -> None:
        if "iat" not in payload:
            raise InvalidTokenError("missing_iat")
        if payload["exp"] - payload["iat"] > max_life:
            raise InvalidTokenError("life_too_long")


def _find_nothing(_: CacheKey) -> None:
    """Stand in where nothing is remembered."""


def check_issuer(issuer: str) -> str:
    """Return an issuer that can be compared.

    Raises:
        ConfigurationError: it is empty.
    """
    if not issuer:
        raise ConfigurationError(
            "There is no issuer.",
            why="Without one, anybody's tokens would pass (RFC 8725 3.8).",
            fix='Settings(issuer="https://auth.example.com")',
            docs="reference/settings/",
        )
    return issuer


def check_audience(audience: tuple[str, ...] | str) -> tuple[str, ...]:
    """Return the audiences, once each.

    Raises:
        ConfigurationError: there is none, or an empty one.
    """
    named = tuple(dict.fromkeys((audience,) if isinstance(audience, str) else audience))
    if not named or "" in named:
        raise ConfigurationError(
            "There is no audience.",
            why="Without one, a token made for another service would pass (RFC 8725 3.9).",
            fix='Settings(audience=("https://api.example.com",))',
            docs="reference/settings/",
        )
    return named


def _check_max_life(max_life: float | None) -> float | None:
    if max_life is not None and not (math.isfinite(max_life) and max_life > 0):
        raise ConfigurationError(
            f"max_life is {max_life}; it is a number of seconds above 0.",
            why="A bound that nothing reaches checks nothing.",
            fix="Give the longest life that your tokens are issued with.",
        )
    return max_life


def _check_leeway(leeway: float) -> float:
    if not 0 <= leeway <= MAX_LEEWAY:
        raise ConfigurationError(
            f"A leeway of {leeway} seconds is refused; it is at most {MAX_LEEWAY:.0f}.",
            why="Each second lets an expired token live on; clocks that differ by more "
            "than a minute are broken.",
            fix="Leave it out for your own tokens, give 30 for an outside issuer.",
        )
    return leeway
