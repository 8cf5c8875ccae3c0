"""What each event looks like: how grave it is, what it says, and how its failure is told.

The one table behind the reference page, the level of a line of JSON, and the labels of
metrics, which have to be few.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from fastapi_jwtkit.events import EventName

__all__ = ["EVENTS", "EventForm", "Level"]


class Level(StrEnum):
    """How grave an event is, by the words of the OWASP Logging Vocabulary."""

    INFO = "INFO"
    WARN = "WARN"
    CRITICAL = "CRITICAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventForm:
    """How one event reads.

    Attributes:
        outcomes: ``success``, ``failure`` or both.
        fields: what it may say beside its name, time, realm and outcome; a field is empty
            where nobody knows it.
        detail: what may be in ``detail``.
        opposite: which event tells the other outcome, where it is not this one.
        level: where it is not INFO for a success and WARN for a failure.
    """

    outcomes: tuple[str, ...]
    fields: tuple[str, ...]
    detail: tuple[str, ...] = ()
    opposite: EventName | None = None
    level: Level | None = None


_GOOD, _BAD, _BOTH = ("success",), ("failure",), ("success", "failure")
_DEVICE = ("ip", "user_agent")
_WHO = ("subject", *_DEVICE)
_SESSION = ("subject", "session_id", *_DEVICE)
_N = EventName

EVENTS: Mapping[EventName, EventForm] = MappingProxyType(
    {
        _N.LOGIN_SUCCEEDED: EventForm(
            outcomes=_GOOD,
            fields=_SESSION,
            detail=("amr", "transport"),
            opposite=_N.LOGIN_FAILED,
        ),
        _N.LOGIN_FAILED: EventForm(
            outcomes=_BAD,
            fields=("reason", *_WHO),
            detail=("amr",),
            opposite=_N.LOGIN_SUCCEEDED,
        ),
        _N.THROTTLED: EventForm(outcomes=_BAD, fields=("reason", *_DEVICE), detail=("action",)),
        _N.CSRF_FAILED: EventForm(outcomes=_BAD, fields=("reason", "session_id")),
        _N.LOGOUT_FAILED: EventForm(outcomes=_BAD, fields=("reason",), opposite=_N.SESSION_ENDED),
        _N.TOKEN_REFUSED: EventForm(outcomes=_BAD, fields=("reason", *_SESSION)),
        _N.TOKEN_REVOKED_USED: EventForm(outcomes=_BAD, fields=("reason", *_SESSION)),
        _N.TOKEN_REUSED: EventForm(
            outcomes=_BAD,
            fields=("reason", *_SESSION),
            opposite=_N.REFRESH_REPLAYED,
            level=Level.CRITICAL,
        ),
        _N.REFRESH_SUCCEEDED: EventForm(
            outcomes=_GOOD, fields=_SESSION, opposite=_N.REFRESH_FAILED
        ),
        _N.REFRESH_FAILED: EventForm(
            outcomes=_BAD,
            fields=("reason", "session_id", *_DEVICE),
            opposite=_N.REFRESH_SUCCEEDED,
        ),
        _N.REFRESH_REPLAYED: EventForm(
            outcomes=_GOOD,
            fields=_SESSION,
            detail=("replays", "other_user_agent"),
            opposite=_N.TOKEN_REUSED,
        ),
        _N.REPLAY_STREAK: EventForm(
            outcomes=_GOOD, fields=_SESSION, detail=("streak",), level=Level.WARN
        ),
        _N.SESSION_STORE_BEHIND: EventForm(outcomes=_GOOD, fields=_SESSION, level=Level.WARN),
        _N.SESSION_CREATED: EventForm(outcomes=_GOOD, fields=_SESSION, opposite=_N.LOGIN_FAILED),
        _N.SESSION_ENDED: EventForm(
            outcomes=_GOOD,
            fields=("reason", "subject", "session_id"),
            opposite=_N.SESSION_END_FAILED,
        ),
        _N.SESSION_END_FAILED: EventForm(
            outcomes=_BAD,
            fields=("reason", "subject", "session_id"),
            detail=("ended_for",),
            opposite=_N.SESSION_ENDED,
            level=Level.CRITICAL,
        ),
        _N.CLAIMS_EXPIRED: EventForm(
            outcomes=_BOTH, fields=("reason", "subject"), detail=("sessions",)
        ),
        _N.SUBJECT_ERASED: EventForm(
            outcomes=_BOTH, fields=("reason", "subject"), detail=("rows",)
        ),
        _N.USER_CREATED: EventForm(outcomes=_BOTH, fields=("reason", *_WHO)),
        _N.PASSWORD_UPGRADED: EventForm(outcomes=_GOOD, fields=("subject",)),
        _N.PASSWORD_CHANGED: EventForm(
            outcomes=_GOOD, fields=_WHO, detail=("how",), opposite=_N.PASSWORD_CHANGE_FAILED
        ),
        _N.PASSWORD_CHANGE_FAILED: EventForm(
            outcomes=_BAD,
            fields=("reason", *_WHO),
            detail=("how",),
            opposite=_N.PASSWORD_CHANGED,
        ),
        _N.RESET_REQUESTED: EventForm(outcomes=_BOTH, fields=("reason", *_WHO)),
        _N.REAUTHENTICATED: EventForm(
            outcomes=_GOOD, fields=_WHO, opposite=_N.REAUTHENTICATION_FAILED
        ),
        _N.REAUTHENTICATION_FAILED: EventForm(
            outcomes=_BAD, fields=("reason", *_WHO), opposite=_N.REAUTHENTICATED
        ),
        _N.LINK_REFUSED: EventForm(outcomes=_BAD, fields=("reason", "subject")),
        _N.VERIFICATION_REQUESTED: EventForm(outcomes=_BOTH, fields=("reason", *_WHO)),
        _N.EMAIL_VERIFIED: EventForm(outcomes=_GOOD, fields=_WHO, opposite=_N.LINK_REFUSED),
        _N.EMAIL_CHANGE_REQUESTED: EventForm(
            outcomes=_GOOD, fields=_WHO, opposite=_N.REAUTHENTICATION_FAILED
        ),
        _N.EMAIL_CHANGED: EventForm(outcomes=_GOOD, fields=_WHO, opposite=_N.LINK_REFUSED),
        _N.USER_DISABLED: EventForm(outcomes=_BOTH, fields=("reason", "subject")),
        _N.USER_ENABLED: EventForm(outcomes=_BOTH, fields=("reason", "subject")),
        _N.USER_DELETED: EventForm(outcomes=_BOTH, fields=("reason", *_WHO)),
        _N.MAIL_FAILED: EventForm(outcomes=_BAD, fields=("reason",)),
        _N.KEYS_CHANGED: EventForm(outcomes=_BOTH, fields=("reason",), detail=("ring",)),
        _N.ACCESS_DENIED: EventForm(outcomes=_BAD, fields=("reason", *_SESSION)),
    }
)
