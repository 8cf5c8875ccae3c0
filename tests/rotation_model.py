"""The plain model of a session, and the parts that the rotation machine drives."""

from __future__ import annotations

from dataclasses import dataclass, field

from clocks import FakeClock
from fastapi_jwtkit.stores.memory.users import MemoryUser, MemoryUserStore

GRACE = 30.0
SLACK = 5.0
IDLE = 10_000.0
ABSOLUTE = 50_000.0


class SkewedClock(FakeClock):
    """The store's clock: the application's, and a few seconds beside it."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock
        self.skew = 0.0

    def now(self) -> float:
        """Return the other clock's time, skewed."""
        return self._clock.now() + self.skew


class FlakyUsers(MemoryUserStore):
    """A user store that can be switched off."""

    broken = False

    async def find_by_id(self, user_id: str, /) -> MemoryUser | None:
        """Find, or fail."""
        if self.broken:
            raise ConnectionError("the database is gone")
        return await super().find_by_id(user_id)


@dataclass
class Line:
    """The plain model of one session: when each token was spent, and whether it lives."""

    sid: str
    subject: str
    born: float
    counter: int = 0
    spent: dict[int, float] = field(default_factory=dict[int, float])
    used: float = 0.0
    replays: int = 0
    over: bool = False
    epoch: int = 0

    def is_over(self, now: float) -> bool:
        """Say whether it ended or ran out."""
        return self.over or now >= self.born + ABSOLUTE or now >= self.used + IDLE


@dataclass(frozen=True)
class Held:
    """A refresh token in somebody's hands, and its number."""

    sid: str
    number: int
    text: str
