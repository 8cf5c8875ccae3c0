"""Random histories of one session against a plain model.

The property: whoever presents a token that is unspent, or was spent less than the grace
window ago, is never refused while the row survives; a token presented later than that
after it was spent ends the session. The store's clock may differ by up to 5 s.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, consumes, initialize, invariant, multiple, rule

from fastapi_jwtkit.errors import InvalidGrantError, InvalidScopeError, StoreUnavailableError
from fastapi_jwtkit.records import TokenPair
from rotation_driver import RotationDriver
from rotation_model import Held

WHICH = st.integers(0, 11)


class Rotation(RotationDriver):
    """Logins, races, lost answers, thieves and a store that is restored from a backup."""

    tokens = Bundle("tokens")
    backups = Bundle("backups")

    @initialize(target=tokens)
    def start(self) -> Held:
        """Log in: a history begins with a session."""
        return self.open(None)

    @rule(target=tokens, scopes=st.sampled_from([None, frozenset({"tasks:read"})]))
    def log_in(self, scopes: frozenset[str] | None) -> Held:
        """Open a session."""
        return self.open(scopes)

    @rule(target=tokens, token=tokens)
    def refresh(self, token: Held) -> Any:
        """Present any token that anybody ever held, of sessions that are long over too."""
        return self.presented(token)

    @rule(target=tokens, which=WHICH)
    def refresh_as_the_owner(self, which: int) -> Any:
        """Present the newest token of a session, as most clients do most of the time."""
        token = self.one_of(self.newest.values(), which)
        return multiple() if token is None else self.presented(token)

    @rule(target=tokens, which=WHICH)
    def refresh_as_a_thief_or_a_straggler(self, which: int) -> Any:
        """Present a token that was spent, of a session that lives."""
        token = self.one_of((held for held in self.ever if self.is_spent(held)), which)
        return multiple() if token is None else self.presented(token)

    def presented(self, token: Held) -> Any:
        """Return the successor, if there is one, for the bundle."""
        successor = self.present(token)
        return multiple() if successor is None else successor

    @rule(which=WHICH)
    def refresh_and_lose_the_answer(self, which: int) -> None:
        """The server spends the token and the client never hears of it."""
        token = self.one_of(self.newest.values(), which)
        if token is not None:
            self.present(token)
            self.newest[token.sid] = token

    @rule(target=tokens, which=WHICH, others=st.integers(1, 4))
    def race(self, which: int, others: int) -> Any:
        """Several tabs present one token at the same time: all get the same successor."""
        token = self.one_of(filter(self.can_refresh, self.newest.values()), which)
        if token is None:
            return multiple()

        kit = self.house.kit

        async def together() -> list[TokenPair | BaseException]:
            calls = [self.answered(lambda: kit.rotate(token.text)) for _ in range(others + 1)]
            return await asyncio.gather(*calls, return_exceptions=True)

        answers = self.ran(together)
        pairs = [answer for answer in answers if isinstance(answer, TokenPair)]
        assert len(pairs) == others + 1, "somebody was logged out by a race"
        assert len({pair.refresh_token for pair in pairs}) == 1
        self.spend(self.lines[token.sid], token.number)
        return self.held(pairs[0])

    @rule(token=tokens)
    def ask_for_too_much(self, token: Held) -> None:
        """A wider scope is refused, and nothing is consumed."""
        if not self.can_refresh(token):
            return
        before = self.row(token.sid)
        try:
            self.ran(lambda: self.house.kit.rotate(token.text, scopes=frozenset({"tasks:admin"})))
        except InvalidScopeError:
            assert self.row(token.sid) == before
        else:
            raise AssertionError("a wider scope was granted")

    @rule(target=tokens, token=tokens)
    def narrow(self, token: Held) -> Any:
        """A narrower access token leaves the grant of the session as it is."""
        if not self.can_refresh(token):
            return multiple()
        before = self.row(token.sid)
        pair = self.ran(lambda: self.house.kit.rotate(token.text, scopes=frozenset({"tasks:read"})))
        assert pair.scope == {"tasks:read"}
        assert pair.session.scope == before.scope
        self.spend(self.lines[token.sid], token.number)
        return self.held(pair)

    @rule(seconds=st.one_of(*(st.floats(0, most) for most in (20, 40, 60, 5_000, 20_000))))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.place.step(seconds)

    @rule(skew=st.floats(-2, 2))
    def fail_over_to_another_clock(self, skew: float) -> None:
        """The store now runs on a machine whose clock differs a little."""
        self.place.skew(skew)

    @rule(target=backups)
    def back_up(self) -> Any:
        """Keep a copy of all rows."""
        model = {sid: replace(line, spent=dict(line.spent)) for sid, line in self.lines.items()}
        return self.ran(lambda: self.place.back_up(self.named())), model

    @rule(backup=consumes(backups))
    def rewind_the_store(self, backup: Any) -> None:
        """Restore the copy: rotations and ends since then are forgotten by the rows."""
        rows, model = backup
        revoked = {sid for sid, line in self.lines.items() if line.over}
        self.ran(lambda: self.place.restore(self.named(), rows))
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
        proof = self.ran(lambda: self.house.kit.prove_refresh(token.text))
        assert proof.sid == token.sid
        self.ran(lambda: self.house.kit.close(proof))
        self.lines[token.sid].over = True

    @rule()
    def change_roles(self) -> None:
        """Access tokens of all live sessions die, the sessions live."""
        subjects = {line.subject for line in self.lines.values()}
        for subject in subjects:
            lines = (line for line in self.lines.values() if line.subject == subject)
            live = {line.sid for line in lines if not self.is_over(line)}
            listed = {row.sid for row in self.ran(partial(self.house.kit.list_sessions, subject))}
            assert live <= listed
            assert self.ran(partial(self.house.kit.expire_claims, subject)) == len(listed)
        for sid, raw in list(self.access.items()):
            assert self.is_refused(raw), f"the claims of {sid} outlived a role change"
        self.access.clear()

    @rule(token=tokens)
    def refresh_while_users_cannot_be_read(self, token: Held) -> None:
        """A user store that fails logs nobody out, and consumes nothing."""
        line, since, before = self.lines[token.sid], self.place.now(), self.find(token.sid)
        self.users.broken = True
        try:
            self.ran(lambda: self.house.kit.rotate(token.text))
        except InvalidGrantError:
            self.check_refusal(line, token, since=since, until=self.place.now())
        except StoreUnavailableError:
            assert self.find(token.sid) == before
        else:
            raise AssertionError("tokens were made for a user whom nobody could read")
        finally:
            self.users.broken = False

    @rule(text=st.text(max_size=150))
    def forge(self, text: str) -> None:
        """A forged token revokes nothing."""
        before = {sid: self.find(sid) for sid in self.lines}
        try:
            self.ran(lambda: self.house.kit.rotate(text))
        except InvalidGrantError:
            assert {sid: self.find(sid) for sid in self.lines} == before
        else:
            raise AssertionError("a forged token was accepted")

    @invariant()
    def access_tokens_live_and_die_with_their_sessions(self) -> None:
        """The newest access token of a dead session is refused."""
        for sid, raw in list(self.access.items()):
            if self.lines[sid].over:
                assert self.is_refused(raw), "an access token outlived its session"
                del self.access[sid]
