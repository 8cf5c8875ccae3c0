"""Random histories of one session against a plain model.

The property: whoever presents a token that is unspent, or was spent less than the grace
window ago, is never refused while the row survives; a token presented later than that
after it was spent ends the session. The store's clock may differ by up to 5 s.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from clocks import FakeClock
from fastapi_jwtkit.errors import (
    InvalidGrantError,
    InvalidScopeError,
    InvalidTokenError,
    StoreUnavailableError,
)
from fastapi_jwtkit.records import Session, TokenPair
from fastapi_jwtkit.stores.memory import MemorySessionStore
from kits import House, credentials
from rotation_model import ABSOLUTE, GRACE, IDLE, SLACK, FlakyUsers, Held, Line, SkewedClock

Answer = TypeVar("Answer")


class Rotation(RuleBasedStateMachine):
    """Logins, races, lost answers, thieves and a store that is restored from a backup."""

    tokens = Bundle("tokens")
    backups = Bundle("backups")

    @initialize()
    def start(self) -> None:
        """Make a kit on real parts."""
        self.runner = asyncio.Runner()
        self.clock = FakeClock()
        self.store_clock = SkewedClock(self.clock)
        self.store = MemorySessionStore(clock=self.store_clock)
        self.users = FlakyUsers()
        self.house = House(
            clock=self.clock,
            parts={"sessions": self.store, "users": self.users},
            grace=GRACE,
            idle_ttl=IDLE,
            absolute_ttl=ABSOLUTE,
        )
        self.lines: dict[str, Line] = {}
        self.access: dict[str, str] = {}
        self.ran(self.house.kit.register(credentials()))

    def teardown(self) -> None:
        """End the follower and the loop."""
        if hasattr(self, "runner"):
            self.ran(self.house.kit.stop())
            self.runner.close()

    def ran(self, answer: Awaitable[Answer]) -> Answer:
        """Run one request."""

        async def request() -> Answer:
            return await answer

        return self.runner.run(request())

    def held(self, pair: TokenPair) -> Held:
        """Return what the client now holds."""
        self.access[pair.session.sid] = pair.access_token
        return Held(pair.session.sid, pair.session.counter, pair.refresh_token)

    @rule(target=tokens, scopes=st.sampled_from([None, frozenset({"tasks:read"})]))
    def log_in(self, scopes: frozenset[str] | None) -> Any:
        """Open a session."""
        try:
            pair = self.ran(self.house.kit.login(credentials(), scopes=scopes))
        except StoreUnavailableError:
            assert self.users.broken
            return multiple()
        now = self.store_clock.now()
        sid = pair.session.sid
        self.lines[sid] = Line(sid, pair.session.subject, born=now, used=now)
        return self.held(pair)

    @rule(target=tokens, token=tokens)
    def refresh(self, token: Held) -> Any:
        """Present any token that anybody ever held: the owner, a second tab, a thief."""
        return self.present(token)

    @rule(token=tokens)
    def refresh_and_lose_the_answer(self, token: Held) -> None:
        """The server spends the token and the client never hears of it."""
        self.present(token)

    @rule(target=tokens, token=tokens, others=st.integers(1, 4))
    def race(self, token: Held, others: int) -> Any:
        """Several tabs present one token at the same time: all get the same successor."""
        line, now = self.lines[token.sid], self.store_clock.now()
        alive = not line.is_over(now) and not self.users.broken
        if not alive or line.counter != token.number:
            return multiple()

        async def together() -> list[TokenPair]:
            calls = [self.house.kit.rotate(token.text) for _ in range(others + 1)]
            return await asyncio.gather(*calls)

        pairs = self.runner.run(together())
        assert len({pair.refresh_token for pair in pairs}) == 1
        self.spend(line, token.number, now)
        line.replays = others
        return self.held(pairs[0])

    def present(self, token: Held) -> Any:
        """Refresh, and hold the answer against the model."""
        line, now = self.lines[token.sid], self.store_clock.now()
        over = line.is_over(now)
        spent_at = line.spent.get(token.number)
        known = spent_at is not None and line.counter - token.number <= 8
        try:
            pair = self.ran(self.house.kit.rotate(token.text))
        except StoreUnavailableError:
            assert self.users.broken
            return multiple()
        except InvalidGrantError:
            # Refused: over, or spent longer ago than the window, or no longer known.
            current = token.number >= line.counter
            early = known and spent_at is not None and -SLACK <= now - spent_at < GRACE
            assert over or not (current or early), "somebody was logged out by a race"
            if not over:
                line.over = True
            return multiple()
        assert not over, "a session that was over gave tokens"
        if token.number >= line.counter:
            self.spend(line, token.number, now)
        else:
            assert spent_at is not None, "a thief went unseen"
            assert now - spent_at < GRACE, "a thief went unseen"
        assert pair.session.counter == line.counter
        return self.held(pair)

    def spend(self, line: Line, number: int, now: float) -> None:
        """Note that a token was spent."""
        line.spent[number] = now
        line.counter = number + 1
        line.used = now

    @rule(token=tokens)
    def ask_for_too_much(self, token: Held) -> None:
        """A wider scope is refused, and nothing is consumed."""
        line, now = self.lines[token.sid], self.store_clock.now()
        if line.is_over(now) or self.users.broken or token.number != line.counter:
            return
        before = self.row(token.sid)
        try:
            self.ran(self.house.kit.rotate(token.text, scopes=frozenset({"tasks:admin"})))
        except InvalidScopeError:
            assert self.row(token.sid) == before
        else:
            raise AssertionError("a wider scope was granted")

    @rule(target=tokens, token=tokens)
    def narrow(self, token: Held) -> Any:
        """A narrower access token leaves the grant of the session as it is."""
        line, now = self.lines[token.sid], self.store_clock.now()
        if line.is_over(now) or self.users.broken or token.number != line.counter:
            return multiple()
        before = self.row(token.sid)
        pair = self.ran(self.house.kit.rotate(token.text, scopes=frozenset({"tasks:read"})))
        assert pair.scope == {"tasks:read"}
        assert pair.session.scope == before.scope
        self.spend(line, token.number, now)
        return self.held(pair)

    @rule(seconds=st.one_of(st.floats(0, 60), st.floats(0, 20_000)))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.step(seconds)

    @rule(skew=st.floats(-2, 2))
    def fail_over_to_another_clock(self, skew: float) -> None:
        """The store now runs on a machine whose clock differs a little."""
        self.store_clock.skew = skew

    @rule(target=backups)
    def back_up(self) -> Any:
        """Keep a copy of all rows."""
        model = {sid: replace(line, spent=dict(line.spent)) for sid, line in self.lines.items()}
        return dict(self.store._rows), model

    @rule(backup=consumes(backups))
    def rewind_the_store(self, backup: Any) -> None:
        """Restore the copy: rotations and ends since then are forgotten by the rows."""
        rows, model = backup
        revoked = {sid for sid, line in self.lines.items() if line.over}
        self.store._rows.clear()
        self.store._rows.update(rows)
        for sid, line in self.lines.items():
            restored = model.get(sid)
            self.access.pop(sid, None)  # what a lost row had given lives out its minutes
            if restored is None:
                line.over = True
                continue
            # The feed still knows of what ended within the life of its entries; the
            # model follows it by asking, so only the row's part is restored here.
            fed = self.house.kit._assembly.revocations.known.is_session_revoked(sid)
            self.lines[sid] = replace(
                restored, spent=dict(restored.spent), over=restored.over or (sid in revoked and fed)
            )

    @rule(token=tokens)
    def log_out(self, token: Held) -> None:
        """A spent token still ends its own session, again and again."""
        proof = self.ran(self.house.kit.prove_refresh(token.text))
        assert proof.sid == token.sid
        self.ran(self.house.kit.close(proof))
        self.lines[token.sid].over = True

    @rule()
    def change_roles(self) -> None:
        """Access tokens of all live sessions die, the sessions live."""
        now = self.store_clock.now()
        subjects = {line.subject for line in self.lines.values()}
        for subject in subjects:
            lines = (line for line in self.lines.values() if line.subject == subject)
            live = {line.sid for line in lines if not line.is_over(now)}
            listed = {row.sid for row in self.ran(self.house.kit.list_sessions(subject))}
            assert live <= listed
            assert self.ran(self.house.kit.expire_claims(subject)) == len(listed)
        for sid, raw in list(self.access.items()):
            assert self.is_refused(raw), f"the claims of {sid} outlived a role change"
        self.access.clear()

    @rule(broken=st.booleans())
    def switch_the_user_store(self, broken: bool) -> None:
        """A user store that fails logs nobody out."""
        self.users.broken = broken

    @rule(text=st.text(max_size=150))
    def forge(self, text: str) -> None:
        """A forged token revokes nothing."""
        before = dict(self.store._rows)
        try:
            self.ran(self.house.kit.rotate(text))
        except InvalidGrantError:
            assert self.store._rows == before
        else:
            raise AssertionError("a forged token was accepted")

    @invariant()
    def access_tokens_live_and_die_with_their_sessions(self) -> None:
        """The newest access token of a dead session is refused."""
        for sid, raw in list(getattr(self, "access", {}).items()):
            if self.lines[sid].over:
                assert self.is_refused(raw), "an access token outlived its session"
                del self.access[sid]

    def is_refused(self, raw: str) -> bool:
        """Say whether an access token is refused now."""
        try:
            self.ran(self.house.kit.verify(raw))
        except InvalidTokenError:
            return True
        return False

    def row(self, sid: str) -> Session:
        """Return the stored row."""
        return self.store._rows[self.house.kit.realm, sid]


Rotation.TestCase.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, print_blob=True
)
TestRotation = Rotation.TestCase
