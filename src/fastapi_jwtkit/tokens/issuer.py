"""Access tokens, made: RFC 9068 2."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from fastapi_jwtkit.claims import RESERVED_CLAIMS
from fastapi_jwtkit.errors import ConfigurationError, ReservedClaimError
from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.keys.signing_key import SigningKey
from fastapi_jwtkit.protocols import Clock
from fastapi_jwtkit.scopes import check_scopes, format_scope
from fastapi_jwtkit.tokens.access_types import ACCESS_TYP, COOKIE_ACCESS_TYP, MAX_COOKIE_TOKEN
from fastapi_jwtkit.tokens.claim_types import find_malformed
from fastapi_jwtkit.tokens.codec import (
    MAX_TOKEN_CHARACTERS,
    encode_compact,
    encode_segment,
    header_segment,
)
from fastapi_jwtkit.tokens.strict_json import find_unfit, write_object
from fastapi_jwtkit.tokens.verifier import check_audience, check_issuer

__all__ = ["AccessGrant", "IssuedToken", "TokenIssuer"]

MAX_JITTER = 0.05
"""Share of a token's life that may be taken off, so that tokens issued together do not
all come back to be refreshed together."""
TOKEN_ID_BYTES = 16

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessGrant:
    """What an access token is to say.

    Attributes:
        subject: ``sub``, id of the user.
        client_id: ``client_id``, who asked for the token.
        session_id: ``sid``, the session it hangs on.
        epoch: ``sv``, version of the claims in that session.
        auth_time: when the person authenticated, seconds since the epoch; a refresh does
            not change it (RFC 9068 2.2.1).
        amr: how they authenticated (RFC 8176).
        scopes: ``scope``, written sorted and space-delimited; left out when empty.
        roles, permissions: arrays, written sorted; left out when empty.
        not_after: end of the session, seconds since the epoch; no token outlives it.
        audience: ``aud``; the issuer's own when empty.
        extra: claims of the application; none that the kit owns.
        typ: type of the token, which says by what transport it is taken.
    """

    subject: str
    client_id: str
    session_id: str
    epoch: int
    auth_time: int
    amr: tuple[str, ...]
    scopes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()
    audience: tuple[str, ...] = ()
    not_after: float | None = None
    extra: Mapping[str, Any] = field(default_factory=lambda: _NOTHING, repr=False)
    typ: str = ACCESS_TYP


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """A new access token.

    Attributes:
        text: the compact JWT. Not shown by ``repr``.
        expires_in: whole seconds it has left.
        token_id: its ``jti``.
        scopes: what it may do.
    """

    text: str = field(repr=False)
    expires_in: int
    token_id: str
    scopes: frozenset[str]


class TokenIssuer:
    """Sign access tokens with the active key of a ring. Sync, no I/O, safe in threads.

    Args:
        ring: the keys. Followed live: after a rotation the new key signs.
        issuer: ``iss``.
        audience: ``aud`` of a grant that names none: a string when it is one, an array
            when there are several (RFC 7519 4.1.3).
        access_ttl: seconds a token lives at most; up to 5 % is taken off at random.
        clock: what time it is.
        realm: written as ``realm`` where it is not the issuer itself, so that no token
            passes in another realm of the same issuer.

    Raises:
        ConfigurationError: no issuer or no audience.
    """

    def __init__(
        self,
        ring: KeyRing,
        *,
        issuer: str,
        audience: tuple[str, ...] | str,
        access_ttl: float,
        clock: Clock,
        realm: str | None = None,
    ) -> None:
        self._ring = ring
        self._issuer = check_issuer(issuer)
        self._audience = check_audience(audience)
        self._realm = {} if realm in {None, issuer} else {"realm": realm}
        self._access_ttl = access_ttl
        self._clock = clock
        self._random = secrets.SystemRandom()
        # Of each type: the last key that signed and the header of its tokens, as a pair.
        self._headers: dict[str, tuple[SigningKey, str]] = {}

    def issue_access(self, grant: AccessGrant, *, issued_at: float | None = None) -> IssuedToken:
        """Make one access token.

        Args:
            grant: what it is to say.
            issued_at: ``iat``, seconds since the epoch, if the grant was read at an
                earlier moment; default: now.

        Raises:
            ReservedClaimError: ``extra`` names a claim that the kit owns.
            ConfigurationError: a value no token can carry, or too many of them.
            MissingKeyError: no key is active.
        """
        _refuse_reserved(grant.extra)
        now = self._clock.now()
        iat = int(now if issued_at is None else issued_at)
        jitter = self._random.uniform(0.0, MAX_JITTER) * self._access_ttl
        exp = iat + max(1, int(self._access_ttl - jitter))
        exp = exp if grant.not_after is None else min(exp, int(grant.not_after))
        token_id = encode_segment(secrets.token_bytes(TOKEN_ID_BYTES))
        times = {"exp": exp, "iat": iat, "jti": token_id}
        claims = {**self._claims_of(grant), **times, **grant.extra}
        _refuse_unfit(claims)
        key = self._ring.active
        text = encode_compact(self._header_of(key, grant.typ), claims, key)
        limit = MAX_COOKIE_TOKEN if grant.typ == COOKIE_ACCESS_TYP else MAX_TOKEN_CHARACTERS
        if len(text) > limit:
            raise _too_large(len(text), limit, claims)
        return IssuedToken(
            text=text,
            expires_in=max(0, int(exp - now)),
            token_id=token_id,
            scopes=grant.scopes,
        )

    def _claims_of(self, grant: AccessGrant) -> dict[str, Any]:
        audience = grant.audience or self._audience
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "sub": _check_subject(grant.subject),
            "aud": audience[0] if len(audience) == 1 else list(audience),
            "client_id": grant.client_id,
            "sid": grant.session_id,
            "sv": grant.epoch,
            "auth_time": grant.auth_time,
            "amr": list(grant.amr),
            **self._realm,
        }
        if grant.scopes:
            claims["scope"] = format_scope(check_scopes(grant.scopes))
        if grant.roles:
            claims["roles"] = _sorted("roles", grant.roles)
        if grant.permissions:
            claims["permissions"] = _sorted("permissions", grant.permissions)
        return claims

    def _header_of(self, key: SigningKey, typ: str) -> str:
        known = self._headers.get(typ)
        if known is None or known[0] is not key:
            known = self._headers[typ] = (key, header_segment(key, typ=typ))
        return known[1]


def _check_subject(subject: object) -> object:
    if isinstance(subject, str) and subject:
        return subject
    raise ConfigurationError(
        f"The id of a user is {subject!r}, of type {type(subject).__name__}.",
        why="It becomes `sub`, which is a non-empty string (RFC 7519 4.1.2): as a number it "
        "would be refused by every strict verifier, this one included.",
        fix="Let your user's `id` return a string: `return str(self.pk)`.",
        docs="reference/users/",
    )


def _sorted(name: str, values: Any) -> list[str]:
    # A string is a collection of strings as well, and never what was meant.
    if isinstance(values, str) or not all(isinstance(value, str) and value for value in values):
        raise ConfigurationError(
            f"The {name} of a user are not all non-empty strings.",
            why="Guards compare them exactly, as strings.",
            fix=f"Return a set of strings as `{name}`, for an Enum its values.",
        )
    return sorted(values)


def _refuse_reserved(extra: Mapping[str, Any]) -> None:
    for name in extra:
        if name in RESERVED_CLAIMS:
            raise ReservedClaimError(
                f"The claim {name!r} was given as an extra claim.",
                why="The kit sets it; a second voice could lengthen a life, change a user or "
                "widen a scope.",
                fix=f"Give it a name of your own, such as 'app_{name}'.",
                docs="how-to/custom-claims/",
            )


def _refuse_unfit(claims: dict[str, Any]) -> None:
    """Refuse what our own verifier would refuse to read back."""
    if unfit := find_unfit(claims, ""):
        raise ConfigurationError(
            f"A claim cannot be written: {unfit.strip()}.",
            why="A token is strict JSON, and has to read the same everywhere.",
            fix="Turn it into a string or a number before it becomes a claim: "
            "`when.isoformat()`, `str(identifier)`.",
            docs="how-to/custom-claims/",
        )
    if malformed := find_malformed(claims):
        raise ConfigurationError(
            f"The claim {malformed!r} has a value that no verifier would take.",
            why="Its type or its range is wrong, or it is empty or too long.",
            fix="See what AccessGrant asks of each attribute.",
            docs="reference/tokens/",
        )


def _too_large(characters: int, limit: int, claims: Mapping[str, Any]) -> ConfigurationError:
    sizes = {name: len(write_object({name: value})) for name, value in claims.items()}
    largest = sorted(sizes, key=lambda name: -sizes[name])[:3]
    listed = ", ".join(f"{name} {sizes[name]}" for name in largest)
    return ConfigurationError(
        f"An access token would be {characters} characters long; {limit} are "
        f"allowed. The largest claims, in bytes: {listed}.",
        why="It travels with every request: servers refuse long headers, and browsers drop "
        "a cookie above 4096 bytes without a word.",
        fix="Keep what is long in your database and look it up by `sub`.",
        docs="how-to/custom-claims/",
    )
