"""What becomes of the keys in a ring as time goes by: pure, for signing keys and secrets alike.

``next`` is known everywhere before it signs, ``retired`` verifies until what it signed
has expired; so nobody meets a key they cannot know, and nobody is logged out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from fastapi_jwtkit.errors import ConfigurationError, InvalidKeyError
from fastapi_jwtkit.keys.key_ring import RingKey
from fastapi_jwtkit.keys.secret_ring import RingSecret
from fastapi_jwtkit.keys.state import KeyState

__all__ = ["AnyKey", "RotationTimes", "forgotten", "revoked", "rotated"]

AnyKey = RingKey | RingSecret


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationTimes:
    """How long a key stays in the two states beside the active one.

    Attributes:
        publish_for: seconds that a key is known before it signs: longer than anybody may
            keep an older key set.
        keep_for: seconds that a key verifies after it signed: longer than anything lives
            that it signed.
    """

    publish_for: float
    keep_for: float

    def due_at(self, entry: AnyKey) -> float | None:
        """Return from when the next step is safe, in seconds since the epoch.

        For a next key: that it signs. For a retired or revoked one: that it is forgotten.
        The active key has none: it goes when another comes.
        """
        if entry.state is KeyState.ACTIVE:
            return None
        waits = self.publish_for if entry.state is KeyState.NEXT else self.keep_for
        return entry.changed_at + waits


def rotated(
    entries: Sequence[AnyKey],
    *,
    now: float,
    times: RotationTimes,
    make: Callable[[], AnyKey],
    min_age: float = 0.0,
) -> list[AnyKey]:
    """Return the entries after every step that is due; the same ones if none is.

    A next key that was published long enough becomes active, and the active one retired.
    There is always another next one afterwards, too young to sign: so doing this twice, or
    from every worker at once, rotates once. Retired keys whose time is over are forgotten.

    Args:
        entries: of a ring.
        now: seconds since the epoch.
        times: what is long enough.
        make: makes the coming key, as ``next``.
        min_age: seconds that a key signs at least.
    """
    kept = [entry for entry in entries if not _is_over(entry, now, times)]
    coming = next((entry for entry in kept if _may_sign(entry, now, times)), None)
    active = next(entry for entry in kept if entry.state is KeyState.ACTIVE)
    if coming is not None and now - active.changed_at >= min_age:
        kept = _hand_over(kept, coming, KeyState.RETIRED, now)
    if not any(entry.state is KeyState.NEXT for entry in kept):
        kept.append(make())
    return kept


def revoked(
    entries: Sequence[AnyKey], key_id: str, *, now: float, make: Callable[[], AnyKey]
) -> list[AnyKey]:
    """Return the entries after one was revoked; the same ones if it is already.

    If it was the active one, the oldest next key signs from now on, or a new one where there
    is none. There is always another next one afterwards.

    Raises:
        InvalidKeyError: there is no such entry.
    """
    target = _named(entries, key_id)
    if target.state is KeyState.REVOKED:
        return list(entries)
    if target.state is not KeyState.ACTIVE:
        kept = [_changed(e, KeyState.REVOKED, now) if e is target else e for e in entries]
    else:
        kept = list(entries)
        coming = next((entry for entry in kept if entry.state is KeyState.NEXT), None)
        if coming is None:
            coming = make()
            kept.append(coming)
        kept = _hand_over(kept, coming, KeyState.REVOKED, now)
    if not any(entry.state is KeyState.NEXT for entry in kept):
        kept.append(make())
    return kept


def forgotten(
    entries: Sequence[AnyKey], key_id: str, *, now: float, times: RotationTimes
) -> list[AnyKey]:
    """Return the entries without one that nothing needs any more.

    Raises:
        InvalidKeyError: there is no such entry.
        ConfigurationError: it is needed, and until when.
    """
    target = _named(entries, key_id)
    if target.state is KeyState.ACTIVE:
        raise ConfigurationError(
            f"{key_id} is the active key: it signs.",
            why="A ring without an active key issues nothing.",
            fix=f"jwtkit keys rotate; or, if somebody else may have it, "
            f"jwtkit keys revoke {key_id}.",
            docs="how-to/rotate-keys/",
        )
    # A next key signed nothing, so it can go at any time.
    due_at = 0.0 if target.state is KeyState.NEXT else target.changed_at + times.keep_for
    if now < due_at:
        raise ConfigurationError(
            f"{key_id} is needed for {due_at - now:.0f} seconds more.",
            why="What it signed may live so long, and would be refused.",
            fix="Wait. jwtkit keys list says when it is safe; jwtkit keys rotate forgets it then.",
            docs="how-to/rotate-keys/",
        )
    return [entry for entry in entries if entry is not target]


def _hand_over(entries: list[AnyKey], to: AnyKey, state: KeyState, now: float) -> list[AnyKey]:
    """Return the entries with another active one; the one before comes to ``state``."""
    after: list[AnyKey] = []
    for entry in entries:
        if entry is to:
            after.append(_changed(entry, KeyState.ACTIVE, now))
        elif entry.state is KeyState.ACTIVE:
            after.append(_changed(entry, state, now))
        else:
            after.append(entry)
    return after


def _changed(entry: AnyKey, state: KeyState, now: float) -> AnyKey:
    return replace(entry, state=state, changed_at=now)


def _named(entries: Sequence[AnyKey], key_id: str) -> AnyKey:
    for entry in entries:
        if entry.key_id == key_id:
            return entry
    raise InvalidKeyError(
        "There is no key with this id in the ring.",
        why="Whole ids only: a prefix could name another key.",
        fix="jwtkit keys list shows the ids.",
        docs="how-to/rotate-keys/",
    )


def _may_sign(entry: AnyKey, now: float, times: RotationTimes) -> bool:
    return entry.state is KeyState.NEXT and now - entry.changed_at >= times.publish_for


def _is_over(entry: AnyKey, now: float, times: RotationTimes) -> bool:
    return entry.state is KeyState.RETIRED and now - entry.changed_at >= times.keep_for
