"""Each event is told by what it is about, once, with the fields that its table promises."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from account_pages import opened
from event_stage import Stage
from every_event import WAYS
from fastapi_jwtkit.event_table import EVENTS, EventForm
from fastapi_jwtkit.events import AuthEvent, EventName

PACKAGE = Path(__file__).parents[2] / "src" / "fastapi_jwtkit"
TOLD = ("reason", "subject", "session_id", "ip", "user_agent")
"""The fields that an event may leave empty."""
SOMETIMES_UNKNOWN = {
    EventName.LOGIN_FAILED: {"subject", "ip", "user_agent"},
    EventName.REFRESH_FAILED: {"session_id"},
    EventName.CSRF_FAILED: {"session_id"},
    EventName.TOKEN_REFUSED: {"subject", "session_id"},
    EventName.TOKEN_REVOKED_USED: set(),
    EventName.USER_CREATED: {"subject"},
    EventName.RESET_REQUESTED: {"subject"},
    EventName.VERIFICATION_REQUESTED: {"subject"},
    EventName.LINK_REFUSED: {"subject"},
}
"""What is empty here and there in the tests, for the reason that the reference gives."""


def said(event: AuthEvent) -> set[str]:
    """Return the fields that say something."""
    return {name for name in TOLD if getattr(event, name)}


def fits(event: AuthEvent, form: EventForm) -> None:
    """Assert that an event says what its form promises, and nothing else."""
    assert said(event) <= set(form.fields), event
    expected = set(form.fields) - SOMETIMES_UNKNOWN.get(event.name, set())
    if event.outcome:
        expected -= set() if event.name is EventName.SESSION_ENDED else {"reason"}
        assert set(event.detail) == set(form.detail), event
    else:
        assert set(event.detail) <= set(form.detail), event
    assert said(event) >= expected, event
    assert ("success" if event.outcome else "failure") in form.outcomes


@pytest.mark.std(24)
@pytest.mark.parametrize("name", EventName, ids=lambda name: name.name.lower())
async def test_an_event_is_told_with_what_its_table_promises(name: EventName) -> None:
    """Both outcomes where it has two, by HTTP where there is a route."""
    way, expected = WAYS[name]
    async with opened(Stage()) as stage:
        await stage.begin()
        stage.heard.events.clear()
        await way(stage)
        await stage.kit.accounts.drain()
        events = stage.heard.of(name)
    assert [(event.outcome, event.reason) for event in events] == expected
    for event in events:
        fits(event, EVENTS[name])
        assert event.realm == stage.kit.realm
        assert event.time == pytest.approx(stage.clock.now(), abs=1_000)
        if event.subject is not None:
            assert event.subject in {stage.user_id, "gone"} or name is EventName.USER_CREATED
        if event.ip is not None:
            assert event.ip == "127.0.0.1"
            assert event.user_agent is not None
            assert event.user_agent.startswith("python-httpx")
    assert {"success" if event.outcome else "failure" for event in events} == set(
        EVENTS[name].outcomes
    )


def test_every_name_has_a_form_and_a_way() -> None:
    """Add both with the name: see event_table.py and every_event.py."""
    assert set(EVENTS) == set(EventName)
    assert set(WAYS) == set(EventName)


def test_each_outcome_has_an_opposite_or_is_about_nothing_that_could_go_well() -> None:
    """Who counts logins can count those that failed."""
    alone = {
        name for name, form in EVENTS.items() if form.opposite is None and len(form.outcomes) == 1
    }
    assert alone == {
        # A good access token is no event: that is nearly every request.
        EventName.TOKEN_REFUSED,
        EventName.TOKEN_REVOKED_USED,
        EventName.ACCESS_DENIED,
        EventName.THROTTLED,
        EventName.CSRF_FAILED,
        EventName.LINK_REFUSED,  # opening one well is what the link was for
        EventName.MAIL_FAILED,  # what asked for the mail is the event
        EventName.REPLAY_STREAK,
        EventName.SESSION_STORE_BEHIND,
        EventName.PASSWORD_UPGRADED,  # tried again at the next login
    }
    for name, form in EVENTS.items():
        if form.opposite is not None:
            assert set(form.outcomes).isdisjoint(EVENTS[form.opposite].outcomes), name


def test_each_event_is_told_in_one_place() -> None:
    """Whoever changes what it says finds all of it."""
    places: Counter[str] = Counter()
    for path in PACKAGE.rglob("*.py"):
        if path.name in {"events.py", "event_table.py"}:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "EventName":
                places[node.attr] += 1
    assert places == Counter(name.name for name in EventName)
