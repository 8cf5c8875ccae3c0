"""Links in mails: made, read, and spent once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from fastapi_jwtkit.errors import InvalidLinkError, InvalidTokenError
from fastapi_jwtkit.event_sinks import Events
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.key_sources.live_rings import LiveRings
from fastapi_jwtkit.protocols import OneTimeStore, User
from fastapi_jwtkit.store_errors import store_call
from fastapi_jwtkit.tokens.codec import UNKNOWN_KID
from fastapi_jwtkit.tokens.purpose import Purpose, PurposeGrant, PurposeTokens

__all__ = ["PATHS", "Links", "email_of"]

PATHS = {
    Purpose.RESET_PASSWORD: "/reset-password",
    Purpose.VERIFY_EMAIL: "/verify-email",
    Purpose.CHANGE_EMAIL: "/change-email",
}
"""Your pages, below ``public_url``. Each takes the token from behind the ``#`` and posts it."""


class Links:
    """The links of one realm.

    Args:
        tokens: signs and reads what is behind the ``#``.
        rings: the keys, re-read when an unknown one turns up.
        one_time: remembers what was spent.
        realm: whose links.
        public_url: what every link begins with; never taken from a request.
        lives: seconds that a link of each purpose works.
        events: where to say what was refused.
    """

    def __init__(
        self,
        tokens: PurposeTokens,
        rings: LiveRings,
        one_time: OneTimeStore,
        *,
        realm: str,
        public_url: str,
        lives: Mapping[Purpose, float],
        events: Events,
    ) -> None:
        self._tokens = tokens
        self._rings = rings
        self._one_time = one_time
        self._realm = realm
        self._public_url = public_url
        self.lives = lives
        self._events = events

    async def make(self, purpose: Purpose, user: User, *, email: str | None = None) -> str:
        """Return a link that works for this user as they are now.

        Args:
            purpose: what it is for.
            user: whom it is for.
            email: the address that it is about.
        """
        await self._rings.freshen()
        token = self._tokens.issue(
            purpose,
            subject=user.id,
            life=self.lives[purpose],
            bound_to=_bound_to(purpose, user),
            email=email,
        )
        return f"{self._public_url}{PATHS[purpose]}#token={token}"

    async def read(self, purpose: Purpose, raw: str) -> PurposeGrant:
        """Return what an authentic token of this purpose says; nothing is spent.

        Raises:
            InvalidLinkError: it is no such token, or too old.
            KeySourceUnavailableError: its key is unknown and keys cannot be read.
        """
        await self._rings.freshen()
        life = self.lives[purpose]
        try:
            try:
                return self._tokens.read(purpose, raw, max_life=life)
            except InvalidTokenError as error:
                if error.reason != UNKNOWN_KID:
                    raise
            # Another worker may have rotated the keys already; the re-read cools down.
            await self._rings.reread()
            return self._tokens.read(purpose, raw, max_life=life)
        except InvalidTokenError as error:
            self.refuse(error.reason)

    async def ensure_bound(self, grant: PurposeGrant, user: User) -> None:
        """Return if the user is still the one for whom the link was made.

        Raises:
            InvalidLinkError: the password or the address is another by now.
            KeySourceUnavailableError: its secret is unknown and cannot be read.
        """
        if not self._rings.knows_secret(grant.binding.partition(".")[0]):
            await self._rings.reread()
        try:
            self._tokens.ensure_bound(grant, bound_to=_bound_to(grant.purpose, user))
        except InvalidTokenError:
            self.refuse("overtaken", subject=grant.subject)

    async def spend(self, grant: PurposeGrant) -> None:
        """Use the link up: of all who try, one gets on.

        Raises:
            InvalidLinkError: it was used.
            StoreUnavailableError: nobody can say now; ask again.
        """
        with store_call("one_time_failed"):
            is_first = await self._one_time.consume(
                self._realm, grant.token_id, expires_at=grant.expires_at
            )
        if not is_first:
            self.refuse("used", subject=grant.subject)

    def refuse(self, reason: str, *, subject: str | None = None) -> NoReturn:
        """Say why to the events, and to the caller that the link is no good.

        Raises:
            InvalidLinkError: always.
        """
        self._events.emit(EventName.LINK_REFUSED, outcome=False, reason=reason, subject=subject)
        raise InvalidLinkError(reason)


def email_of(user: User) -> str | None:
    """Return the address of a user, ``None`` if there is none or the store knows of none."""
    # Not by ``isinstance``: a row that finds its columns when asked has no attributes to see.
    email: str | None = getattr(user, "email", None)
    return email


def _bound_to(purpose: Purpose, user: User) -> tuple[str, ...]:
    email = email_of(user) or ""
    if purpose is Purpose.VERIFY_EMAIL:
        return (email,)
    # Whoever had a link made and lost the account to its owner must not get it back.
    return (user.password_hash or "", email)
