"""A kit on some store, driven one request at a time, and the model beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from hypothesis.stateful import RuleBasedStateMachine

from fastapi_jwtkit.errors import (
    InvalidGrantError,
    InvalidTokenError,
    RevocationsStaleError,
    StoreUnavailableError,
)
from fastapi_jwtkit.records import Session, TokenPair
from kits import House, credentials
from rotation_model import ABSOLUTE, GRACE, IDLE, FlakyUsers, Held, Line
from rotation_places import Named, RotationPlace

Answer = TypeVar("Answer")

TRIES = 3


class RotationDriver(RuleBasedStateMachine):
    """What the rules of a history call.

    Where a store goes by a clock of its own, what happens does so between two times, and
    the model allows for either.

    Args:
        place: where the sessions and the feed live.
    """

    def __init__(self, place: RotationPlace) -> None:
        super().__init__()
        self.place = place
        self.runner = asyncio.Runner()
        self.users = FlakyUsers()
        self.house = House(
            clock=place.clock,
            parts=place.parts() | {"users": self.users},
            grace=GRACE,
            idle_ttl=IDLE,
            absolute_ttl=ABSOLUTE,
        )
        self.lines: dict[str, Line] = {}
        self.access: dict[str, str] = {}
        self.newest: dict[str, Held] = {}
        self.ever: list[Held] = []
        self.ran(lambda: self.house.kit.register(credentials()))

    def teardown(self) -> None:
        """End the follower and the loop."""
        self.ran(self.house.kit.stop)
        self.runner.close()

    def ran(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """Run one request."""
        return self.runner.run(self.answered(ask))

    async def answered(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """Ask again if the store had no time, as every client is told to.

        On a busy machine a server may be silent for longer than a call may take; memory
        never is.
        """
        for _ in range(TRIES):
            try:
                return await ask()
            except StoreUnavailableError:
                if self.users.broken or not self.place.margin:
                    raise
        return await ask()

    def is_over(self, line: Line) -> bool:
        """Say whether a session is over, or may be before an answer comes."""
        return line.is_over(self.place.now() + self.place.margin)

    def held(self, pair: TokenPair) -> Held:
        """Return what the client now holds."""
        sid = pair.session.sid
        self.access[sid] = pair.access_token
        token = self.newest[sid] = Held(sid, pair.session.counter, pair.refresh_token)
        self.ever.append(token)
        return token

    def open(self, scopes: frozenset[str] | None) -> Held:
        """Log in, for the model too."""
        pair = self.ran(lambda: self.house.kit.login(credentials(), scopes=scopes))
        sid, born = pair.session.sid, pair.session.created_at
        self.lines[sid] = Line(sid, pair.session.subject, born=born, used=born)
        return self.held(pair)

    def one_of(self, held: Iterable[Held], which: int) -> Held | None:
        """Return one of the tokens whose sessions live."""
        living = [token for token in held if not self.is_over(self.lines[token.sid])]
        return living[which % len(living)] if living else None

    def is_spent(self, token: Held) -> bool:
        """Say whether a token is not the current one any more."""
        return token.number < self.lines[token.sid].counter

    def can_refresh(self, token: Held) -> bool:
        """Say whether a token is the current one of a session that surely lives."""
        line = self.lines[token.sid]
        return token.number == line.counter and not self.is_over(line)

    def present(self, token: Held) -> Held | None:
        """Refresh, and hold the answer against the model."""
        line, since = self.lines[token.sid], self.place.now()
        try:
            pair = self.ran(lambda: self.house.kit.rotate(token.text))
        except InvalidGrantError:
            self.check_refusal(line, token, since=since, until=self.place.now())
            return None
        assert not line.is_over(since), "a session that was over gave tokens"
        if token.number >= line.counter:
            self.spend(line, token.number)
        else:
            spent_at = line.spent.get(token.number)
            assert spent_at is not None, "a thief went unseen"
            assert since - spent_at < GRACE, "a thief went unseen"
        assert pair.session.counter == line.counter
        return self.held(pair)

    def check_refusal(self, line: Line, token: Held, *, since: float, until: float) -> None:
        """Refused: over, or spent longer ago than the window, or no longer known."""
        over = line.is_over(until)
        late = not line.must_answer(token.number, since=since, until=until)
        assert over or late, "somebody was logged out by a race"
        if not line.is_over(since):
            # By its row where it may have run out meanwhile, or been taken for a theft.
            line.over = not over or self.row(token.sid).revoked_at is not None

    def spend(self, line: Line, number: int) -> None:
        """Note that a token was spent, and when by the store's clock."""
        row = self.row(line.sid)
        line.spent[number] = line.used = row.last_seen_at
        line.counter = number + 1
        assert row.counter == line.counter

    def named(self) -> Named:
        """Return what there is to be copied."""
        subjects = frozenset(line.subject for line in self.lines.values())
        return Named(self.house.kit.realm, frozenset(self.lines), subjects)

    def is_refused(self, raw: str) -> bool:
        """Say whether an access token is refused now."""
        while True:
            try:
                self.ran(lambda: self.house.kit.verify(raw))
            except RevocationsStaleError:
                continue  # a busy machine, that has not read the feed yet; it goes on reading
            except InvalidTokenError:
                return True
            return False

    def row(self, sid: str) -> Session:
        """Return a row that must be there."""
        row = self.find(sid)
        assert row is not None
        return row

    def find(self, sid: str) -> Session | None:
        """Return the stored row."""
        found = self.ran(lambda: self.place.sessions.find(self.house.kit.realm, sid))
        return None if found is None else found.session
