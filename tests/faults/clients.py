"""Clients that log in, call, refresh, race, forget answers, try again and log out."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from faults.asking import Asker
from faults.held import Dead, Held, Promises
from faults.ledger import REFUSALS, Answer
from faults.people import PASSWORD, PREFIX
from faults.workers import Worker

GIVE_UP_SECONDS = 45.0
"""Within the grace window: a client that tries for longer would be taken for a thief."""
RETRY_SECONDS = (0.15, 0.45)
PAUSE_SECONDS = (0.05, 0.3)
ROTATIONS = (1, 4)
"""Of one session; eight spent tokens are remembered, and a racing one may be some behind."""
REUSE_AFTER = 9
"""Rotations after which the first token is no straggler any more, however fast they were."""

_numbers = iter(range(1_000_000))


class GaveUpError(Exception):
    """No worker answered for as long as a client tries."""


@dataclass(slots=True)
class Crowd:
    """What all clients of a fault share.

    Attributes:
        workers: whom they ask.
        asker: how.
        promises: what has to hold.
        live: sessions that nobody has tried to end.
        waiting: those of them that no client uses yet: they survived the fault before.
        dead: sessions whose end was acknowledged.
        stopping: whether clients should come to an end.
        over: whether everybody should.
        random: which worker, which pause; the same choices in each run.
    """

    workers: list[Worker]
    asker: Asker
    promises: Promises
    live: list[Held] = field(default_factory=list)
    waiting: list[Held] = field(default_factory=list)
    dead: list[Dead] = field(default_factory=list)
    stopping: bool = False
    over: bool = False
    random: random.Random = field(default_factory=lambda: random.Random(20))  # noqa: S311

    def take_over(self) -> Held | None:
        """Return a session of before, if there is one left."""
        return self.waiting.pop() if self.waiting else None

    def any_worker(self) -> Worker:
        """Return whom a load balancer might choose."""
        return self.random.choice(self.workers)

    async def pause(self, between: tuple[float, float]) -> None:
        """Do nothing for a moment."""
        await asyncio.sleep(self.random.uniform(*between))

    def bury(self, held: Held, answer: Answer, how: str) -> None:
        """Note that the end of a session was acknowledged."""
        by = answer.worker
        self.dead.append(Dead(held=held, how=how, ended=answer.ended, by=by, by_start=by.starts))
        self.promises.ledger.revoked += 1


class Client:
    """One client, one session after the other.

    Args:
        crowd: what it shares with the others.
    """

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._ends = [self._log_out, self._log_out, self._log_out_by_refresh, self._log_out_all]

    async def live(self) -> None:
        """Open sessions, use them and end them, until the crowd stops."""
        crowd = self._crowd
        while not crowd.stopping:
            held = crowd.take_over() or await self.log_in(f"{PREFIX}{next(_numbers)}")
            for _ in range(crowd.random.randint(*ROTATIONS)):
                await self._use(held)
                if held.lost or crowd.stopping:
                    break
            if held.lost or not crowd.stopping:
                crowd.live.remove(held)
            if not held.lost and not crowd.stopping:
                await crowd.random.choice(self._ends)(held)

    async def steal(self) -> None:
        """Rotate one session quickly and present its first token again, until the crowd stops."""
        crowd = self._crowd
        while not crowd.stopping:
            held = await self.log_in(f"{PREFIX}{next(_numbers)}")
            first = held.refresh
            for _ in range(REUSE_AFTER):
                if not held.lost:
                    await self.refresh(held)
            crowd.live.remove(held)
            if not held.lost:
                await self._present_again(held, first)
            await crowd.pause((0.3, 0.8))

    async def _present_again(self, held: Held, first: str) -> None:
        """Present a token of long ago: two parties hold it, so the session has to end."""
        answer = await self._spend(first)
        if answer.status in REFUSALS:
            self._crowd.bury(held, answer, "reuse")
            return
        if not self._crowd.promises.may_forget(at=answer.ended):
            self._crowd.promises.ledger.broken("a reused token was answered", answer.worker.name)
        # A store that went back has forgotten how long ago that was. It is logged out instead.
        held.take(answer)
        await self._log_out(held)

    async def log_in(self, login: str) -> Held:
        """Open a session."""
        crowd = self._crowd
        body = {"username": login, "password": PASSWORD}
        answer = await self._until_answered(
            lambda: crowd.asker.ask(crowd.any_worker(), "write", "/auth/login", json=body)
        )
        if answer.status != 200:
            crowd.promises.ledger.broken("a right password was refused", str(answer.body))
            raise GaveUpError("login")
        tokens = answer.body
        held = Held(login, answer.ended, tokens["refresh_token"], [tokens["access_token"]])
        crowd.live.append(held)
        crowd.promises.ledger.sessions += 1
        return held

    async def refresh(self, held: Held, *, at_once: int = 1, forget: bool = False) -> None:
        """Spend the refresh token: once, several times at once, or again as if unanswered."""
        token = held.refresh
        answers = await asyncio.gather(*(self._spend(token) for _ in range(at_once)))
        if forget:
            await self._crowd.pause((0.0, 0.5))
            answers = [*answers, await self._spend(token)]
        for answer in answers:
            if answer.status in REFUSALS:
                what = f"refresh ({at_once} at once{', again' if forget else ''})"
                self._crowd.promises.refused(held, answer, what)
                return
        successors = {answer.body["refresh_token"] for answer in answers}
        if len(successors) > 1:
            self._crowd.promises.ledger.broken("two successors of one token", held.login)
        for answer in answers:
            held.take(answer)

    async def call(self, held: Held) -> None:
        """Ask for what only a live session may have."""
        crowd = self._crowd
        access = held.access[-1]
        answer = await crowd.asker.ask(crowd.any_worker(), "call", "/guarded", access=access)
        if answer.status in REFUSALS:
            crowd.promises.refused(held, answer, "guarded call")

    async def _use(self, held: Held) -> None:
        for _ in range(self._crowd.random.randint(1, 3)):
            await self.call(held)
            await self._crowd.pause(PAUSE_SECONDS)
            if held.lost:
                return
        chance = self._crowd.random.random()
        if chance < 0.4:
            await self.refresh(held, at_once=self._crowd.random.randint(2, 4))
        else:
            await self.refresh(held, forget=chance < 0.6)
        await self._crowd.pause(PAUSE_SECONDS)

    async def _spend(self, token: str) -> Answer:
        crowd = self._crowd
        return await self._until_answered(
            lambda: crowd.asker.ask(
                crowd.any_worker(), "write", "/auth/refresh", json=_grant(token)
            )
        )

    async def _log_out(self, held: Held) -> None:
        await self._end([held], "logout", "/auth/logout", access=held.access[-1])

    async def _log_out_by_refresh(self, held: Held) -> None:
        await self._end([held], "logout", "/auth/logout", json=_grant(held.refresh))

    async def _log_out_all(self, held: Held) -> None:
        others = [await self.log_in(held.login) for _ in range(2)]
        for other in others:
            self._crowd.live.remove(other)
        await self._end([held, *others], "logout-all", "/auth/logout-all", access=held.access[-1])

    async def _end(
        self,
        ended: list[Held],
        how: str,
        path: str,
        *,
        access: str | None = None,
        json: dict[str, str] | None = None,
    ) -> None:
        crowd = self._crowd
        answer = await self._until_answered(
            lambda: crowd.asker.ask(crowd.any_worker(), "write", path, access=access, json=json)
        )
        if answer.status != 204:
            crowd.promises.ledger.broken("a logout was refused", f"{how}: {answer.body}")
            return
        # What the store lost it cannot name; and a token of a lost session ends no others.
        lost = [crowd.promises.may_be_lost(held, at=answer.ended) for held in ended]
        for held, is_lost in zip(ended, lost, strict=True):
            if held is ended[0] or not (is_lost or lost[0]):
                crowd.bury(held, answer, how)

    async def _until_answered(self, send: Callable[[], Awaitable[Answer]]) -> Answer:
        """Send again after a 503 or no answer, as a client does."""
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < deadline:
            answer = await send()
            if answer.status not in {0, 503}:
                return answer
            await self._crowd.pause(RETRY_SECONDS)
        self._crowd.promises.ledger.broken("never answered", "a client gave up")
        raise GaveUpError


def _grant(token: str) -> dict[str, str]:
    return {"refresh_token": token}
