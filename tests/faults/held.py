"""Sessions as their clients know them, and what may become of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from faults.ledger import Answer, Ledger
from faults.workers import Worker

SLACK_SECONDS = 0.1


class MayLose(Enum):
    """Which sessions a fault may end."""

    NONE = "none"
    RECENT = "those opened since it began"
    ALL = "all"


@dataclass(eq=False, slots=True)
class Held:
    """One session, held by one client.

    Attributes:
        login: whose it is.
        opened: when the login was answered.
        refresh: the newest refresh token that was answered.
        access: every access token that was answered, the newest last.
        spent: refresh tokens that were spent, the oldest first.
        lost: whether it was refused although nobody ended it.
    """

    login: str
    opened: float
    refresh: str
    access: list[str]
    spent: list[str] = field(default_factory=list)
    lost: bool = False

    def take(self, answer: Answer) -> None:
        """Keep the tokens of an answer."""
        successor = answer.body["refresh_token"]
        if successor != self.refresh:
            self.spent.append(self.refresh)
            self.refresh = successor
        self.access.append(answer.body["access_token"])


@dataclass(slots=True, kw_only=True)
class Dead:
    """A session whose end was acknowledged: no token of it may be accepted any more.

    Attributes:
        held: its tokens.
        how: what ended it.
        ended: when that was acknowledged.
        by: the worker that acknowledged it, and how often that had been started.
        accepted: whether a token of it was accepted later than it may be.
    """

    held: Held
    how: str
    ended: float
    by: Worker
    by_start: int
    accepted: bool = False


@dataclass(slots=True, kw_only=True)
class Promises:
    """What has to hold of each session, and how long a revocation may take.

    Attributes:
        ledger: of the fault that goes on.
        may_lose: which sessions the fault may end.
        max_staleness: seconds for which a worker that was cut off may accept what is dead.
        prompt: seconds for which any other may.
        fault_began: when, if it has.
        fault_over: when the last of it was over, if it is.
    """

    ledger: Ledger
    may_lose: MayLose
    max_staleness: float
    prompt: float
    fault_began: float = float("inf")
    fault_over: float = float("inf")

    def may_be_lost(self, held: Held, *, at: float) -> bool:
        """Say whether the fault may have ended a session by then."""
        if not self.may_forget(at=at):
            return False
        return self.may_lose is MayLose.ALL or held.opened >= self.fault_began

    def may_forget(self, *, at: float) -> bool:
        """Say whether the store may have lost writes by then."""
        return at >= self.fault_began and self.may_lose is not MayLose.NONE

    def refused(self, held: Held, answer: Answer, what: str) -> None:
        """Judge a 400 or 401 to a session that nobody ended."""
        first = not held.lost
        held.lost = True
        if first:
            self.ledger.lost += 1
        if not self.may_be_lost(held, at=answer.ended):
            self.ledger.refused_live += 1
            age = answer.began - held.opened
            text = f"{what} at {answer.worker.name}, {answer.status} {answer.body}, {age:.1f} s old"
            self.ledger.broken("a live session was refused", text)

    def accepted(self, dead: Dead, answer: Answer, what: str) -> None:
        """Judge a 2xx to a token of a session whose end was acknowledged."""
        # From the acknowledgement to the moment of asking: less than really passed.
        late = answer.began - dead.ended
        if late <= 0:
            return
        self.ledger.dead_accepted_for = max(self.ledger.dead_accepted_for, late)
        if late > self.limit(dead, answer) + SLACK_SECONDS:
            dead.accepted = True
            self.ledger.accepted_dead += 1
            text = (
                f"{what} at {answer.worker.name}, {late:.2f} s after {dead.how} at {dead.by.name}"
            )
            self.ledger.broken("a dead session was accepted", text)

    def limit(self, dead: Dead, answer: Answer) -> float:
        """Return for how long this worker may accept a token of this session."""
        worker = answer.worker
        if worker is dead.by and worker.starts == dead.by_start and dead.how != "reuse":
            return 0.0  # it applied the entry to its own map before it answered
        cut_off = (
            self.fault_began <= answer.ended and dead.ended - self.max_staleness <= self.fault_over
        ) or worker.was_away(dead.ended - self.max_staleness, answer.ended)
        return self.max_staleness if cut_off else self.prompt
