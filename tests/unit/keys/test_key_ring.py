"""KeyRing: states, swapping as a whole, the text it is kept as."""

from __future__ import annotations

import json

import pytest

from fastapi_jwtkit.errors import InvalidKeyError, MissingKeyError
from fastapi_jwtkit.keys.key_ring import KeyRing, KeyState, RingKey
from fastapi_jwtkit.keys.signing_key import SigningKey

NOW = 1_800_000_000.0


def ring_of(*states: KeyState) -> KeyRing:
    """Return a ring of new keys in these states."""
    return KeyRing([RingKey(SigningKey.generate(), state, NOW) for state in states])


def test_a_generated_ring_signs_with_its_one_key() -> None:
    """One new key, active, findable by its kid."""
    ring = KeyRing.generate(now=NOW)
    assert ring.active.can_sign
    assert ring.find(ring.active.kid) is ring.active
    assert [entry.state for entry in ring.entries] == [KeyState.ACTIVE]


def test_next_active_and_retired_keys_verify_and_a_revoked_one_does_not() -> None:
    """Find answers for every state but revoked."""
    ring = ring_of(KeyState.NEXT, KeyState.ACTIVE, KeyState.RETIRED, KeyState.REVOKED)
    *live, revoked = (entry.key.kid for entry in ring.entries)
    assert all(ring.find(kid) is not None for kid in live)
    assert ring.find(revoked) is None
    assert ring.is_revoked(revoked)
    assert not any(ring.is_revoked(kid) for kid in live)


@pytest.mark.std(60)
def test_the_published_set_holds_live_public_keys_and_no_shared_secret() -> None:
    """JWKS lists next, active and retired key pairs only."""
    entries = [
        RingKey(SigningKey.generate("ES256"), KeyState.ACTIVE, NOW),
        RingKey(SigningKey.generate("HS256"), KeyState.RETIRED, NOW),
        RingKey(SigningKey.generate("EdDSA"), KeyState.NEXT, NOW),
        RingKey(SigningKey.generate("ES384"), KeyState.REVOKED, NOW),
    ]
    published = KeyRing(entries).jwks()["keys"]
    assert [jwk["kid"] for jwk in published] == [entries[0].key.kid, entries[2].key.kid]
    assert not any({"d", "k"} & set(jwk) for jwk in published)


def test_an_empty_ring_verifies_nothing_and_says_what_is_missing() -> None:
    """The ring before it was loaded."""
    ring = KeyRing()
    assert ring.find("any") is None
    assert ring.jwks() == {"keys": []}
    with pytest.raises(MissingKeyError):
        _ = ring.active


@pytest.mark.parametrize(
    "states", [(KeyState.NEXT,), (KeyState.ACTIVE, KeyState.ACTIVE), (KeyState.REVOKED,)]
)
def test_a_ring_without_exactly_one_active_key_is_refused(states: tuple[KeyState, ...]) -> None:
    """Which key signs is never a matter of luck."""
    with pytest.raises(InvalidKeyError, match="active"):
        ring_of(*states)


@pytest.mark.std(39)
@pytest.mark.attack(1)
def test_one_key_cannot_be_in_a_ring_under_two_algorithms() -> None:
    """The id leaves the algorithm out, so the second entry is a duplicate."""
    secret = SigningKey.generate("HS512").private_jwk()
    del secret["alg"]
    twice = [
        RingKey(SigningKey.from_jwk(secret, alg="HS256"), KeyState.ACTIVE, NOW),
        RingKey(SigningKey.from_jwk(secret, alg="HS512"), KeyState.RETIRED, NOW),
    ]
    with pytest.raises(InvalidKeyError, match="twice"):
        KeyRing(twice)


def test_adopting_another_ring_keeps_the_object_and_raises_its_generation() -> None:
    """Issuers and verifiers hold one object for the life of the process."""
    ring, other = KeyRing.generate(now=NOW), KeyRing.generate(now=NOW)
    before = ring.generation
    ring.adopt(other)
    assert ring.active == other.active
    assert ring.generation > before


def test_adopting_the_same_content_changes_nothing() -> None:
    """What was cached under a generation stays good when the source did not change."""
    ring = KeyRing.generate(now=NOW)
    before = ring.generation
    ring.adopt(KeyRing.from_text(ring.to_text()))
    assert ring.generation == before


def test_a_revoked_key_cannot_be_brought_back() -> None:
    """Revoked is terminal: an old backup of the file is refused."""
    ring = ring_of(KeyState.ACTIVE, KeyState.RETIRED)
    active, retired = ring.entries
    backup = KeyRing.from_text(ring.to_text())
    ring.adopt(KeyRing([active, RingKey(retired.key, KeyState.REVOKED, NOW + 1)]))
    with pytest.raises(InvalidKeyError, match="revoked"):
        ring.adopt(backup)
    assert ring.is_revoked(retired.key.kid)


def test_a_ring_survives_being_written_as_text() -> None:
    """States, times, order and keys come back."""
    ring = ring_of(KeyState.NEXT, KeyState.ACTIVE, KeyState.RETIRED, KeyState.REVOKED)
    assert KeyRing.from_text(ring.to_text()).entries == ring.entries


def test_the_text_of_a_ring_has_the_documented_shape() -> None:
    """Version 1, a list of keys with state, changed_at and jwk."""
    document = json.loads(KeyRing.generate(now=123.0).to_text())
    assert document["version"] == 1
    (entry,) = document["keys"]
    assert set(entry) == {"state", "changed_at", "jwk"}
    assert (entry["state"], entry["changed_at"]) == ("active", 123.0)


def changed(path: tuple[str | int, ...], value: object) -> str:
    """Return the text of a good ring with one place changed."""
    document = json.loads(KeyRing.generate(now=NOW).to_text())
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return json.dumps(document)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "[" * 100_000,
        '{"version": 1}',
        '{"version": 1, "keys": []}',
        '{"version": 1, "keys": {}}',
        '{"version": 1, "keys": [1]}',
        '{"version": 1, "version": 1, "keys": [1]}',
        '{"version": NaN, "keys": [1]}',
        '{"version": 1, "keys": [{"state": "active", "changed_at": 1}]}',
        " " * (1 << 21),
        *(
            changed(("keys", 0, "changed_at"), value)
            for value in ("1", True, None, -1, float("inf"))
        ),
        *(changed(("keys", 0, "state"), value) for value in ("ACTIVE", "", None, 1, ["active"])),
        *(changed(("keys", 0, "jwk", "alg"), value) for value in ("ES384", "none", 1, None)),
    ],
    ids=lambda text: f"{text[:24]!r}…{len(text)}",
)
def test_a_text_that_is_no_ring_is_refused(text: str) -> None:
    """Half-written files, wrong types and unknown states all end as one kind of error."""
    with pytest.raises(InvalidKeyError):
        KeyRing.from_text(text)


@pytest.mark.parametrize("version", [0, 2, "1", None, True, 1.5])
def test_an_unknown_version_is_refused_with_an_error_that_teaches(version: object) -> None:
    """A format that is not known is not guessed."""
    with pytest.raises(InvalidKeyError, match="Upgrade fastapi-jwtkit"):
        KeyRing.from_text(changed(("version",), version))


def test_swapped_files_are_noticed() -> None:
    """The text of the other ring is refused with a hint."""
    with pytest.raises(InvalidKeyError, match="swapped"):
        KeyRing.from_text('{"version": 1, "secrets": [{}]}')
