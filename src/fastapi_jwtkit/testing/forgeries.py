"""How each hostile token is made: from a good one, in one point different."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from fastapi_jwtkit.keys.signing_key import SigningKey
from fastapi_jwtkit.testing.public_pem import public_pem
from fastapi_jwtkit.tokens.access_types import ACCESS_TYP, COOKIE_ACCESS_TYP
from fastapi_jwtkit.tokens.codec import encode_segment
from fastapi_jwtkit.tokens.strict_json import write_object

__all__ = ["BUILDERS", "ForgeryName", "Good"]

HOUR = 3600
DAY = 24 * HOUR

ForgeryName = Literal[
    "expired",
    "not_yet_valid",
    "issued_in_future",
    "life_too_long",
    "without_exp",
    "without_sub",
    "without_sid",
    "wrong_issuer",
    "wrong_audience",
    "other_realm",
    "wrong_typ",
    "other_transport",
    "bound_to_a_key",
    "critical_header",
    "unknown_kid",
    "foreign_signature",
    "bad_signature",
    "stripped_signature",
    "changed_claims",
    "alg_none",
    "alg_confusion",
    "refresh_as_access",
    "ended_session",
]
"""What ``forge`` can make."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Good:
    """A good token, which a forgery leaves in one point.

    Attributes:
        key: the key that signs.
        typ: its type, by its transport.
        claims: what it says.
        now: what time it is, in whole seconds since the epoch.
        access_ttl: how long a token of the kit may live.
        token: itself. Not shown by ``repr``.
        refresh_token: what was issued beside it; empty for a kit without users.
    """

    key: SigningKey
    typ: str
    claims: Mapping[str, Any]
    now: int
    access_ttl: int
    token: str = field(repr=False)
    refresh_token: str = field(repr=False)

    def header(self, **changes: object) -> dict[str, object]:
        """Return its header, changed."""
        return {"alg": self.key.alg, "kid": self.key.kid, "typ": self.typ, **changes}

    def saying(self, **changes: object) -> str:
        """Return a token with other claims, really signed; ``...`` leaves one out."""
        return _join(self.header(), _changed(self.claims, changes), self.key.sign)

    def headed(self, **changes: object) -> str:
        """Return a token with another header, really signed."""
        return _join(self.header(**changes), self.claims, self.key.sign)


def _changed(claims: Mapping[str, Any], changes: Mapping[str, object]) -> dict[str, Any]:
    return {name: value for name, value in {**claims, **changes}.items() if value is not ...}


def _join(
    header: Mapping[str, object], claims: Mapping[str, Any], sign: Callable[[bytes], bytes]
) -> str:
    text = f"{encode_segment(write_object(header))}.{encode_segment(write_object(claims))}"
    return f"{text}.{encode_segment(sign(text.encode('ascii')))}"


def _stranger(key: SigningKey) -> SigningKey:
    return SigningKey.generate(key.alg)


def _expired(good: Good) -> str:
    # Long enough ago for any leeway that there is.
    ended = good.now - HOUR
    return good.saying(iat=ended - good.access_ttl, exp=ended)


def _issued_in_future(good: Good) -> str:
    return good.saying(iat=good.now + HOUR, exp=good.now + HOUR + good.access_ttl)


def _life_too_long(good: Good) -> str:
    return good.saying(iat=good.now, exp=good.now + good.access_ttl + DAY)


def _wrong_audience(good: Good) -> str:
    return good.saying(aud="https://another-service.invalid")


def _wrong_issuer(good: Good) -> str:
    return good.saying(iss="https://another-issuer.invalid")


def _other_transport(good: Good) -> str:
    return good.headed(typ=COOKIE_ACCESS_TYP if good.typ == ACCESS_TYP else ACCESS_TYP)


def _unknown_kid(good: Good) -> str:
    stranger = _stranger(good.key)
    return _join(good.header(kid=stranger.kid), good.claims, stranger.sign)


def _foreign_signature(good: Good) -> str:
    return _join(good.header(), good.claims, _stranger(good.key).sign)


def _bad_signature(good: Good) -> str:
    # A bit of the middle: one of the last character may be padding, and change nothing.
    def sign(data: bytes) -> bytes:
        signature = bytearray(good.key.sign(data))
        signature[len(signature) // 2] ^= 1
        return bytes(signature)

    return _join(good.header(), good.claims, sign)


def _stripped_signature(good: Good) -> str:
    return good.token.rpartition(".")[0] + "."


def _changed_claims(good: Good) -> str:
    head, _, signature = good.token.split(".")
    claims = {**good.claims, "sub": "somebody-else", "scope": "everything"}
    return f"{head}.{encode_segment(write_object(claims))}.{signature}"


def _alg_none(good: Good) -> str:
    return _join(good.header(alg="none"), good.claims, lambda _: b"")


def _alg_confusion(good: Good) -> str:
    """Sign with what is public, by the algorithm that would take it for a secret (CVE-2015-9235).

    Where the key is a secret, nothing of it is public: then it is the other way round.
    """
    if good.key.is_shared_secret:
        return _join(good.header(alg="ES256"), good.claims, SigningKey.generate("ES256").sign)
    secret = public_pem(good.key.public_jwk())
    return _join(
        good.header(alg="HS256"),
        good.claims,
        lambda data: hmac.digest(secret, data, hashlib.sha256),
    )


def _refresh_as_access(good: Good) -> str:
    made_up = f"jkr_{encode_segment(bytes(48))}.{encode_segment(bytes(32))}"
    return good.refresh_token or made_up


BUILDERS: Mapping[ForgeryName, Callable[[Good], str]] = MappingProxyType(
    {
        "expired": _expired,
        "not_yet_valid": lambda good: good.saying(nbf=good.now + HOUR),
        "issued_in_future": _issued_in_future,
        "life_too_long": _life_too_long,
        "without_exp": lambda good: good.saying(exp=...),
        "without_sub": lambda good: good.saying(sub=...),
        "without_sid": lambda good: good.saying(sid=...),
        "wrong_issuer": _wrong_issuer,
        "wrong_audience": _wrong_audience,
        "other_realm": lambda good: good.saying(realm="another-realm"),
        "wrong_typ": lambda good: good.headed(typ="JWT"),
        "other_transport": _other_transport,
        "bound_to_a_key": lambda good: good.saying(cnf={"jkt": encode_segment(bytes(32))}),
        "critical_header": lambda good: good.headed(crit=["exp"]),
        "unknown_kid": _unknown_kid,
        "foreign_signature": _foreign_signature,
        "bad_signature": _bad_signature,
        "stripped_signature": _stripped_signature,
        "changed_claims": _changed_claims,
        "alg_none": _alg_none,
        "alg_confusion": _alg_confusion,
        "refresh_as_access": _refresh_as_access,
        # Good in every point; ``forge`` ends its session.
        "ended_session": lambda good: good.token,
    }
)
"""How each is made."""
