"""Verified claims, frozen all the way down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, cast

__all__ = ["RESERVED_CLAIMS", "Claims", "freeze"]

RESERVED_CLAIMS = frozenset(
    # RFC 7519 4.1, RFC 9068 2.2, RFC 7800 3.1, OIDC Core 2, and the kit's own.
    (
        *("iss", "sub", "aud", "exp", "nbf", "iat", "jti"),
        *("client_id", "scope", "auth_time", "acr", "amr", "cnf", "act", "azp", "nonce"),
        *("typ", "roles", "permissions", "sid", "sv", "realm"),
    )
)
"""Claims that only the issuer writes; ``claims_for`` may not name them."""


def freeze(value: Any) -> Any:
    """Return ``value`` with every object read-only and every array a tuple."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return MappingProxyType({name: freeze(item) for name, item in members.items()})
    if isinstance(value, list | tuple):
        return tuple(freeze(item) for item in cast("list[Any]", value))
    return value


class Claims(Mapping[str, Any]):
    """The claims of a token that a verifier accepted: a read-only mapping.

    Only a ``TokenVerifier`` makes one, so that whoever holds one may trust it as far as
    time and revocation go, which are asked again on each request. Types are checked
    before it is made: the properties cannot fail on a verified token.

    Args:
        payload: the decoded claim set.
        kid: id of the key that verified it (not what the token says of itself).
    """

    __slots__ = (
        "_values",
        "audience",
        "epoch",
        "expires_at",
        "issued_at",
        "kid",
        "not_before",
        "permissions",
        "principal",
        "roles",
        "scopes",
        "session_id",
        "subject",
        "token_id",
    )

    _values: Mapping[str, Any]
    subject: str
    """``sub``: who the token speaks for."""
    token_id: str
    """``jti``: names this one token."""
    session_id: str | None
    """``sid``: the session it hangs on; ``None`` where an outside issuer has none."""
    epoch: int
    """``sv``: version of the claims in their session; 0 where there is none."""
    audience: tuple[str, ...]
    """``aud``, always as a tuple."""
    expires_at: float
    """``exp``, seconds since the epoch."""
    issued_at: float
    """``iat``, seconds since the epoch."""
    not_before: float | None
    """``nbf``, seconds since the epoch."""
    scopes: frozenset[str]
    """``scope``, split on U+0020 (RFC 6749 3.3)."""
    roles: frozenset[str]
    permissions: frozenset[str]
    kid: str
    """Id of the key that verified the token."""
    principal: Any
    """What ``Principal.of`` made of these claims, ``None`` until it did."""

    def __init__(self, payload: Mapping[str, Any], *, kid: str) -> None:
        values: Mapping[str, Any] = freeze(dict(payload))
        audience = values.get("aud", ())
        fill = object.__setattr__
        fill(self, "_values", values)
        fill(self, "kid", kid)
        fill(self, "principal", None)
        fill(self, "subject", values["sub"])
        fill(self, "token_id", values.get("jti", ""))
        fill(self, "session_id", values.get("sid"))
        fill(self, "epoch", values.get("sv", 0))
        fill(self, "audience", (audience,) if isinstance(audience, str) else audience)
        # Exact, since a verified time is below 2**53; and a float is compared with the
        # clock's on each request in a third of the time of an int.
        fill(self, "expires_at", float(values["exp"]))
        fill(self, "issued_at", float(values.get("iat", 0)))
        fill(self, "not_before", values.get("nbf"))
        scope = values.get("scope", "")
        fill(self, "scopes", frozenset(part for part in scope.split(" ") if part))
        fill(self, "roles", frozenset(values.get("roles", ())))
        fill(self, "permissions", frozenset(values.get("permissions", ())))

    def keep_principal(self, principal: object) -> None:
        """Remember what ``Principal.of`` made of these claims."""
        object.__setattr__(self, "principal", principal)

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __setattr__(self, name: str, value: object) -> None:
        message = f"Claims are read-only: cannot set {name!r}"
        raise AttributeError(message)

    def __delattr__(self, name: str) -> None:
        message = f"Claims are read-only: cannot delete {name!r}"
        raise AttributeError(message)

    def __hash__(self) -> int:
        return hash((self.kid, self.token_id, self.subject, self.expires_at))

    def __repr__(self) -> str:
        # Names only: values may be personal data.
        return f"Claims({', '.join(sorted(self._values))})"
