"""A stand-in: somebody with a real session and real tokens who never logged in."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi_jwtkit.errors import UnavailableError
from fastapi_jwtkit.kit import JWTKit
from fastapi_jwtkit.principal import Principal
from fastapi_jwtkit.records import NewSession, Session
from fastapi_jwtkit.sessions.refresh_tokens import RefreshTokens
from fastapi_jwtkit.testing.targets import assembly_of
from fastapi_jwtkit.tokens.access_types import typ_of
from fastapi_jwtkit.tokens.issuer import AccessGrant, TokenIssuer

__all__ = ["StandIn", "close_stand_in", "open_stand_in"]

SESSION_ID_BYTES = 16
NO_SECRET = "0" * 16
"""Key id in the row of a kit without users: it has no refresh secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """Who stands in, with what a login would have brought.

    Attributes:
        principal: what guards will make of the token, but for its claims.
        session: the row in the session store.
        access_token: signed by the active key. Not shown by ``repr``.
        refresh_token: empty where the kit has no users, so no refresh.
        csrf_token: of the session, for cookies; empty likewise.
    """

    principal: Principal
    session: Session
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    csrf_token: str = field(repr=False)


async def open_stand_in(
    kit: JWTKit,
    wanted: Principal,
    *,
    transport: str = "bearer",
    claims: Mapping[str, Any] | None = None,
) -> StandIn:
    """Open a session and sign tokens, as a login does, but for the user store.

    Args:
        kit: whose keys sign and whose store holds the row.
        wanted: who, with what rights; the session is opened here.
        transport: the transport that is to answer the session.
        claims: claims of the application's own.

    Raises:
        ConfigurationError: a claim or a name that no token can carry; there are no keys.
        UnavailableError: keys or the session store cannot be reached.
    """
    typ = typ_of(transport)
    assembly = assembly_of(kit)
    await kit.rings.ensure_loaded()
    await kit.rings.freshen()
    row = _new_session(kit, wanted, transport=transport)
    grant = _grant_of(row, wanted, typ=typ, claims=claims or {})
    issuer = TokenIssuer(
        kit.rings.ring,
        issuer=kit.settings.issuer,
        audience=kit.settings.audience,
        access_ttl=kit.settings.access_ttl,
        clock=assembly.clock,
        realm=kit.realm,
    )
    token = issuer.issue_access(grant)  # first: what cannot be signed leaves no row behind
    session = await assembly.sessions.open(row)
    refresh_token = csrf_token = ""
    if kit.users is not None:
        refresh_token = await RefreshTokens(kit.rings, realm=kit.realm).current(session)
        csrf_token = kit.for_cookies.csrf_tokens.token_of(session.sid)
    return StandIn(
        principal=_principal_of(grant),
        session=session,
        access_token=token.text,
        refresh_token=refresh_token,
        csrf_token=csrf_token,
    )


async def close_stand_in(kit: JWTKit, stand_in: StandIn) -> None:
    """End the session, and with it both tokens.

    A store that a test broke is left alone: its rows are of no use to anybody.
    """
    session = stand_in.session
    try:
        await assembly_of(kit).sessions.close(
            session.sid, reason="stand_in_left", subject=session.subject
        )
    except UnavailableError:
        return


def _new_session(kit: JWTKit, wanted: Principal, *, transport: str) -> NewSession:
    settings = kit.settings
    now = int(kit.now())
    return NewSession(
        realm=kit.realm,
        sid=secrets.token_urlsafe(SESSION_ID_BYTES),
        line=secrets.token_bytes(SESSION_ID_BYTES),
        subject=wanted.subject,
        client_id=wanted.client_id or settings.client_id,
        scope=wanted.scopes,
        audience=settings.audience,
        transport=transport,
        auth_time=now if wanted.auth_time is None else wanted.auth_time,
        amr=wanted.amr,
        mac_key_id=NO_SECRET if kit.users is None else kit.rings.secrets.active_id,
        idle_ttl=settings.idle_ttl,
        absolute_ttl=settings.absolute_ttl,
    )


def _grant_of(
    row: NewSession, wanted: Principal, *, typ: str, claims: Mapping[str, Any]
) -> AccessGrant:
    return AccessGrant(
        subject=row.subject,
        client_id=row.client_id,
        session_id=row.sid,
        epoch=0,
        auth_time=row.auth_time,
        amr=row.amr,
        scopes=wanted.scopes,
        roles=wanted.roles,
        permissions=wanted.permissions,
        audience=row.audience,
        extra=claims,
        typ=typ,
    )


def _principal_of(grant: AccessGrant) -> Principal:
    return Principal(
        subject=grant.subject,
        scopes=grant.scopes,
        roles=grant.roles,
        permissions=grant.permissions,
        session_id=grant.session_id,
        client_id=grant.client_id,
        auth_time=grant.auth_time,
        amr=grant.amr,
    )
