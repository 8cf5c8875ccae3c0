"""Signs and authenticates refresh tokens of one realm with the ring of secrets."""

from __future__ import annotations

from dataclasses import replace

from fastapi_jwtkit.errors import InvalidGrantError, MissingKeyError
from fastapi_jwtkit.key_sources.live_rings import LiveRings
from fastapi_jwtkit.records import Session
from fastapi_jwtkit.sessions.refresh_token import (
    RefreshToken,
    authenticate_refresh_token,
    read_refresh_token,
    refresh_token_of,
)

__all__ = ["RefreshTokens"]


class RefreshTokens:
    """The refresh tokens of a realm.

    Args:
        rings: holds the secrets, and re-reads them when they changed.
        realm: bound into every token.
    """

    def __init__(self, rings: LiveRings, *, realm: str) -> None:
        self._rings = rings
        self._realm = realm

    async def authenticate(self, text: str) -> RefreshToken:
        """Return what an authentic refresh token says, whatever became of its session.

        Raises:
            InvalidGrantError: it is malformed, forged, or its secret is gone. The store
                is not asked and nothing is revoked.
            KeySourceUnavailableError: its secret is unknown and keys cannot be read.
        """
        token = read_refresh_token(text, realm=self._realm)
        await self._rings.ensure_loaded()
        await self._know(token.key_id)
        authenticate_refresh_token(token, self._rings.secrets, realm=self._realm)
        return token

    async def active_key_id(self) -> str:
        """Return the id of the secret that signs now, from a source looked at lately."""
        await self._rings.ensure_loaded()
        await self._rings.freshen()
        return self._rings.secrets.active_id

    async def current(self, session: Session) -> str:
        """Return the token that is current for the row.

        Raises:
            InvalidGrantError: its secret was revoked, and the token with it.
        """
        await self._know(session.mac_key_id)
        try:
            return refresh_token_of(session, self._rings.secrets)
        except MissingKeyError as error:
            raise InvalidGrantError("refresh_secret_unknown") from error

    async def successor(self, session: Session, *, counter: int, key_id: str) -> str:
        """Return the token that will be current once ``counter`` is reached."""
        return await self.current(replace(session, counter=counter, mac_key_id=key_id))

    async def _know(self, key_id: str) -> None:
        if not self._rings.knows_secret(key_id):
            # Another worker may have rotated the secrets already.
            await self._rings.reread()
        if not self._rings.knows_secret(key_id):
            raise InvalidGrantError("refresh_secret_unknown")
