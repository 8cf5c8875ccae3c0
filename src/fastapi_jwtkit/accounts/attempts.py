"""The one door to the throttle: names become digests, refusals become events."""

from __future__ import annotations

import hashlib
import logging
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable

from fastapi_jwtkit.addresses import source_of
from fastapi_jwtkit.configuration_errors import why_unfit
from fastapi_jwtkit.credentials import canonical_login
from fastapi_jwtkit.errors import ConfigurationError, ThrottledError, UnavailableError
from fastapi_jwtkit.event_sinks import Events
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.records import Device
from fastapi_jwtkit.store_errors import store_call
from fastapi_jwtkit.throttling import Action, Attempt, Throttle

__all__ = ["Attempts", "ensure_throttle"]

logger = logging.getLogger("fastapi_jwtkit")

_DIGEST_BYTES = 15
_NEVER_DENIED = frozenset({"refresh", "refresh_failed"})
"""Nobody guesses a refresh token: these limits spare the store, and a store that cannot count
must not end live sessions. Everything else is a guess, a mail or an account, and is denied."""


class Attempts:
    """Counts what somebody attempts, before it is made.

    Args:
        throttle: refuses; ``None``: nothing is counted.
        realm: of the kit.
        events: where refusals are told.
        denies_on_error: what happens while nothing can be counted.
        warning: what an operator should know of it, told as the kit starts.
    """

    def __init__(
        self,
        throttle: Throttle | None,
        *,
        realm: str,
        events: Events,
        denies_on_error: bool = True,
        warning: str = "",
    ) -> None:
        self.warning = warning
        self._throttle = throttle
        self._realm = realm
        self._events = events
        self._denies_on_error = denies_on_error

    async def ensure(
        self,
        action: Action,
        *,
        device: Device,
        account: str | None = None,
        session: str | None = None,
    ) -> None:
        """Count an attempt, or refuse it. Call it before whatever is slow or tells something.

        Args:
            action: what is attempted.
            device: where it comes from.
            account: the login it is about, as it was typed; known and unknown ones alike.
            session: id of the session it is about.

        Raises:
            ThrottledError: too many; ``retry_after`` says when to try again.
            StoreUnavailableError: it could not be counted.
        """
        if self._throttle is None:
            return
        attempt = self._attempt(action, device, account, session)
        try:
            with store_call("throttle_failed"):
                await self._throttle.ensure(attempt)
        except ThrottledError as error:
            self._events.emit(
                EventName.THROTTLED,
                outcome=False,
                reason=error.reason,
                device=device,
                detail={"action": action},
            )
            raise
        except UnavailableError:
            if self._denies_on_error and action not in _NEVER_DENIED:
                raise
            logger.warning("%s was not counted: the throttle does not answer", action)

    async def succeed(self, action: Action, *, device: Device, account: str | None = None) -> None:
        """Say that a counted attempt was rightful. Never raises for a store that fails."""
        if self._throttle is not None:
            attempt = self._attempt(action, device, account, None)
            await self._settle(self._throttle.succeed, attempt, f"a rightful {action}")

    async def withdraw(self, action: Action, *, device: Device, account: str | None = None) -> None:
        """Say that a counted attempt was never made. Never raises for a store that fails."""
        if self._throttle is not None:
            attempt = self._attempt(action, device, account, None)
            await self._settle(self._throttle.withdraw, attempt, f"a {action} that was not made")

    async def _settle(
        self, tell: Callable[[Attempt], Awaitable[None]], attempt: Attempt, what: str
    ) -> None:
        try:
            with store_call("throttle_failed"):
                await tell(attempt)
        except UnavailableError:
            # Its window ends by itself.
            logger.warning("%s stays counted", what)

    def _attempt(
        self, action: Action, device: Device, account: str | None, session: str | None
    ) -> Attempt:
        return Attempt(
            realm=self._realm,
            action=action,
            source=_digest(source_of(device.ip)),
            # What can be nobody's login is one account: it shuts nobody out.
            account=None if account is None else _digest(canonical_login(account) or ""),
            session=None if session is None else _digest(session),
        )


def ensure_throttle(throttle: object) -> None:
    """Return if an object has the methods of a throttle.

    Raises:
        ConfigurationError: it is a class, or a method is missing.
    """
    unfit = why_unfit(throttle, ("ensure", "succeed", "withdraw"))
    if unfit:
        raise ConfigurationError(
            f"The throttle {unfit}.",
            why="Each login asks it first; a missing method would be found by an attacker.",
            fix="JWTKit(settings, throttle=YourThrottle()), or Settings(throttle='off').",
            docs="how-to/rate-limits/",
        )


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).digest()
    return urlsafe_b64encode(digest[:_DIGEST_BYTES]).decode("ascii")
