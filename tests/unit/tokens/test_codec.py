"""The compact form, taken apart and put together."""

from __future__ import annotations

import base64
import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_jwtkit.errors import InvalidTokenError
from fastapi_jwtkit.keys.key_ring import KeyRing, KeyState, RingKey
from fastapi_jwtkit.keys.signing_key import SigningKey
from fastapi_jwtkit.tokens import codec
from fastapi_jwtkit.tokens.codec import (
    MAX_KID_CHARACTERS,
    MAX_TOKEN_CHARACTERS,
    CompactDecoder,
    decode_segment,
    encode_compact,
    encode_segment,
    header_segment,
    read_header,
    split_compact,
)
from token_forge import NOW, make_ring, segment, signed


def refusal(token: object, ring: KeyRing | None = None) -> str:
    """Return why the decoder refuses."""
    with pytest.raises(InvalidTokenError) as caught:
        CompactDecoder(ring or make_ring(), typ="at+jwt").decode(token)
    return caught.value.reason


def test_what_was_encoded_is_decoded() -> None:
    """The claim set and the key come back."""
    ring = make_ring()
    text = encode_compact(header_segment(ring.active, typ="at+jwt"), {"a": "ü"}, ring.active)
    payload, key = CompactDecoder(ring, typ="at+jwt").decode(text)
    assert payload == {"a": "ü"}
    assert key is ring.active


def test_the_header_says_algorithm_key_and_type_and_nothing_else() -> None:
    """RFC 9068 2.1 and RFC 7515 4.1.4."""
    key = make_ring().active
    header = json.loads(base64.urlsafe_b64decode(header_segment(key, typ="at+jwt") + "=="))
    assert header == {"alg": key.alg, "kid": key.kid, "typ": "at+jwt"}


@given(st.binary(min_size=1, max_size=80))
def test_base64url_has_one_spelling(data: bytes) -> None:
    """Decoding undoes encoding, and another last character is another value or refused."""
    text = encode_segment(data)
    assert decode_segment(text) == data
    for last in set("AQgwBz-_") - {text[-1]}:
        with contextlib.suppress(InvalidTokenError):
            assert decode_segment(text[:-1] + last) != data


@pytest.mark.attack(4)
@pytest.mark.parametrize("text", ["A", "AAAAA", "AB", "AAB", "A_", "AA-"])
def test_impossible_lengths_and_set_unused_bits_are_refused(text: str) -> None:
    """Python's decoder drops unused bits, so one token would have many spellings."""
    with pytest.raises(InvalidTokenError, match="base64_not_canonical"):
        decode_segment(text)


def test_a_token_of_the_greatest_length_is_still_looked_into() -> None:
    """The cap is on the text as it came."""
    key = make_ring().active
    head = f"{header_segment(key, typ='at+jwt')}."
    token = head + "A" * (MAX_TOKEN_CHARACTERS - len(head) - 5) + ".AAAA"
    assert len(token) == MAX_TOKEN_CHARACTERS
    assert split_compact(token).signature == b"\0\0\0"
    assert refusal(token + "A") == "too_long"


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b"[]", "not_an_object"),
        (b'{"alg":"ES256","alg":"HS256"}', "duplicate_member"),
        (b"{}", "missing_alg"),
        (b'{"alg":null}', "malformed_alg"),
        (b'{"alg":["HS256"]}', "malformed_alg"),
        (b'{"alg":"HS256","kid":7}', "malformed_kid"),
        (b'{"alg":"HS256","kid":null}', "malformed_kid"),
        (b'{"alg":"HS256","typ":1}', "malformed_typ"),
        (b'{"alg":"HS256","cty":"application/JWT"}', "refused_cty"),
        (b'{"alg":"HS256","cty":[]}', "refused_cty"),
    ],
)
def test_a_header_of_the_wrong_shape_is_refused(header: bytes, reason: str) -> None:
    """Each parameter has one type (RFC 7515 4.1)."""
    with pytest.raises(InvalidTokenError) as caught:
        read_header(segment(header))
    assert caught.value.reason == reason


def test_a_kid_may_have_128_characters_and_no_more() -> None:
    """It is looked up, never parsed, and costs no more than that."""
    longest = {"alg": "HS256", "kid": "k" * MAX_KID_CHARACTERS}
    assert read_header(segment(longest)).kid == "k" * MAX_KID_CHARACTERS
    with pytest.raises(InvalidTokenError, match="kid_too_long"):
        read_header(segment({"alg": "HS256", "kid": "k" * (MAX_KID_CHARACTERS + 1)}))


@pytest.mark.std(46)
@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"])
def test_the_type_is_compared_as_a_media_type(typ: str) -> None:
    """Without case, and the prefix may be left out (RFC 7515 4.1.9)."""
    ring = make_ring()
    payload, _ = CompactDecoder(ring, typ="at+jwt").decode(signed(ring.active, typ=typ))
    assert payload["sub"] == "user-1"


def test_a_known_header_stops_passing_when_its_key_is_revoked() -> None:
    """What is remembered of a header belongs to one generation of the ring."""
    key, other = SigningKey.generate("HS256"), SigningKey.generate("HS256")
    ring = KeyRing([RingKey(key, KeyState.ACTIVE, NOW)])
    decoder = CompactDecoder(ring, typ="at+jwt")
    token = signed(key)
    decoder.decode(token)
    decoder.decode(token)
    entries = [RingKey(key, KeyState.REVOKED, NOW), RingKey(other, KeyState.ACTIVE, NOW)]
    ring.adopt(KeyRing(entries))
    with pytest.raises(InvalidTokenError, match="key_revoked"):
        decoder.decode(token)


def test_headers_that_are_remembered_are_few() -> None:
    """A key holder who varies his header does not fill the memory."""
    ring = make_ring()
    decoder = CompactDecoder(ring, typ="at+jwt")
    for number in range(100):
        decoder.decode(signed(ring.active, note=number))
    _, known = decoder._known
    assert len(known) <= 16


def test_a_header_under_a_bad_signature_is_not_remembered() -> None:
    """Whoever cannot sign cannot put anything into the memory."""
    ring = make_ring()
    decoder = CompactDecoder(ring, typ="at+jwt")
    head, payload, _ = signed(ring.active).split(".")
    with pytest.raises(InvalidTokenError, match="bad_signature"):
        decoder.decode(f"{head}.{payload}.{encode_segment(bytes(32))}")
    assert decoder._known[1] == {}


@pytest.mark.std(58)
def test_the_payload_is_parsed_after_the_signature_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody signed is not worth parsing."""
    ring = make_ring()
    head, _, signature = signed(ring.active).split(".")
    parsed: list[bytes] = []
    original = codec.parse_object

    def spy(data: bytes) -> dict[str, object]:
        parsed.append(data)
        return original(data)

    monkeypatch.setattr(codec, "parse_object", spy)
    assert refusal(f"{head}.{segment(b'{not json')}.{signature}", ring) == "bad_signature"
    assert parsed == [decode_segment(head)]
