"""Every port: what the kit asks of the parts you may bring, and what they guarantee.

A port is satisfied by shape: no base class, no type variable. Parameters are
positional-only where their names are not part of the contract.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from fastapi_jwtkit.events import AuthEvent
from fastapi_jwtkit.records import (
    Advance,
    FeedPage,
    FoundSession,
    NewSession,
    NewUser,
    RevocationEntry,
    Session,
)

__all__ = [
    "ClaimsFor",
    "Clock",
    "EventSink",
    "OneTimeStore",
    "PasswordHasher",
    "RegisteringUserStore",
    "RevocationStore",
    "SessionStore",
    "Stores",
    "User",
    "UserStore",
]


class Clock(Protocol):
    """What time it is; tests hand in one they can step."""

    def now(self) -> float:
        """Return the wall clock in seconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Return a clock in seconds that never goes back."""
        ...


class User(Protocol):
    """What a user store returns: read-only, so an ORM row and a dataclass both fit."""

    @property
    def id(self) -> str:
        """Becomes ``sub``; never given to another user (OIDC Core 2)."""
        ...

    @property
    def login(self) -> str:
        """Canonical login, see ``canonical_login``."""
        ...

    @property
    def password_hash(self) -> str | None:
        """``None`` for a user who has no password."""
        ...

    @property
    def is_active(self) -> bool:
        """``False`` refuses logins and ends sessions at their next refresh."""
        ...

    @property
    def scopes(self) -> Collection[str]:
        """What the user may hold; a login may ask for less, never for more."""
        ...

    @property
    def roles(self) -> Collection[str]:
        """Roles the user has now."""
        ...

    @property
    def permissions(self) -> Collection[str]:
        """Permissions the user has now."""
        ...


class UserStore(Protocol):
    """Where users live. Yours to write over your own table."""

    async def find_by_login(self, login: str, /) -> User | None:
        """Return the user with this canonical login."""
        ...

    async def find_by_id(self, user_id: str, /) -> User | None:
        """Return the user with this id, with the roles that hold now."""
        ...

    async def set_password_hash(
        self, user_id: str, password_hash: str, /, *, expected: str | None
    ) -> bool:
        """Replace the hash only if it still is ``expected``; say whether it was.

        The condition makes a hash upgrade lose against a password change that came
        between (compare-and-set, in one statement).
        """
        ...


@runtime_checkable
class RegisteringUserStore(Protocol):
    """A user store that can take new users; with one the register route appears."""

    async def add(self, new: NewUser, /) -> User:
        """Store a new user under an id that was never used before.

        Raises:
            LoginTakenError: the login is somebody's; decided by a unique index.
        """
        ...


class SessionStore(Protocol):
    """Where sessions live.

    Each write is atomic, decided by the store's own clock, and never makes a row.
    Reads come from the primary. A store that cannot answer raises
    ``StoreUnavailableError``; it never guesses.
    """

    async def add(self, new: NewSession, /) -> Session:
        """Store a login: the subject's index first, the row second."""
        ...

    async def find(self, realm: str, sid: str, /) -> FoundSession | None:
        """Return the row and the time of reading; expired and revoked rows included."""
        ...

    async def advance(self, realm: str, sid: str, advance: Advance, /) -> Session | None:
        """Spend a refresh token: the one compare-and-set of the rotation.

        Wins if ``presented >= counter``, the epoch is unchanged and the row is neither
        revoked nor expired; or if ``attempt`` is the id of the rotation that won last.
        A win sets ``counter = presented + 1``; appends now to ``spent``, after one 0.0
        for each number that was skipped; counts ``replay_streak`` up if the row saw a
        replay, else resets it; resets ``replays``; slides ``idle_expiry``; and keeps
        ``mac_key_id`` and ``attempt``.

        Returns:
            the row as it is after a win, ``None`` for a loss.
        """
        ...

    async def count_replay(self, realm: str, sid: str, /, *, counter: int) -> int | None:
        """Count one replay, and nothing else: spend times and idle limit stay.

        Returns:
            how many there were since the rotation, this one included; ``None`` if the
            row is revoked or expired or its counter is not ``counter``.
        """
        ...

    async def revoke(self, realm: str, sid: str, /, *, reason: str) -> bool:
        """End the session for good; an earlier reason stays. Say whether the row exists.

        Raises:
            NotReplicatedError: it is done, and a fail-over could still undo it.
        """
        ...

    async def bump_epoch(self, realm: str, sid: str, /) -> int | None:
        """Raise the claims version by one and return it; ``None`` without a live row."""
        ...

    async def list(self, realm: str, subject: str, /) -> Sequence[Session]:
        """Return the subject's live sessions, oldest first."""
        ...


class RevocationStore(Protocol):
    """The feed of what is dead before its ``exp``, followed by every worker."""

    @property
    def sync_after(self) -> float:
        """Seconds after which a map that heard nothing reads again: 2.5 polls."""
        ...

    async def publish(self, realm: str, entries: Sequence[RevocationEntry], /) -> None:
        """Add entries to the state and to the log, all or none.

        Raises:
            NotReplicatedError: it is done, and a fail-over could still undo it.
        """
        ...

    async def snapshot(self, realm: str, /) -> FeedPage:
        """Return the whole state and the position from which to follow it."""
        ...

    async def follow(self, realm: str, position: str, /) -> FeedPage:
        """Return what came after ``position``, waiting a fraction of a second for it.

        Or the whole state: after the log was cut, on another state, and once a minute.
        """
        ...


class OneTimeStore(Protocol):
    """What may happen once."""

    async def consume(self, realm: str, token_id: str, /, *, expires_at: float) -> bool:
        """Say ``True`` to the first caller with this id and ``False`` to all others.

        Atomic; the id may be forgotten after ``expires_at`` (seconds since the epoch).
        """
        ...


class Stores(Protocol):
    """The stores on one server: of ``redis_stores``, ``sql_stores``, ``JWTKIT_STORE_URL``."""

    @property
    def sessions(self) -> SessionStore:
        """Where sessions live."""
        ...

    @property
    def revocations(self) -> RevocationStore:
        """The feed of what is dead before its ``exp``."""
        ...

    @property
    def one_time(self) -> OneTimeStore:
        """What may happen once."""
        ...

    async def prepare(self) -> Sequence[str]:
        """Make what is missing on the server; return what an operator should mend, in sentences.

        Raises:
            StoreUnavailableError: the server does not answer.
        """
        ...

    async def prune(self) -> int:
        """Delete everything that is over, and say how many rows that were."""
        ...

    async def close(self) -> None:
        """Close the connections of the running event loop that the stores opened."""
        ...


class PasswordHasher(Protocol):
    """Hashes passwords: slow, salted, memory-hard. Called in threads, never on the loop."""

    @property
    def memory_bytes(self) -> int:
        """Memory that one hash takes; bounds how many may run at once."""
        ...

    def hash(self, password: str, /) -> str:
        """Return a new salted hash, its parameters written in it."""
        ...

    def matches(self, password: str, password_hash: str, /) -> bool:
        """Say whether the password made this hash; ``False`` for an unknown format."""
        ...

    def needs_upgrade(self, password_hash: str, /) -> bool:
        """Say whether the hash is weaker than what ``hash`` makes today."""
        ...


class EventSink(Protocol):
    """Takes events. Called inline: hand slow work to a queue of your own."""

    def emit(self, event: AuthEvent, /) -> None:
        """Take one event. What it raises is counted and logged, never passed on."""
        ...


ClaimsFor = Callable[[User], Awaitable[Mapping[str, Any]]]
"""Adds claims of your own to an access token; reserved names are refused."""
