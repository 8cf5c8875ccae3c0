"""What a presented refresh token means, decided without I/O."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_jwtkit.records import FoundSession, Session
from fastapi_jwtkit.sessions.rotation import Presented, Verdict, classify

NOW = 1_000_000.0
GRACE = 30.0
ROW = Session(
    realm="r",
    sid="s",
    line=b"l" * 16,
    subject="1",
    client_id="c",
    scope=None,
    audience=("a",),
    transport="bearer",
    auth_time=0,
    amr=("pwd",),
    created_at=NOW - 100,
    absolute_expiry=NOW + 1_000,
    idle_expiry=NOW + 500,
    counter=10,
    mac_key_id="00",
    spent=(NOW - 90, NOW - 60, NOW - 31, NOW - 29, NOW - 3),
    last_seen_at=NOW - 3,
)


def presented(counter: int, **changes: object) -> Presented:
    """Return a token of the row, changed as asked."""
    values = {"line": ROW.line, "client_id": "c", "transport": "bearer"} | changes
    return Presented(counter=counter, **values)  # type: ignore[arg-type]


def verdict(
    counter: int, *, row: Session = ROW, grace: float = GRACE, **changes: object
) -> Verdict:
    """Classify a token against a row."""
    found = FoundSession(session=row, now=NOW)
    return classify(found, presented(counter, **changes), grace=grace).verdict


def test_the_current_token_is_live() -> None:
    """It was never spent."""
    assert verdict(10) is Verdict.LIVE


def test_a_token_newer_than_the_row_is_rolled_forward() -> None:
    """Its MAC says that we issued it, so the store lost writes."""
    decision = classify(FoundSession(session=ROW, now=NOW), presented(12), grace=GRACE)
    assert decision.verdict is Verdict.LIVE
    assert decision.behind


def test_a_straggler_two_rotations_behind_is_a_replay() -> None:
    """It was spent 29 s ago, and its sibling 3 s ago."""
    assert verdict(9) is Verdict.REPLAY
    assert verdict(8) is Verdict.REPLAY


def test_a_token_spent_longer_ago_than_the_window_is_reuse() -> None:
    """31 s is too long, and so is what the row no longer knows."""
    assert verdict(7) is Verdict.REUSE
    assert verdict(4) is Verdict.REUSE
    assert verdict(0) is Verdict.REUSE


def test_an_unknown_spend_time_is_reuse() -> None:
    """0.0 stands for a number that was skipped."""
    assert verdict(9, row=replace(ROW, spent=(NOW - 1, 0.0))) is Verdict.REUSE


def test_without_a_grace_window_every_spent_token_is_reuse() -> None:
    """Grace 0 is strict, even for a spend time in the future."""
    assert verdict(9, grace=0) is Verdict.REUSE
    assert verdict(9, row=replace(ROW, spent=(NOW + 2,)), grace=0) is Verdict.REUSE


def test_a_spend_time_in_the_near_future_is_a_replay() -> None:
    """A store that failed over may run on a clock that is 5 s behind, not more."""
    assert verdict(9, row=replace(ROW, spent=(NOW + 4.9,))) is Verdict.REPLAY
    assert verdict(9, row=replace(ROW, spent=(NOW + 5.1,))) is Verdict.REUSE


@pytest.mark.parametrize(
    ("row", "changes", "reason"),
    [
        (replace(ROW, revoked_at=NOW), {}, "session_revoked"),
        (replace(ROW, absolute_expiry=NOW), {}, "session_expired"),
        (replace(ROW, idle_expiry=NOW), {}, "session_idle"),
        (ROW, {"line": b"x" * 16}, "session_of_another_line"),
        (ROW, {"client_id": "d"}, "session_of_another_client"),
        (ROW, {"transport": "cookie"}, "session_of_another_transport"),
    ],
)
@pytest.mark.parametrize("counter", [9, 10, 11, 3])
def test_what_is_not_of_a_live_session_is_dead(
    row: Session, changes: dict[str, object], reason: str, counter: int
) -> None:
    """Refused without changing anything, whatever its number."""
    found = FoundSession(session=row, now=NOW)
    decision = classify(found, presented(counter, **changes), grace=GRACE)
    assert (decision.verdict, decision.reason) == (Verdict.DEAD, reason)


def test_no_row_is_dead() -> None:
    """A session that the store does not know grants nothing."""
    assert classify(None, presented(1), grace=GRACE).reason == "session_unknown"


@given(
    counter=st.integers(0, 60),
    spent=st.lists(st.floats(NOW - 200, NOW + 10), max_size=8),
    presented_counter=st.integers(0, 70),
    grace=st.floats(0, 300),
)
def test_the_property_of_the_rotation_holds(
    counter: int, spent: list[float], presented_counter: int, grace: float
) -> None:
    """Unspent or spent within the window: never refused. Spent longer ago: reuse."""
    spent = spent[:counter]
    row = replace(ROW, counter=counter, spent=tuple(spent))
    said = verdict(presented_counter, row=row, grace=grace)
    ago = counter - presented_counter
    if ago <= 0:
        assert said is Verdict.LIVE
    elif ago > len(spent):
        assert said is Verdict.REUSE
    elif -5 <= NOW - spent[-ago] < grace and grace > 0:
        assert said is Verdict.REPLAY
    else:
        assert said is Verdict.REUSE
