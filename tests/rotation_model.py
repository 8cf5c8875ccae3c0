"""The plain model of a session, and the parts that the rotation machine drives."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi_jwtkit.records import SPENT_KEPT
from fastapi_jwtkit.stores.memory.users import MemoryUser, MemoryUserStore

GRACE = 30.0
SLACK = 5.0
IDLE = 10_000.0
ABSOLUTE = 50_000.0


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
    over: bool = False

    def is_over(self, now: float) -> bool:
        """Say whether it ended or ran out."""
        return self.over or now >= self.born + ABSOLUTE or now >= self.used + IDLE

    def must_answer(self, number: int, *, since: float, until: float) -> bool:
        """Say whether a token presented between two times is never refused while it lives."""
        if number >= self.counter:
            return True
        spent_at = self.spent.get(number)
        if spent_at is None or self.counter - number > SPENT_KEPT:
            return False
        return -SLACK <= since - spent_at <= until - spent_at < GRACE


@dataclass(frozen=True)
class Held:
    """A refresh token in somebody's hands, and its number."""

    sid: str
    number: int
    text: str
