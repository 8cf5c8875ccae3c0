"""What was asked and answered during one fault, and which promises were broken."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from faults.workers import Worker

Kind = Literal["call", "write", "dead"]
"""A guarded call or a login, refresh or logout of a session that lives; anything of a dead one."""

PATIENCE_SECONDS = 8.0
"""A request that is not answered by then has no answer."""
EXAMPLES_KEPT = 5
REFUSALS = frozenset({400, 401})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One request and what came back.

    Attributes:
        worker: who was asked.
        status: of HTTP; 0 if nothing came.
        body: the JSON, or an empty one.
        retry_after: the header, if it was sent.
        trouble: what went wrong with the connection.
        began: when it was about to be sent, by the monotonic clock.
        ended: when the answer was read.
    """

    worker: Worker
    status: int
    body: dict[str, str] = field(default_factory=dict, repr=False)
    retry_after: str | None = None
    trouble: str = ""
    began: float
    ended: float

    @property
    def is_impatience(self) -> bool:
        """Whether the client hung up before a server has to have answered."""
        return "Timeout" in self.trouble and self.ended - self.began < PATIENCE_SECONDS


@dataclass(slots=True)
class Ledger:
    """Counts and complaints of one fault."""

    statuses: Counter[int] = field(default_factory=Counter)
    refused_live: int = 0
    accepted_dead: int = 0
    sessions: int = 0
    revoked: int = 0
    lost: int = 0
    dead_accepted_for: float = 0.0
    slowest: float = 0.0
    notes: list[str] = field(default_factory=list)
    _broken: Counter[str] = field(default_factory=Counter)
    _examples: dict[str, list[str]] = field(default_factory=dict)
    _failing: dict[tuple[int, Kind], float] = field(default_factory=dict)
    _outages: dict[Kind, float] = field(default_factory=dict)

    @property
    def sent(self) -> int:
        """How many requests were sent."""
        return self.statuses.total()

    def count(self, *statuses: int) -> int:
        """How many were answered so."""
        return sum(self.statuses[status] for status in statuses)

    def outage(self, kind: Kind) -> float:
        """Return the longest time for which a worker served nobody, in seconds."""
        return self._outages.get(kind, 0.0)

    @property
    def still_failing(self) -> bool:
        """Whether some worker served nobody since it last failed."""
        return bool(self._failing)

    @property
    def verdict(self) -> str:
        """What was broken, in short."""
        if not self._broken:
            return "kept"
        return "**broken**: " + ", ".join(f"{what} ({n})" for what, n in self._broken.items())

    @property
    def kept(self) -> bool:
        """Whether every promise was kept."""
        return not self._broken

    def complaints(self) -> list[str]:
        """Return the first of each kind of complaint, in full."""
        return [f"{what}: {text}" for what, texts in self._examples.items() for text in texts]

    def broken(self, promise: str, example: str) -> None:
        """Note that a promise was broken, and how."""
        self._broken[promise] += 1
        examples = self._examples.setdefault(promise, [])
        if len(examples) < EXAMPLES_KEPT:
            examples.append(example)

    def record(self, kind: Kind, answer: Answer, what: str) -> None:
        """Count an answer and hold it to what holds for all of them."""
        self.statuses[answer.status] += 1
        where = f"{what} at {answer.worker.name}"
        away = answer.worker.was_away(answer.began, answer.ended)
        if not away:
            self.slowest = max(self.slowest, answer.ended - answer.began)
        if answer.status == 0 and not away and not answer.is_impatience:
            self.broken("no answer", f"{where}: {answer.trouble}")
        elif answer.status == 503 and answer.retry_after is None:
            self.broken("503 without Retry-After", where)
        elif answer.status not in {0, 200, 204, 503, *REFUSALS}:
            self.broken(f"answered {answer.status}", f"{where}: {answer.body}")
        if kind != "dead":
            self._note_service(kind, answer, away=away)

    def _note_service(self, kind: Kind, answer: Answer, *, away: bool) -> None:
        key = (answer.worker.port, kind)
        if answer.status in {0, 503}:
            if not away:
                self._failing[key] = min(answer.began, self._failing.get(key, answer.began))
            return
        since = self._failing.get(key)
        # One that was sent before the outage and answered in it does not end it.
        if since is not None and answer.began > since:
            del self._failing[key]
            self._outages[kind] = max(self._outages.get(kind, 0.0), answer.ended - since)
