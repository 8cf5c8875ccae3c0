"""Tokens that somebody relies on for longer than a request: open sockets and streams.

A request asks the map once; a socket that is open for hours would have to ask again and
again. Here it is told instead: an entry that comes into the map looks up who watches for it,
so ten thousand sockets cost nothing until one of them has to end. What nobody would be told
of is asked for: once a second, by one task for all of an event loop, whether the map is still
fresh; and at the end of its life each token by a timer.
"""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress

from fastapi_jwtkit.claims import Claims
from fastapi_jwtkit.errors import InvalidTokenError, JWTKitError, RevocationsStaleError
from fastapi_jwtkit.protocols import Clock
from fastapi_jwtkit.records import RevocationEntry
from fastapi_jwtkit.revocations.known import KnownRevocations

__all__ = ["Vigil", "Vigils"]

logger = logging.getLogger("fastapi_jwtkit")

PATROL_SECONDS = 1.0
"""Between two looks at whether the map is fresh; it denies when it is older than allowed."""
LOOK_AGAIN_SECONDS = 60.0
"""A timer does not hear of a wall clock that was set, so it looks at it now and then."""

Name = tuple[str, str]


class Vigil:
    """One token, watched until it dies or nobody relies on it any more.

    Attributes:
        ended: done with the error that a request with the token would be refused with.
    """

    def __init__(self, claims: Claims, *, clock: Clock) -> None:
        self.claims = claims
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self.ended: asyncio.Future[JWTKitError] = self._loop.create_future()

    @property
    def error(self) -> JWTKitError | None:
        """Why it ended; ``None`` while the token is good."""
        return self.ended.result() if self.ended.done() else None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Where somebody waits."""
        return self._loop

    def end(self, error: JWTKitError) -> None:
        """Say that the token is dead; from any thread, and once."""
        with suppress(RuntimeError):  # the event loop is closed: nobody waits
            self._loop.call_soon_threadsafe(self._end, error)

    def look(self) -> None:
        """End if the token has expired, else look again when it will have."""
        left = self.claims.expires_at - self._clock.now()
        if left <= 0:
            self._end(InvalidTokenError("expired"))
        else:
            self._timer = self._loop.call_later(min(left, LOOK_AGAIN_SECONDS), self.look)

    def forget(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def _end(self, error: JWTKitError) -> None:
        if not self.ended.done():
            self.ended.set_result(error)


class Vigils:
    """All vigils of one map.

    Args:
        known: the map; it says what comes into it.
        freshen: brings the map up to date, or raises that it cannot be trusted.
        clock: the application's clock.
    """

    def __init__(
        self,
        known: KnownRevocations,
        freshen: Callable[[], Awaitable[None]],
        *,
        clock: Clock,
    ) -> None:
        self._known = known
        self._freshen = freshen
        self._clock = clock
        self._by_name: dict[Name, set[Vigil]] = {}
        self._patrols: weakref.WeakKeyDictionary[
            asyncio.AbstractEventLoop, tuple[set[Vigil], asyncio.Task[None]]
        ] = weakref.WeakKeyDictionary()
        known.listen(self._hear)

    def __len__(self) -> int:
        return sum(len(vigils) for vigils, _ in self._patrols.values())

    @asynccontextmanager
    async def watch(self, claims: Claims, *, follows: bool) -> AsyncGenerator[Vigil]:
        """Watch a token for as long as the context is open.

        Args:
            claims: of a token that was verified.
            follows: whether to hear of revocations, not only of the end of its life.

        Raises:
            InvalidTokenError: it expired or was revoked between the verification and now.
            RevocationsStaleError: nobody can say.
        """
        vigil = Vigil(claims, clock=self._clock)
        names = _names_of(claims) if follows else ()
        # First listen, then ask: what comes in between is heard.
        for name in names:
            self._by_name.setdefault(name, set()).add(vigil)
        try:
            if follows:
                await self._freshen()
                self._known.ensure_live(claims)
                self._join_patrol(vigil)
            vigil.look()
            if vigil.error is not None:
                raise vigil.error
            yield vigil
        finally:
            vigil.forget()
            self._forget(vigil, names)

    def _hear(self, entries: Iterable[RevocationEntry]) -> None:
        for entry in entries:
            for vigil in tuple(self._by_name.get((entry.kind, entry.value), ())):
                try:
                    self._known.ensure_live(vigil.claims)
                except InvalidTokenError as error:
                    vigil.end(error)

    def _forget(self, vigil: Vigil, names: Iterable[Name]) -> None:
        for name in names:
            vigils = self._by_name.get(name, set())
            vigils.discard(vigil)
            if not vigils:
                self._by_name.pop(name, None)
        patrol = self._patrols.get(vigil.loop)
        if patrol is not None:
            patrol[0].discard(vigil)
            if not patrol[0]:
                patrol[1].cancel()
                del self._patrols[vigil.loop]

    def _join_patrol(self, vigil: Vigil) -> None:
        patrol = self._patrols.get(vigil.loop)
        if patrol is None:
            vigils = {vigil}
            task = vigil.loop.create_task(self._patrol(vigils), name="jwtkit-vigils")
            self._patrols[vigil.loop] = vigils, task
        else:
            patrol[0].add(vigil)

    async def _patrol(self, vigils: set[Vigil]) -> None:
        while True:
            await asyncio.sleep(PATROL_SECONDS)
            try:
                await self._freshen()
            except JWTKitError as error:
                _end_all(vigils, error)
            except Exception:
                # Whoever cannot look lets nobody stay.
                logger.exception("open connections end: the revocation map could not be looked at")
                _end_all(vigils, RevocationsStaleError("revocations_stale"))


def _end_all(vigils: set[Vigil], error: JWTKitError) -> None:
    for vigil in tuple(vigils):
        vigil.end(error)


def _names_of(claims: Claims) -> tuple[Name, ...]:
    return (
        ("sid", claims.session_id or ""),
        ("jti", claims.token_id),
        ("kid", claims.kid),
        ("subject", claims.subject),
    )
