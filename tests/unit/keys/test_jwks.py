"""The published document: bytes, ETag, caching."""

from __future__ import annotations

import json

import pytest

from fastapi_jwtkit.keys.jwks import JWKSDocument
from fastapi_jwtkit.keys.key_ring import KeyRing, KeyState, RingKey
from fastapi_jwtkit.keys.signing_key import SigningKey

NOW = 1_800_000_000.0


@pytest.mark.std(60, 62)
def test_the_document_is_the_key_set_with_a_strong_etag_and_a_life() -> None:
    """Body, ETag and Cache-Control are all a route needs."""
    ring = KeyRing.generate(now=NOW)
    document = JWKSDocument.of(ring, max_age=60)
    assert json.loads(document.body) == ring.jwks()
    assert document.etag.startswith('"')
    assert document.etag.endswith('"')
    assert document.cache_control == "public, max-age=60"
    assert document.generation == ring.generation


@pytest.mark.std(62)
def test_the_etag_follows_the_keys_and_nothing_else() -> None:
    """Two workers give one ETag for one ring, and another once it rotates."""
    ring = KeyRing.generate(now=NOW)
    first = JWKSDocument.of(ring)
    assert JWKSDocument.of(KeyRing.from_text(ring.to_text())).etag == first.etag
    ring.adopt(
        KeyRing([*ring.entries, RingKey(SigningKey.generate(), KeyState.NEXT, NOW)]),
    )
    assert JWKSDocument.of(ring).etag != first.etag


@pytest.mark.std(62)
def test_if_none_match_is_compared_weakly_and_in_lists() -> None:
    """RFC 9110 13.1.2: lists, weak tags and the star match; nothing else does."""
    document = JWKSDocument.of(KeyRing.generate(now=NOW))
    for header in (document.etag, f"W/{document.etag}", f'"x", {document.etag}', "*"):
        assert document.is_fresh_for(header)
    for other in (None, "", '"x"', document.etag.strip('"')):
        assert not document.is_fresh_for(other)
