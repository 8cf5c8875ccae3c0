"""The revocation map: what is dead before its time."""

from __future__ import annotations

import pytest

from clocks import FakeClock
from fastapi_jwtkit.errors import InvalidTokenError, StoreUnavailableError
from fastapi_jwtkit.records import RevocationEntry
from fastapi_jwtkit.stores.memory import MemoryRevocationStore
from revocation_doubles import Counted, claims_of, entry, follow


@pytest.mark.parametrize(
    ("dead", "reason"),
    [
        (entry("sid", "s1"), "session_revoked"),
        (entry("sid", "s1", min_epoch=3), "claims_expired"),
        (entry("jti", "j1"), "token_revoked"),
        (entry("kid", "k1"), "key_revoked"),
        (entry("subject", "u1"), "subject_revoked"),
        (entry("subject", "u1", not_before=1_800_000_061.0), "subject_revoked"),
    ],
)
async def test_what_is_revoked_is_refused_at_once(dead: RevocationEntry, reason: str) -> None:
    """Session, claims version, token, key and subject: each kills what it names."""
    clock = FakeClock()
    revocations = follow(MemoryRevocationStore(clock=clock), clock)
    revocations.known.ensure_live(claims_of(clock))
    await revocations.publish([dead])
    with pytest.raises(InvalidTokenError) as caught:
        revocations.known.ensure_live(claims_of(clock))
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "other",
    [
        entry("sid", "s2"),
        entry("sid", "s1", min_epoch=2),
        entry("jti", "s1"),
        entry("kid", "k2"),
        entry("subject", "u2"),
        entry("subject", "u1", not_before=1_800_000_060.0),
    ],
)
async def test_what_is_not_named_lives(other: RevocationEntry) -> None:
    """Entries of other kinds, names, versions or times touch nobody else."""
    clock = FakeClock()
    revocations = follow(MemoryRevocationStore(clock=clock), clock)
    await revocations.publish([other])
    revocations.known.ensure_live(claims_of(clock))


async def test_a_weaker_entry_never_weakens_a_stronger_one() -> None:
    """A session that ended does not live again by a late claims entry."""
    clock = FakeClock()
    revocations = follow(MemoryRevocationStore(clock=clock), clock)
    await revocations.publish([entry("sid", "s1"), entry("sid", "s1", min_epoch=9)])
    assert revocations.known.is_session_revoked("s1")
    await revocations.publish([entry("sid", "s2", min_epoch=9), entry("sid", "s2", min_epoch=3)])
    assert revocations.known.min_epoch("s2") == 9


async def test_a_revocation_that_cannot_be_published_holds_here_and_is_not_confirmed() -> None:
    """The process that revokes applies it first; the caller is told that it failed."""
    clock = FakeClock()
    store = Counted(clock)
    revocations = follow(store, clock)
    store.broken = True
    with pytest.raises(StoreUnavailableError):
        await revocations.publish([entry("sid", "s1")])
    assert revocations.known.is_session_revoked("s1")


async def test_a_token_older_than_the_feed_is_checked_against_its_row() -> None:
    """A feed that was emptied forgot what was revoked; the row did not."""
    clock = FakeClock()
    revocations = follow(MemoryRevocationStore(clock=clock), clock)
    await revocations.freshen()
    old = claims_of(clock, iat=clock.now() + 29)
    assert revocations.known.needs_row(old)
    assert not revocations.known.needs_row(claims_of(clock, iat=clock.now() + 30))
    revocations.known.vouch(old, epoch=2)
    assert not revocations.known.needs_row(old)
    assert revocations.known.needs_row(claims_of(clock, iat=clock.now(), sv=1))
    assert revocations.known.needs_row(claims_of(clock, iat=clock.now(), sid=None))
    await revocations.stop()


async def test_expired_entries_are_forgotten() -> None:
    """The map holds what can still be presented, and no history."""
    clock = FakeClock()
    revocations = follow(MemoryRevocationStore(clock=clock), clock)
    await revocations.publish([revocations.session_entry("s1"), entry("kid", "k9")])
    clock.step(751)
    await revocations.publish([revocations.session_entry("s2")])
    kept = {(kind, value) for kind, of in revocations.known._entries.items() for value in of}
    assert kept == {("sid", "s2"), ("kid", "k9")}


async def test_a_logout_that_is_repeated_lasts_from_the_last_time() -> None:
    """The first one may have reached this process only."""
    clock = FakeClock()
    store = Counted(clock)
    revocations = follow(store, clock)
    store.broken = True
    with pytest.raises(StoreUnavailableError):
        await revocations.publish([revocations.session_entry("s1")])
    store.broken = False
    clock.step(700)
    await revocations.publish([revocations.session_entry("s1")])
    clock.step(100)
    await revocations.publish([revocations.session_entry("s2")])
    assert revocations.known.is_session_revoked("s1")


async def test_what_was_vouched_for_is_asked_again_when_the_feed_is_made_anew() -> None:
    """The old feed may have heard of an end that the new one does not know."""
    clock = FakeClock()
    revocations = follow(MemoryRevocationStore(clock=clock), clock)
    await revocations.freshen()
    claims = claims_of(clock, iat=clock.now())
    revocations.known.vouch(claims, epoch=2)
    assert not revocations.known.needs_row(claims)
    await revocations.stop()
    clock.step(5)
    revocations._store = MemoryRevocationStore(clock=clock)
    await revocations.freshen()
    assert revocations.known.needs_row(claims)
    await revocations.stop()
