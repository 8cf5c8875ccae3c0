"""SecretRing: derived keys, constant answers, the text it is kept as."""

from __future__ import annotations

import hashlib
import hmac
import json
import re

import pytest

from fastapi_jwtkit.errors import InvalidKeyError, InvalidTokenError, MissingKeyError
from fastapi_jwtkit.keys.encoding import from_base64url
from fastapi_jwtkit.keys.secret_ring import KeyState, RingSecret, SecretRing

NOW = 1_800_000_000.0


def with_state(secret: RingSecret, state: KeyState) -> RingSecret:
    """Return the same secret in another state."""
    return RingSecret(secret.key_id, state, NOW, secret.secret)


def test_a_mac_passes_for_what_it_was_made_for() -> None:
    """Mac and check round-trip, also after the ring was written and read."""
    ring = SecretRing.generate(now=NOW)
    mac = ring.mac("refresh", "realm", b"data", key_id=ring.active_id)
    assert len(mac) == 32
    SecretRing.from_text(ring.to_text()).check(
        "refresh", "realm", b"data", mac, key_id=ring.active_id
    )


@pytest.mark.std(57)
def test_a_mac_of_another_purpose_realm_text_or_secret_is_refused() -> None:
    """Each (secret, purpose, realm) has a key of its own; shifted borders do not collide."""
    ring, other = SecretRing.generate(now=NOW), SecretRing.generate(now=NOW)
    key_id = ring.active_id
    mac = ring.mac("refresh", "realm", b"data", key_id=key_id)
    for purpose, realm, data in (
        ("reset", "realm", b"data"),
        ("refresh", "other", b"data"),
        ("refresh", "realm", b"datum"),
        ("refreshr", "ealm", b"data"),
    ):
        with pytest.raises(InvalidTokenError) as caught:
            ring.check(purpose, realm, data, mac, key_id=key_id)
        assert caught.value.reason == "bad_mac"
    with pytest.raises(InvalidTokenError):
        other.check("refresh", "realm", b"data", mac, key_id=key_id)
    for bad in (b"", mac[:-1], mac + b"\0", bytes(32)):
        with pytest.raises(InvalidTokenError):
            ring.check("refresh", "realm", b"data", bad, key_id=key_id)


def test_the_key_is_derived_by_hkdf_as_rfc_5869_writes_it() -> None:
    """Extract and expand by hand give the same MAC: the format cannot drift unnoticed."""
    ring = SecretRing.generate(now=NOW)
    secret = from_base64url(json.loads(ring.to_text())["secrets"][0]["k"], member="k")
    parts = (b"fastapi-jwtkit/v1/mac", b"refresh", "réalm".encode())
    info = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    extracted = hmac.digest(bytes(32), secret, "sha256")
    key = hmac.digest(extracted, info + b"\x01", hashlib.sha256)
    assert ring.mac("refresh", "réalm", b"data", key_id=ring.active_id) == hmac.digest(
        key, b"data", "sha256"
    )


def test_a_secret_works_in_every_state_but_revoked() -> None:
    """Retired and next secrets check; a revoked one is as unknown."""
    active, other = (SecretRing.generate(now=NOW).entries[0] for _ in range(2))
    for state in (KeyState.NEXT, KeyState.RETIRED):
        ring = SecretRing([active, with_state(other, state)])
        mac = ring.mac("refresh", "realm", b"data", key_id=other.key_id)
        ring.check("refresh", "realm", b"data", mac, key_id=other.key_id)
        assert ring.has(other.key_id)
        assert ring.active_id == active.key_id
        ring.adopt(SecretRing([active, with_state(other, KeyState.REVOKED)]))
        assert not ring.has(other.key_id)
        with pytest.raises(InvalidTokenError):
            ring.check("refresh", "realm", b"data", mac, key_id=other.key_id)


def test_an_unknown_secret_makes_no_mac_and_checks_none() -> None:
    """Mac raises MissingKeyError, check the error of a bad token."""
    ring = SecretRing.generate(now=NOW)
    assert not ring.has("0" * 16)
    with pytest.raises(MissingKeyError):
        ring.mac("refresh", "realm", b"data", key_id="0" * 16)
    with pytest.raises(InvalidTokenError):
        ring.check("refresh", "realm", b"data", bytes(32), key_id="0" * 16)
    with pytest.raises(MissingKeyError):
        _ = SecretRing().active_id


def test_ids_are_eight_random_bytes_in_hexadecimal() -> None:
    """They have a fixed size in each refresh token."""
    ids = {SecretRing.generate(now=NOW).active_id for _ in range(50)}
    assert len(ids) == 50
    assert all(re.fullmatch(r"[0-9a-f]{16}", key_id) for key_id in ids)


def test_adopting_keeps_the_object_and_raises_its_generation() -> None:
    """Nothing derived from the old content answers for the new one."""
    ring, other = SecretRing.generate(now=NOW), SecretRing.generate(now=NOW)
    old = ring.active_id
    ring.mac("refresh", "realm", b"data", key_id=old)
    before = ring.generation
    ring.adopt(other)
    assert ring.generation > before
    assert ring.active_id == other.active_id
    with pytest.raises(MissingKeyError):
        ring.mac("refresh", "realm", b"data", key_id=old)
    same = ring.generation
    ring.adopt(SecretRing.from_text(other.to_text()))
    assert ring.generation == same


def test_a_revoked_secret_cannot_be_brought_back() -> None:
    """Revoked is terminal here too."""
    active, other = (SecretRing.generate(now=NOW).entries[0] for _ in range(2))
    ring = SecretRing([active, with_state(other, KeyState.REVOKED)])
    with pytest.raises(InvalidKeyError, match="revoked"):
        ring.adopt(SecretRing([active, with_state(other, KeyState.RETIRED)]))


def test_a_secret_is_in_no_repr() -> None:
    """Ring, entry and secret show ids and states only."""
    ring = SecretRing.generate(now=NOW)
    secret = ring.entries[0].secret.value
    shown = repr(ring) + repr(ring.entries) + repr(ring.entries[0].secret) + repr(ring._content)
    assert repr(secret)[2:-1] not in shown
    assert secret.hex() not in shown


@pytest.mark.parametrize(
    "change",
    [
        {"id": "0" * 15},
        {"id": "0" * 15 + "G"},
        {"id": "A" * 16},
        {"id": 1},
        {"id": "\u0660" * 16},
        {"k": "AAAA"},
        {"k": "A" * 43},
        {"k": None},
        {"k": "=" * 44},
        {"state": "next"},
    ],
)
def test_a_bad_entry_is_refused(change: dict[str, object]) -> None:
    """Short, patterned or malformed secrets and ids of another shape never load."""
    document = json.loads(SecretRing.generate(now=NOW).to_text())
    document["secrets"][0].update(change)
    with pytest.raises(InvalidKeyError):
        SecretRing.from_text(json.dumps(document))
