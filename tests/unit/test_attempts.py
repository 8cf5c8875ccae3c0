"""What each action counts, and what it leaves alone."""

from __future__ import annotations

from typing import get_args

import pytest

from clocks import FakeClock
from fastapi_jwtkit.accounts.attempts import Attempts
from fastapi_jwtkit.accounts.throttle import LimitsThrottle, read_rates
from fastapi_jwtkit.errors import ThrottledError
from fastapi_jwtkit.event_sinks import Events
from fastapi_jwtkit.records import Device
from fastapi_jwtkit.settings import Settings
from fastapi_jwtkit.stores.memory import MemoryCounterStore
from fastapi_jwtkit.throttling import Action

HOME, AWAY = Device(ip="198.51.100.7"), Device(ip="203.0.113.9")


class Door:
    """Attempts with a clock, and all their parts real."""

    def __init__(self, realm: str = "https://a.example", **limits: str) -> None:
        self.clock = FakeClock()
        self.counters = MemoryCounterStore(clock=self.clock)
        self.settings = Settings(env="dev", **limits)  # type: ignore[arg-type]  # checked there
        self.attempts = self.of(realm)

    def of(self, realm: str) -> Attempts:
        """Return what counts for a realm on the same counters."""
        return Attempts(
            LimitsThrottle(self.counters, read_rates(self.settings)),
            realm=realm,
            events=Events((), realm=realm, clock=self.clock),
        )

    async def count(
        self, action: Action, times: int, account: str | None = "ann", device: Device = HOME
    ) -> int:
        """Attempt so often, and say how often that was let in."""
        for done in range(times):
            try:
                await self.attempts.ensure(action, account=account, device=device)
            except ThrottledError as error:
                assert 0 < error.retry_after <= 3600  # noqa: PT017 - the loop goes on without one
                return done
        return times


@pytest.mark.parametrize(
    ("action", "let_in"),
    [
        ("login", 5),
        ("password_change", 5),
        ("email_change", 5),
        ("register", 30),
        ("forgot", 3),
        ("verify", 3),
        ("reset", 30),
        ("refresh_failed", 60),
    ],
)
async def test_each_action_has_a_limit_that_ends_by_itself(action: Action, let_in: int) -> None:
    """By default; after an hour everybody may try again."""
    door = Door()
    assert await door.count(action, 200) == let_in
    door.clock.step(3601)
    assert await door.count(action, 200) == let_in


def test_no_action_is_left_out() -> None:
    """The list above, and the refreshes of a session."""
    marks = test_each_action_has_a_limit_that_ends_by_itself.pytestmark  # type: ignore[attr-defined]
    listed = {action for action, _ in marks[0].args[1]}
    assert {*listed, "refresh"} == set(get_args(Action))


async def test_mails_are_counted_by_account_from_wherever_they_are_asked_for() -> None:
    """Nobody fills a mailbox; known and unknown alike, and each for itself."""
    door = Door()
    for n in range(3):
        assert await door.count("forgot", 1, device=Device(ip=f"203.0.113.{n}")) == 1
    assert await door.count("forgot", 1, device=HOME) == 0
    # Each kind for itself: whoever asks for what sends nothing must not stop a recovery.
    assert await door.count("verify", 4, device=HOME) == 3
    assert await door.count("forgot", 1, "nobody", AWAY) == 1
    # Without an account it is a token that is tried, and no mail.
    assert await door.count("verify", 25, None, AWAY) == 25


async def test_mails_and_registrations_are_never_taken_back() -> None:
    """Or an attacker would only have to succeed."""
    door = Door()
    for action in ("forgot", "register"):
        for _ in range(3):
            await door.attempts.ensure(action, account="ann", device=HOME)
            await door.attempts.succeed(action, account="ann", device=HOME)
    assert await door.count("forgot", 1) == 0
    assert await door.count("register", 200) == 27


async def test_who_guesses_with_a_stolen_session_does_not_touch_logins_nor_the_reverse() -> None:
    """Changing the password and the address are one count, logging in is another."""
    door = Door()
    assert await door.count("password_change", 3, device=AWAY) == 3
    assert await door.count("email_change", 3, device=AWAY) == 2
    assert await door.count("login", 10, device=AWAY) == 5
    await door.attempts.succeed("password_change", account="ann", device=AWAY)
    assert await door.count("email_change", 10, device=AWAY) == 5
    assert await door.count("login", 1, device=AWAY) == 0


async def test_a_right_proof_does_not_make_a_source_known() -> None:
    """Only a login does: a stolen session must not buy more guesses."""
    door = Door(throttle_account="2/hour")
    await door.attempts.ensure("password_change", account="ann", device=AWAY)
    await door.attempts.succeed("password_change", account="ann", device=AWAY)
    assert await door.count("login", 5, device=AWAY) == 2


async def test_a_source_is_known_for_ninety_days_and_to_one_account() -> None:
    """Then it is a stranger again."""
    door = Door(throttle_account="2/hour")
    await door.attempts.ensure("login", account="ann", device=HOME)
    await door.attempts.succeed("login", account="ann", device=HOME)
    assert await door.count("login", 9, device=HOME) == 5
    assert await door.count("login", 9, "bob", HOME) == 2
    door.clock.step(90 * 86_400 + 1)
    assert await door.count("login", 9, device=HOME) == 2


async def test_realms_count_apart() -> None:
    """On one server."""
    door = Door()
    assert await door.count("login", 9) == 5
    door.attempts = door.of("https://b.example")
    assert await door.count("login", 9) == 5


async def test_several_windows_hold_together() -> None:
    """Five in five minutes, and twenty in an hour all the same."""
    door = Door()
    let_in = 0
    for _ in range(10):
        let_in += await door.count("login", 9)
        door.clock.step(301)
    assert let_in == 20


async def test_what_is_withdrawn_was_never_made() -> None:
    """Whatever it counted; and more than was counted cannot be withdrawn."""
    door = Door()
    for _ in range(50):
        await door.attempts.ensure("login", account="ann", device=HOME)
        await door.attempts.withdraw("login", account="ann", device=HOME)
        await door.attempts.withdraw("login", account="ann", device=HOME)
    assert await door.count("login", 9) == 5


async def test_without_a_throttle_nothing_is_counted() -> None:
    """Every verb is there all the same."""
    events = Events((), realm="r", clock=FakeClock())
    attempts = Attempts(None, realm="r", events=events)
    for _ in range(50):
        await attempts.ensure("login", account="ann", device=HOME)
    await attempts.succeed("login", account="ann", device=HOME)
    await attempts.withdraw("login", account="ann", device=HOME)
