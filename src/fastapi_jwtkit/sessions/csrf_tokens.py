"""CSRF tokens: an HMAC of the session, so that only who was given it can send it.

::

    "jkc_" + key id (16 hex) + "." + base64url(HMAC-SHA256 of version 1 and the sid)

A page reads it from a cookie and sends it in a header. The server never looks at that
cookie: a cookie can be planted by a sibling domain, and a pair of cookie and header that
only have to be equal can be planted as a pair. What is sent has to be the MAC of the very
session that the other cookies name (ASVS 3.5.1).
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from typing import NoReturn

from fastapi_jwtkit.errors import CsrfError
from fastapi_jwtkit.event_sinks import Events
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.key_sources.live_rings import LiveRings
from fastapi_jwtkit.sessions.refresh_tokens import RefreshTokens

__all__ = ["CsrfTokens"]

PURPOSE = "csrf"
FORMAT_VERSION = b"\x01"
_TOKEN = re.compile(r"jkc_([0-9a-f]{16})\.[A-Za-z0-9_-]{43}", re.ASCII)


class CsrfTokens:
    """The CSRF tokens of a realm. Nothing of one is stored.

    Args:
        rings: holds the refresh secrets; a key of its own is derived for this purpose.
        realm: bound into every token.
        events: where to say what was refused.
    """

    def __init__(self, rings: LiveRings, *, realm: str, events: Events) -> None:
        self._rings = rings
        self._realm = realm
        self._events = events
        self._refresh_tokens = RefreshTokens(rings, realm=realm)

    def token_of(self, sid: str) -> str:
        """Return the token of a session, by the secret that is active now.

        Raises:
            MissingKeyError: no secret was loaded; whoever holds a pair has loaded them.
        """
        return self._token(sid, key_id=self._rings.secrets.active_id)

    async def check(self, token: str | None, sid: str | None) -> None:
        """Return if the token is the session's; compared in constant time.

        Raises:
            CsrfError: there is none, or it is of another session, realm or secret.
            KeySourceUnavailableError: its secret is unknown and keys cannot be read.
        """
        if not token:
            self.refuse("csrf_token_missing", sid=sid)
        match = _TOKEN.fullmatch(token)
        if match is None:
            self.refuse("csrf_token_malformed", sid=sid)
        await self._rings.ensure_loaded()
        key_id = match[1]
        if not self._rings.knows_secret(key_id):
            # Another worker may have rotated the secrets already; the re-read cools down.
            await self._rings.reread()
        if sid is None or not self._rings.knows_secret(key_id):
            self.refuse("csrf_token_unknown", sid=sid)
        expected = self._token(sid, key_id=key_id)
        if not hmac.compare_digest(expected.encode(), token.encode()):
            self.refuse("csrf_token_of_another_session", sid=sid)

    async def check_beside(self, token: str | None, refresh_token: str) -> None:
        """Return if the token is of the session that an authentic refresh token names.

        No store is asked: whether that session lives is for the rotation to say.

        Raises:
            InvalidGrantError: the refresh token is malformed or forged.
            CsrfError: as ``check``.
        """
        authentic = await self._refresh_tokens.authenticate(refresh_token)
        await self.check(token, authentic.sid)

    def refuse(self, reason: str, *, sid: str | None = None) -> NoReturn:
        """Say what was refused, and refuse it.

        Raises:
            CsrfError: always.
        """
        self._events.emit(EventName.CSRF_FAILED, outcome=False, reason=reason, session_id=sid)
        raise CsrfError(reason)

    def _token(self, sid: str, *, key_id: str) -> str:
        data = FORMAT_VERSION + sid.encode()
        mac = self._rings.secrets.mac(PURPOSE, self._realm, data, key_id=key_id)
        return f"jkc_{key_id}.{urlsafe_b64encode(mac).rstrip(b'=').decode('ascii')}"
