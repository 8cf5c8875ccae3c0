"""From a raw access token to claims that hold now: signature, time and revocation."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Literal

from fastapi_jwtkit.claims import Claims
from fastapi_jwtkit.errors import AuthorizationError, InvalidTokenError, ReauthenticationError
from fastapi_jwtkit.event_sinks import Events
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.key_sources.live_rings import LiveRings
from fastapi_jwtkit.principal import Principal
from fastapi_jwtkit.protocols import Clock
from fastapi_jwtkit.records import UNKNOWN_DEVICE, Device, FoundSession, SessionProof
from fastapi_jwtkit.revocations import Revocations
from fastapi_jwtkit.revocations.vigils import Vigil
from fastapi_jwtkit.sessions.sessions import Sessions, is_live
from fastapi_jwtkit.tokens.codec import UNKNOWN_KID
from fastapi_jwtkit.tokens.verifier import TokenVerifier

__all__ = ["Verification"]

_REVOKED = frozenset(
    {"session_revoked", "claims_expired", "token_revoked", "key_revoked", "subject_revoked"}
)


class Verification:
    """Verifies access tokens of one realm.

    Args:
        verifier: signature, types, time: pure.
        rings: its keys, re-read when an unknown one turns up.
        revocations: the map of what is dead before its time.
        sessions: asked where the map cannot know, and by strict verification.
        mode: ``off`` asks nobody, ``feed`` the map, ``strict`` the row as well.
        events: where to say what was refused.
        clock: what time it is.
    """

    def __init__(
        self,
        *,
        verifier: TokenVerifier,
        rings: LiveRings,
        revocations: Revocations,
        sessions: Sessions,
        mode: Literal["off", "feed", "strict"],
        events: Events,
        clock: Clock,
    ) -> None:
        self._verifier = verifier
        self._rings = rings
        self._revocations = revocations
        self._sessions = sessions
        self._mode = mode
        self._events = events
        self._asks_nobody = mode == "off"
        self._now, self._monotonic = clock.now, clock.monotonic
        self._recall = _recall_nothing if mode == "strict" else verifier.recall
        self._is_plain = revocations.is_plain

    def fast(self, raw: bytes) -> Claims | None:
        """Return the claims of a warm token that is plainly good; ``None``: ask ``verify``.

        The way of nearly every request, and so as few steps as the checks allow: a
        signature that was good before, time, keys and map that are fresh, and nothing
        in the map about it. Whatever is not plain, a refusal included, is for ``verify``.
        """
        claims = self._recall(raw)
        if claims is None:
            return None
        now, monotonic = self._now(), self._monotonic()
        if not claims.issued_at <= now < claims.expires_at or claims.not_before is not None:
            return None
        if monotonic >= self._rings.fresh_until:
            return None
        if self._asks_nobody:
            return claims
        revocations = self._revocations
        if monotonic > revocations.fresh_until or now > revocations.fresh_until_wall:
            return None
        return claims if self._is_plain(claims) else None

    async def verify(
        self, raw: str, *, strict: bool = False, device: Device = UNKNOWN_DEVICE
    ) -> Claims:
        """Verify a token; reads keys, the feed or the session where memory cannot know.

        Args:
            raw: the compact JWS.
            strict: ask the session row, whatever the mode.
            device: where it comes from, for the event of a refusal.

        Raises:
            InvalidTokenError: it fails a check; ``reason`` names the first.
            RevocationsStaleError: nobody can say whether it was revoked.
            StoreUnavailableError: the session row cannot be read.
        """
        claims = None
        try:
            claims = await self._authentic(raw)
            return await self._still_good(claims, strict=strict)
        except InvalidTokenError as error:
            revoked = error.reason in _REVOKED
            self._events.emit(
                EventName.TOKEN_REVOKED_USED if revoked else EventName.TOKEN_REFUSED,
                outcome=False,
                reason=error.reason,
                subject=claims.subject if claims else None,
                session_id=claims.session_id if claims else None,
                device=device,
            )
            raise

    async def _still_good(self, claims: Claims, *, strict: bool) -> Claims:
        """Return the claims of an authentic token that was not revoked."""
        if self._mode != "off":
            await self._revocations.freshen()
            self._revocations.known.ensure_live(claims)
        if strict or self._mode == "strict":
            await self._ensure_row_lives(claims)
        elif self._mode == "feed" and self._revocations.known.needs_row(claims):
            self._revocations.known.vouch(claims, epoch=await self._ensure_row_lives(claims))
        return claims

    def watch(self, claims: Claims) -> AbstractAsyncContextManager[Vigil]:
        """Watch a verified token for longer than a request."""
        return self._revocations.vigils.watch(claims, follows=not self._asks_nobody)

    async def prove(self, raw: str) -> SessionProof:
        """Return the session of an authentic token; expired and revoked ones will do.

        Who holds such a token may end its session, so that logging out works again and
        again and however late. It proves the subject only while the session lives: a
        token stolen once must not log the person out of everything for ever.

        Raises:
            InvalidTokenError: it is forged, or of no session.
            StoreUnavailableError: the session row cannot be read.
        """
        await self._rings.freshen()
        try:
            claims = self._verifier.verify_even_if_expired(raw)
        except InvalidTokenError as error:
            if error.reason != UNKNOWN_KID:
                raise
            await self._rings.reread()
            claims = self._verifier.verify_even_if_expired(raw)
        sid = claims.session_id
        if sid is None:
            raise InvalidTokenError("token_without_session")
        found = await self._sessions.find(sid)
        lives = found is not None and found.session.subject == claims.subject and is_live(found)
        return SessionProof(sid=sid, subject=claims.subject if lives else None)

    def tell_denied(
        self,
        principal: Principal,
        error: AuthorizationError | ReauthenticationError,
        device: Device = UNKNOWN_DEVICE,
    ) -> None:
        """Say that somebody who is known was not let in."""
        self._events.emit(
            EventName.ACCESS_DENIED,
            outcome=False,
            reason=error.reason,
            subject=principal.subject,
            session_id=principal.session_id,
            device=device,
        )

    async def _authentic(self, raw: str) -> Claims:
        await self._rings.freshen()
        try:
            return self._verifier.verify(raw)
        except InvalidTokenError as error:
            if error.reason != UNKNOWN_KID:
                raise
        # Another worker may have rotated the keys already; the re-read cools down.
        await self._rings.reread()
        return self._verifier.verify(raw)

    async def _ensure_row_lives(self, claims: Claims) -> int:
        """Check the session row and return its claims version."""
        found = None if claims.session_id is None else await self._sessions.find(claims.session_id)
        reason = _why_dead(found, claims)
        if found is None or reason:
            raise InvalidTokenError(reason)
        return found.session.epoch


def _recall_nothing(_: bytes) -> None:
    """Stand in where each token is to be asked about in full."""


def _why_dead(found: FoundSession | None, claims: Claims) -> str:
    if found is None:
        return "session_unknown"
    session = found.session
    if session.revoked_at is not None:
        return "session_revoked"
    if not is_live(found):
        return "session_expired"
    if session.subject != claims.subject:
        return "session_of_another_subject"
    return "claims_expired" if claims.epoch < session.epoch else ""
