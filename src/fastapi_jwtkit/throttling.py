"""Ports of the throttle: what is attempted, who refuses it, and where it is counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

__all__ = ["Action", "Attempt", "Count", "CounterStore", "CountingStores", "Throttle"]

Action = Literal[
    "login",
    "register",
    "forgot",
    "reset",
    "verify",
    "password_change",
    "email_change",
    "refresh",
    "refresh_failed",
]
"""What is counted. ``login`` is the password grant of the token endpoint too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt, ready to be counted: of bounded size, and telling nobody's name.

    Attributes:
        realm: in which kit.
        action: what is attempted.
        source: digest of the address it comes from: of the /64 where that is IPv6.
        account: digest of the canonical login it is about; ``None`` where there is none.
        session: digest of the session it is about; ``None`` where there is none.
    """

    realm: str
    action: Action
    source: str
    account: str | None = None
    session: str | None = None


class Throttle(Protocol):
    """Counts attempts and refuses those that are too many."""

    async def ensure(self, attempt: Attempt, /) -> None:
        """Count an attempt before it is made, atomically.

        Raises:
            ThrottledError: it is one too many; says when to try again.
            StoreUnavailableError: it could not be counted.
        """
        ...

    async def succeed(self, attempt: Attempt, /) -> None:
        """Hear that an attempt that was counted was rightful: it does not count any more."""
        ...

    async def withdraw(self, attempt: Attempt, /) -> None:
        """Hear that an attempt that was counted never came to be made."""
        ...


@dataclass(frozen=True, slots=True)
class Count:
    """A counter as it is now.

    Attributes:
        value: what it stands at.
        expires_in: seconds until it is forgotten.
    """

    value: int
    expires_in: float


class CounterStore(Protocol):
    """Where attempts are counted: for a while, from the first on.

    A counter ends by itself, however often it is raised meanwhile. Keys are short and in
    ASCII. A store that cannot answer raises ``StoreUnavailableError``.
    """

    async def increment(self, realm: str, key: str, /, *, by: int, window: float) -> Count:
        """Change a counter atomically and return what it is then.

        A counter that is not there, or over, begins at ``by`` and lives ``window`` seconds.
        With a negative ``by`` it never falls below 0 and is not made.
        """
        ...

    async def read(self, realm: str, key: str, /) -> Count:
        """Return a counter; one that is not there stands at 0."""
        ...

    async def forget(self, realm: str, key: str, /) -> None:
        """End a counter now."""
        ...


@runtime_checkable
class CountingStores(Protocol):
    """Stores on one server that count as well."""

    @property
    def counters(self) -> CounterStore:
        """Where attempts are counted."""
        ...
