"""Who is calling."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi_jwtkit.claims import Claims

__all__ = ["Principal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who is calling, as their verified token says: plain data, never a database row.

    Attributes:
        subject: id of the user (``sub``).
        scopes: what this token may do.
        roles: roles of the user when the token was issued.
        permissions: permissions of the user when the token was issued.
        session_id: the session behind the token; ``None`` for an outside issuer.
        client_id: the client the token was issued to (RFC 9068 2.2).
        auth_time: when the person authenticated, seconds since the epoch. A refresh
            does not change it (RFC 9068 2.2.1).
        amr: how they authenticated (RFC 8176).
        claims: everything else the token says.
    """

    subject: str
    scopes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()
    session_id: str | None = None
    client_id: str | None = None
    auth_time: int | None = None
    amr: tuple[str, ...] = ()
    claims: Claims | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, claims: Claims) -> Principal:
        """Return the principal that these claims describe, made once per claims."""
        # A warm token is the same claims again and again, and both are frozen.
        known = claims.principal
        if isinstance(known, Principal):
            return known
        principal = Principal(
            subject=claims.subject,
            scopes=claims.scopes,
            roles=claims.roles,
            permissions=claims.permissions,
            session_id=claims.session_id,
            client_id=claims.get("client_id"),
            auth_time=claims.get("auth_time"),
            amr=claims.get("amr", ()),
            claims=claims,
        )
        claims.keep_principal(principal)
        return principal
