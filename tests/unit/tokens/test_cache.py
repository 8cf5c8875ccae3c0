"""What the cache remembers, and what it never does."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from clocks import FakeClock
from fastapi_jwtkit.claims import Claims
from fastapi_jwtkit.errors import ConfigurationError, InvalidTokenError
from fastapi_jwtkit.keys.key_ring import KeyRing, KeyState, RingKey
from fastapi_jwtkit.keys.signing_key import SigningKey
from fastapi_jwtkit.tokens.cache import (
    MAX_CACHED_CHARACTERS,
    MAX_ENTRIES_PER_SESSION,
    VerifiedClaimsCache,
)
from token_forge import NOW, good_claims, make_ring, make_verifier, signed

RING = make_ring()


def claims_of(number: int, *, sid: str | None = None, extra: object = None) -> Claims:
    """Return claims that differ by number."""
    payload = good_claims(jti=f"token-{number}", sid=sid or f"session-{number}", extra=extra)
    return Claims(payload, kid="kid")


def fill(cache: VerifiedClaimsCache, numbers: range, *, sid: str | None = None) -> None:
    """Keep one entry per number."""
    for number in numbers:
        key = cache.key_of(f"token-{number}", generation=0)
        assert key is not None
        cache.keep(key, claims_of(number, sid=sid), characters=600)


def found(cache: VerifiedClaimsCache, number: int) -> bool:
    """Say whether a number is remembered."""
    key = cache.key_of(f"token-{number}", generation=0)
    return key is not None and cache.find(key) is not None


def test_the_second_look_gives_the_very_same_claims() -> None:
    """They are frozen, so they can be shared."""
    verifier = make_verifier(RING, cache=VerifiedClaimsCache())
    token = signed(RING.active)
    assert verifier.verify(token) is verifier.verify(token)


def test_the_second_look_checks_no_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    """That is what the cache is for."""
    checks: list[bytes] = []
    original: Callable[[SigningKey, bytes, bytes], None] = SigningKey.check

    def counting(key: SigningKey, data: bytes, signature: bytes) -> None:
        checks.append(data)
        original(key, data, signature)

    monkeypatch.setattr(SigningKey, "check", counting)
    verifier = make_verifier(RING, cache=VerifiedClaimsCache())
    token = signed(RING.active)
    for _ in range(5):
        verifier.verify(token)
    assert len(checks) == 1


def test_what_is_remembered_cannot_be_changed_by_a_request() -> None:
    """Nested objects are read-only, arrays are tuples."""
    verifier = make_verifier(RING, cache=VerifiedClaimsCache())
    claims = verifier.verify(signed(RING.active, good_claims(tenant={"ids": [1, {"a": 2}]})))
    with pytest.raises(TypeError):
        claims["tenant"]["ids"] = ()
    with pytest.raises(TypeError):
        claims["tenant"]["ids"][1]["a"] = 3
    with pytest.raises(AttributeError):
        claims.subject = "root"


def test_neither_the_token_nor_a_part_of_it_is_held() -> None:
    """The key is a digest."""
    cache = VerifiedClaimsCache()
    token = signed(RING.active)
    make_verifier(RING, cache=cache).verify(token)
    ((_, digest),) = cache._claims
    assert len(digest) == 64
    assert not any(part in repr(vars(cache)) for part in token.split("."))


def test_a_revoked_key_is_forgotten_with_all_its_tokens() -> None:
    """Every change of the ring makes another key of the same token."""
    key, other = SigningKey.generate("HS256"), SigningKey.generate("HS256")
    ring = KeyRing([RingKey(key, KeyState.ACTIVE, NOW)])
    cache = VerifiedClaimsCache()
    verifier = make_verifier(ring, cache=cache)
    token = signed(key)
    assert verifier.verify(token)
    entries = [RingKey(key, KeyState.REVOKED, NOW), RingKey(other, KeyState.ACTIVE, NOW)]
    ring.adopt(KeyRing(entries))
    with pytest.raises(InvalidTokenError, match="key_revoked"):
        verifier.verify(token)
    verifier.verify(signed(other))
    assert len(cache) == 1


def test_failures_are_never_remembered() -> None:
    """Whoever sends rubbish fills nothing."""
    cache = VerifiedClaimsCache()
    verifier = make_verifier(RING, FakeClock(NOW), cache=cache)
    bad = ["x.y.z", signed(RING.active, good_claims(exp=NOW)), signed(RING.active)[:-2] + "AA"]
    for token in bad:
        with pytest.raises(InvalidTokenError):
            verifier.verify(token)
    assert len(cache) == 0


def test_a_token_above_two_kibibytes_is_never_remembered() -> None:
    """It still verifies, each time anew."""
    cache = VerifiedClaimsCache()
    verifier = make_verifier(RING, cache=cache)
    token = signed(RING.active, good_claims(note="x" * 2000))
    assert len(token) > MAX_CACHED_CHARACTERS
    assert verifier.verify(token)
    assert verifier.verify(token)
    assert len(cache) == 0


def test_the_memory_is_bounded_and_the_oldest_goes_first() -> None:
    """Entries beyond the bound push out the first ones."""
    cache = VerifiedClaimsCache(max_bytes=100_000)
    fill(cache, range(1000))
    assert cache.size <= 100_000
    assert 10 < len(cache) < 40
    assert found(cache, 999)
    assert not found(cache, 0)


def test_a_claim_full_of_small_objects_weighs_what_it_takes() -> None:
    """Three characters can become an object of some hundred bytes."""
    light, heavy = VerifiedClaimsCache(), VerifiedClaimsCache()
    nested = [{} for _ in range(300)]
    for cache, extra in ((light, None), (heavy, nested)):
        key = cache.key_of("token", generation=0)
        assert key is not None
        cache.keep(key, claims_of(1, extra=extra), characters=1500)
    assert heavy.size > light.size + 300 * 112


def test_an_entry_larger_than_the_cache_is_not_kept() -> None:
    """It would only push out everything else."""
    cache = VerifiedClaimsCache(max_bytes=1000)
    fill(cache, range(1))
    assert len(cache) == 0
    assert cache.size == 0


def test_one_session_takes_eight_places_at_most() -> None:
    """A client that refreshes in a loop does not push out the others."""
    cache = VerifiedClaimsCache()
    fill(cache, range(100, 110))
    fill(cache, range(50), sid="greedy")
    assert len(cache) == 10 + MAX_ENTRIES_PER_SESSION
    assert all(found(cache, number) for number in range(100, 110))
    assert found(cache, 49)
    assert not found(cache, 41)


def test_the_indexes_hold_nothing_that_was_pushed_out() -> None:
    """Sizes, sessions and entries stay in step."""
    cache = VerifiedClaimsCache(max_bytes=60_000)
    fill(cache, range(40), sid="one")
    fill(cache, range(40, 80))
    assert set(cache._sizes) == set(cache._claims)
    assert {key for kept in cache._sessions.values() for key in kept} == set(cache._claims)
    assert cache.size == sum(cache._sizes.values())


def test_the_same_token_twice_is_one_entry() -> None:
    """Two requests that verified it at once keep it once."""
    cache = VerifiedClaimsCache()
    fill(cache, range(1))
    size = cache.size
    fill(cache, range(1))
    assert len(cache) == 1
    assert cache.size == size


def test_a_cache_has_one_owner() -> None:
    """What passed for one issuer would pass for another, unchecked."""
    cache = VerifiedClaimsCache()
    make_verifier(RING, cache=cache)
    with pytest.raises(ConfigurationError, match="two verifiers"):
        make_verifier(RING, issuer="https://other.example.com", cache=cache)


def test_a_busy_cache_is_not_waited_for() -> None:
    """Losing an entry costs a verification, waiting costs a request."""
    cache = VerifiedClaimsCache()
    verifier = make_verifier(RING, cache=cache)
    token = signed(RING.active)
    with cache._lock:
        assert verifier.verify(token)
    assert len(cache) == 0
    assert verifier.verify(token)
    assert len(cache) == 1


def test_threads_that_verify_together_leave_the_indexes_in_step() -> None:
    """Each gets the claims of its own token."""
    cache = VerifiedClaimsCache(max_bytes=80_000)
    verifier = make_verifier(RING, cache=cache)
    tokens = [signed(RING.active, good_claims(jti=f"t{n}", sid=f"s{n % 5}")) for n in range(60)]
    wrong: list[str] = []

    def work() -> None:
        for _ in range(20):
            wrong.extend(
                token for n, token in enumerate(tokens) if verifier.verify(token)["jti"] != f"t{n}"
            )

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert set(cache._sizes) == set(cache._claims)
    assert cache.size == sum(cache._sizes.values()) <= 80_000
