"""People whom all workers know, and clocks that are apart."""

from __future__ import annotations

import time

from fastapi_jwtkit.stores.memory.users import MemoryUser

CLOCK_AHEAD = "FAULTS_CLOCK_AHEAD"
"""By how many seconds the clock of this worker is ahead of the machine's."""
PASSWORD = "the password of everybody in here"
PREFIX = "person"
ISSUER = "https://faults.example"


class People:
    """A ``UserStore`` in which everybody exists, in every worker, and nobody changes."""

    def __init__(self, password_hash: str) -> None:
        self._password_hash = password_hash

    async def find_by_login(self, login: str, /) -> MemoryUser | None:
        """Return whoever has a login of the right form."""
        return self._person(login) if login.startswith(PREFIX) else None

    async def find_by_id(self, user_id: str, /) -> MemoryUser | None:
        """Return the same person."""
        return self._person(user_id.removeprefix("id-of-"))

    async def set_password_hash(
        self, user_id: str, password_hash: str, /, *, expected: str | None
    ) -> bool:
        """Keep the hash that was there."""
        del user_id, password_hash, expected
        return False

    def _person(self, login: str) -> MemoryUser:
        return MemoryUser(id=f"id-of-{login}", login=login, password_hash=self._password_hash)


class ClockAhead:
    """The machine's clock, or one that is ahead of it."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def now(self) -> float:
        """Return the wall clock in seconds since the epoch."""
        return time.time() + self._seconds

    def monotonic(self) -> float:
        """Return the monotonic clock in seconds."""
        return time.monotonic()
