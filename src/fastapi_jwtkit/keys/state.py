"""The life of a key: next, active, retired, gone; and revoked, from which none returns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum

from fastapi_jwtkit.errors import InvalidKeyError

__all__ = ["KeyState", "check_revoked_stay", "check_states"]


class KeyState(StrEnum):
    """What a key in a ring is for now."""

    NEXT = "next"
    """Published, so that every verifier knows it before it signs."""
    ACTIVE = "active"
    """Signs; one at a time."""
    RETIRED = "retired"
    """Verifies what it signed, until that has expired."""
    REVOKED = "revoked"
    """Verifies nothing, for good. Kept so that it cannot come back."""


def check_states(entries: Iterable[tuple[str, KeyState]], *, noun: str) -> None:
    """Refuse an id that comes twice, and entries of which not exactly one is active.

    No entries at all are fine: that is a ring that was not loaded yet.

    Raises:
        InvalidKeyError: one of the two.
    """
    pairs = list(entries)
    twice = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
    if twice:
        raise InvalidKeyError(
            f"The {noun} {twice[0]} is in its ring twice.",
            why="An id must find one key with one algorithm and one state (RFC 8725 3.1).",
            fix="Remove one of the two.",
            docs="how-to/rotate-keys/",
        )
    active = sum(state is KeyState.ACTIVE for _, state in pairs)
    if pairs and active != 1:
        raise InvalidKeyError(
            f"The ring has {active} active {noun}s.",
            why="Exactly one signs; which of several it is must not be a matter of luck.",
            fix=f'Give one {noun} the state "active"; the others are next, retired or revoked.',
            docs="how-to/rotate-keys/",
        )


def check_revoked_stay(
    before: Iterable[tuple[str, KeyState]], after: Iterable[tuple[str, KeyState]], *, noun: str
) -> None:
    """Refuse a change that would bring a revoked key back to life.

    Raises:
        InvalidKeyError: one that is revoked has another state afterwards.
    """
    revoked = {name for name, state in before if state is KeyState.REVOKED}
    for name, state in after:
        if name in revoked and state is not KeyState.REVOKED:
            raise InvalidKeyError(
                f"The {noun} {name} is revoked and cannot become {state} again.",
                why="It was revoked because somebody else may have it.",
                fix="Leave it revoked and generate a new one.",
                docs="how-to/rotate-keys/",
            )
