"""What becomes of keys as time goes by, whatever is asked in whatever order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from fastapi_jwtkit.errors import ConfigurationError, InvalidKeyError
from fastapi_jwtkit.keys.rotation import AnyKey, RotationTimes, forgotten, revoked, rotated
from fastapi_jwtkit.keys.secret_ring import RingSecret, SecretRing
from fastapi_jwtkit.keys.state import KeyState

TIMES = RotationTimes(publish_for=300.0, keep_for=1_000.0)
START = 1_800_000_000.0


def make(now: float) -> RingSecret:
    """Make a coming secret, which costs nothing."""
    made = SecretRing.generate(now=now).entries[0]
    return replace(made, state=KeyState.NEXT)


def first_ring() -> list[AnyKey]:
    """Return a ring as it is generated."""
    return list(SecretRing.generate(now=START).entries)


def states(entries: list[AnyKey]) -> list[str]:
    """Return the states in order."""
    return [entry.state.value for entry in entries]


def rotate(entries: list[AnyKey], now: float, min_age: float = 0.0) -> list[AnyKey]:
    """Rotate at a time."""
    return rotated(entries, now=now, times=TIMES, make=lambda: make(now), min_age=min_age)


@pytest.mark.std(63)
def test_a_key_is_published_then_signs_then_verifies_then_is_forgotten() -> None:
    """The whole life of the first two keys."""
    ring = rotate(first_ring(), START)
    assert states(ring) == ["active", "next"]
    first, second = (entry.key_id for entry in ring)
    assert rotate(ring, START + 299) == ring
    ring = rotate(ring, START + 300)
    assert [(entry.key_id, entry.state) for entry in ring[:2]] == [
        (first, KeyState.RETIRED),
        (second, KeyState.ACTIVE),
    ]
    assert states(ring) == ["retired", "active", "next"]
    assert first in {entry.key_id for entry in rotate(ring, START + 1_299)}
    assert first not in {entry.key_id for entry in rotate(ring, START + 1_300)}


def test_a_key_that_signs_for_too_short_a_time_goes_on() -> None:
    """A job may run each hour and rotate once a month."""
    ring = rotate(first_ring(), START)
    assert rotate(ring, START + 999, min_age=1_000.0) == ring
    assert states(rotate(ring, START + 1_000, min_age=1_000.0)) == ["retired", "active", "next"]


def test_a_revoked_active_key_is_followed_by_one_that_verifiers_know() -> None:
    """The next key signs at once, though its time has not come; a new one waits again."""
    ring = rotate(first_ring(), START)
    first, second = (entry.key_id for entry in ring)
    after = revoked(ring, first, now=START + 5, make=lambda: make(START + 5))
    assert states(after) == ["revoked", "active", "next"]
    assert after[1].key_id == second
    assert revoked(after, first, now=START + 6, make=lambda: make(START + 6)) == after


def test_a_ring_of_one_key_can_lose_it() -> None:
    """A new one signs, and verifiers elsewhere have to ask for it."""
    (only,) = first_ring()
    after = revoked([only], only.key_id, now=START, make=lambda: make(START))
    assert states(after) == ["revoked", "active", "next"]


def test_what_is_needed_is_not_forgotten() -> None:
    """The error says until when; the active key never goes this way."""
    ring = rotate(rotate(first_ring(), START), START + 300)
    retired, active, coming = ring
    with pytest.raises(ConfigurationError, match="1000 seconds more"):
        forgotten(ring, retired.key_id, now=START + 300, times=TIMES)
    with pytest.raises(ConfigurationError, match="it signs"):
        forgotten(ring, active.key_id, now=START + 9_999, times=TIMES)
    assert forgotten(ring, coming.key_id, now=START + 300, times=TIMES) == [retired, active]
    assert forgotten(ring, retired.key_id, now=START + 1_300, times=TIMES) == [active, coming]


def test_an_id_is_whole_or_nobody() -> None:
    """A prefix could name another key than the one that leaked."""
    ring = first_ring()
    with pytest.raises(InvalidKeyError, match="no key with this id"):
        revoked(ring, ring[0].key_id[:8], now=START, make=lambda: make(START))
    with pytest.raises(InvalidKeyError, match="no key with this id"):
        forgotten(ring, "", now=START, times=TIMES)


class Rings(RuleBasedStateMachine):
    """A ring to which anything is done, and what others remember of it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.ring = first_ring()
        self.published_at = {self.ring[0].key_id: START - 10_000.0}
        self.signed_last: dict[str, float] = {}
        self.revoked: set[str] = set()

    def become(self, after: list[AnyKey]) -> None:
        """Take a ring over, and look at what left it and what began to sign."""
        before = {entry.key_id: entry for entry in self.ring}
        for entry in after:
            self.published_at.setdefault(entry.key_id, self.now)
        for key_id in before.keys() - {entry.key_id for entry in after}:
            quiet = self.now - self.signed_last.get(key_id, float("-inf"))
            assert quiet >= TIMES.keep_for
        self.ring = after

    @rule(seconds=st.floats(0, 1_500))
    def wait(self, seconds: float) -> None:
        """Let time pass; the active key signed until now."""
        self.now += seconds
        self.signed_last[self.active.key_id] = self.now

    @rule(min_age=st.sampled_from([0.0, 400.0]), workers=st.integers(1, 4))
    def rotate(self, min_age: float, workers: int) -> None:
        """Rotate from some workers at once: one of them does something."""
        was = self.active.key_id
        after = rotate(self.ring, self.now, min_age)
        for _ in range(workers):
            assert rotate(after, self.now, min_age) == after
        self.become(after)
        if self.active.key_id != was:
            known_for = self.now - self.published_at[self.active.key_id]
            assert known_for >= TIMES.publish_for

    @rule(number=st.integers(0, 50))
    def revoke(self, number: int) -> None:
        """Revoke a key in any state."""
        key_id = self.ring[number % len(self.ring)].key_id
        self.become(revoked(self.ring, key_id, now=self.now, make=lambda: make(self.now)))
        self.revoked.add(key_id)

    @rule(number=st.integers(0, 50))
    def forget(self, number: int) -> None:
        """Ask to forget a key in any state."""
        key_id = self.ring[number % len(self.ring)].key_id
        try:
            self.become(forgotten(self.ring, key_id, now=self.now, times=TIMES))
        except ConfigurationError:
            assert key_id in {entry.key_id for entry in self.ring}

    @property
    def active(self) -> AnyKey:
        """The one that signs."""
        (active,) = (entry for entry in self.ring if entry.state is KeyState.ACTIVE)
        return active

    @invariant()
    def a_ring_can_be_written(self) -> None:
        """Exactly one signs, and ids are unique: what a ring asks for."""
        SecretRing([entry for entry in self.ring if isinstance(entry, RingSecret)])

    @invariant()
    def what_was_revoked_stays_so(self) -> None:
        """In the ring, or gone."""
        for entry in self.ring:
            assert (entry.key_id in self.revoked) == (entry.state is KeyState.REVOKED)


TestRings = Rings.TestCase
