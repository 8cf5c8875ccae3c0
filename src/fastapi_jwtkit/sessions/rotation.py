"""What a presented refresh token means: a pure decision, no I/O and no clock.

The property it keeps: whoever presents a token that is unspent, or was spent less than
the grace window ago, is never refused while the row survives; a token presented later
than that after it was spent ends the session (RFC 9700 4.14.2).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from enum import StrEnum

from fastapi_jwtkit.records import MAX_USER_AGENT, Device, FoundSession, Session

__all__ = ["Decision", "Presented", "Verdict", "classify", "is_foreign"]

CLOCK_SLACK_SECONDS = 5.0
"""A spend time may lie this far in the future: stores fail over to other clocks."""


class Verdict(StrEnum):
    """What to do with a refresh token."""

    LIVE = "live"
    """It is current: rotate."""
    REPLAY = "replay"
    """It was spent a moment ago: a race or a lost answer. Hand out the successor again."""
    REUSE = "reuse"
    """It was spent long ago: two parties hold it. End the session."""
    DEAD = "dead"
    """Its session is over or it is not of this session: refuse, change nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """What a client presented, its MAC already checked.

    Attributes:
        line: from the token; must be the row's.
        counter: number of the token.
        client_id: the client that presents it.
        transport: the transport it came by.
    """

    line: bytes = field(repr=False)
    counter: int
    client_id: str
    transport: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The verdict, why, and whether the store lost writes.

    Attributes:
        reason: snake_case cause, for events.
        behind: the token is newer than the row, so the store forgot rotations
            (fail-over, restored backup); it is rolled forward.
    """

    verdict: Verdict
    reason: str = ""
    behind: bool = False


def classify(found: FoundSession | None, presented: Presented, *, grace: float) -> Decision:
    """Decide what a presented token means.

    Args:
        found: the row and the store's own time of reading; ``None``: there is none.
        presented: what the client presented.
        grace: seconds after its rotation in which a token is still answered.
    """
    if found is None:
        return Decision(verdict=Verdict.DEAD, reason="session_unknown")
    session = found.session
    dead = _reason_to_refuse(session, presented, now=found.now)
    if dead:
        return Decision(verdict=Verdict.DEAD, reason=dead)
    if presented.counter == session.counter:
        return Decision(verdict=Verdict.LIVE)
    if presented.counter > session.counter:
        # The MAC says we issued it, so it is the row that is old.
        return Decision(verdict=Verdict.LIVE, reason="store_behind", behind=True)
    spent_at = _spent_at(session, presented.counter) if grace > 0 else None
    if spent_at is not None and -CLOCK_SLACK_SECONDS <= found.now - spent_at < grace:
        return Decision(verdict=Verdict.REPLAY)
    return Decision(verdict=Verdict.REUSE, reason="refresh_token_reused")


def is_foreign(login: Device, replay: Device) -> bool:
    """Say whether a replay names another user agent than the login did."""
    if login.user_agent is None or replay.user_agent is None:
        return False
    return login.user_agent != replay.user_agent[:MAX_USER_AGENT]


def _reason_to_refuse(session: Session, presented: Presented, *, now: float) -> str:
    """Return the first reason that holds, in the order in which they are of interest."""
    reasons = {
        "session_revoked": session.revoked_at is not None,
        "session_expired": now >= session.absolute_expiry,
        "session_idle": now >= session.idle_expiry,
        "session_of_another_line": not hmac.compare_digest(session.line, presented.line),
        "session_of_another_client": session.client_id != presented.client_id,
        "session_of_another_transport": session.transport != presented.transport,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _spent_at(session: Session, counter: int) -> float | None:
    """Return when a token was spent, ``None`` where the row does not know (any more)."""
    rotations_ago = session.counter - counter
    if rotations_ago > len(session.spent):
        return None
    return session.spent[-rotations_ago] or None
