"""The JWS compact form (RFC 7515 7.1), read strictly and written once.

One algorithm per key, found by ``kid`` among the keys that were configured: there is no
code here for ``none``, for encryption, or for a key that a token brings along. The
payload is not even parsed before the signature holds.
"""

from __future__ import annotations

import base64
import re
import string
from binascii import a2b_base64
from collections.abc import Mapping
from typing import Any, NamedTuple

from fastapi_jwtkit.errors import InvalidTokenError
from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.keys.signing_key import SigningKey
from fastapi_jwtkit.tokens.strict_json import parse_object, write_object

__all__ = [
    "MAX_TOKEN_CHARACTERS",
    "UNKNOWN_KID",
    "Compact",
    "CompactDecoder",
    "Header",
    "check_text",
    "decode_segment",
    "encode_compact",
    "encode_segment",
    "header_segment",
    "read_header",
    "split_compact",
]

MAX_TOKEN_CHARACTERS = 8 * 1024
"""Longer tokens are refused before anything looks into them."""
MAX_KID_CHARACTERS = 128
MAX_HEADER_BRACKETS = 16
"""A header is flat; ``jwk`` and ``x5c`` of an outside issuer are the most that nests."""
UNKNOWN_KID = "unknown_kid"
"""The one reason that may go away once the keys are read again."""

_ALPHABET = string.ascii_letters + string.digits + "-_"
# Possessive: a segment never gives a character back, so a mismatch costs one pass.
_COMPACT = re.compile(r"([A-Za-z0-9_-]++)\.([A-Za-z0-9_-]++)\.([A-Za-z0-9_-]++)")
# By length modulo 4: which last characters leave the unused bits zero (RFC 4648 3.5).
# Without this, one token has up to sixteen spellings.
_LAST = (_ALPHABET, "", "AQgw", "AEIMQUYcgkosw048")
_PADDING = (b"", b"", b"==", b"=")
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
# RFC 7515 4.1.11, RFC 7797 and RFC 7516 4: each changes what the other parts mean.
_REFUSED_PARAMETERS = ("crit", "b64", "zip", "enc")
_MAX_KNOWN_HEADERS = 16


class Compact(NamedTuple):
    """The parts of a well-formed compact JWS, none of them believed yet."""

    header_segment: str
    signing_input: bytes
    payload: bytes
    signature: bytes


class Header(NamedTuple):
    """What a JOSE header may say: everything else in it is ignored (RFC 7515 4).

    ``jku``, ``jwk``, ``x5u`` and ``x5c`` are among what is ignored: keys come from
    configuration, never from a token (RFC 8725 3.10).
    """

    alg: str
    kid: str | None
    typ: str | None


class CompactDecoder:
    """Open the compact tokens of one type that the keys of one ring signed.

    Args:
        ring: the keys. Followed live: a revoked key stops verifying at once.
        typ: the only media type that is taken, such as ``at+jwt`` (RFC 8725 3.11).
    """

    def __init__(self, ring: KeyRing, *, typ: str) -> None:
        self._ring = ring
        self._typ = _media_type(typ)
        # Our own issuer writes one header per key, so the parsed form is kept, under the
        # generation of the ring it was found in. The pair is replaced as a whole: a
        # reader in another thread sees the old pair or the new one.
        self._known: tuple[int, dict[str, SigningKey]] = (-1, {})

    def decode(self, token: object) -> tuple[dict[str, Any], SigningKey]:
        """Return the claim set and the key that signed it.

        Raises:
            InvalidTokenError: for every failure; ``reason`` names the first.
        """
        compact = split_compact(token)
        # The generation is read before the keys: should the ring change in between, what
        # is learned is filed under the old generation and never looked at again.
        generation = self._ring.generation
        known_generation, known = self._known
        if known_generation != generation:
            known = {}
            self._known = (generation, known)
        key = known.get(compact.header_segment)
        trusted = key or self._find_key(compact.header_segment)
        trusted.check(compact.signing_input, compact.signature)
        # Only now: whoever cannot sign cannot put anything here.
        if key is None and len(known) < _MAX_KNOWN_HEADERS:
            known[compact.header_segment] = trusted
        return parse_object(compact.payload), trusted

    def _find_key(self, segment: str) -> SigningKey:
        header = read_header(segment)
        if header.typ is None or _media_type(header.typ) != self._typ:
            raise InvalidTokenError("wrong_typ")
        if header.kid is None:
            raise InvalidTokenError("missing_kid")
        key = self._ring.find(header.kid)
        if key is None:
            revoked = self._ring.is_revoked(header.kid)
            raise InvalidTokenError("key_revoked" if revoked else UNKNOWN_KID)
        # RFC 8725 3.1: the key says which algorithm, the header only has to agree.
        if header.alg != key.alg:
            raise InvalidTokenError("wrong_alg")
        return key


def check_text(token: object) -> str:
    """Return the token if it is worth looking into: text, short, ASCII.

    Raises:
        InvalidTokenError: it is not.
    """
    if not isinstance(token, str):
        raise InvalidTokenError("not_text")
    if len(token) > MAX_TOKEN_CHARACTERS:
        raise InvalidTokenError("too_long")
    if not token.isascii():
        raise InvalidTokenError("not_ascii")
    return token


def split_compact(token: object) -> Compact:
    """Take a token apart: three non-empty segments of canonical base64url.

    Raises:
        InvalidTokenError: any other form: JSON serialisation, five-part encryption, an
            empty signature, padding, white space.
    """
    text = check_text(token)
    match = _COMPACT.fullmatch(text)
    if match is None:
        raise InvalidTokenError("not_compact")
    header, payload, signature = match.groups()
    signing_input = text[: len(header) + 1 + len(payload)].encode("ascii")
    return Compact(header, signing_input, decode_segment(payload), decode_segment(signature))


def read_header(segment: str) -> Header:
    """Parse a header segment and refuse what nothing here understands.

    Raises:
        InvalidTokenError: it is no strict JSON object, or a parameter is of the wrong
            type, too long, or one that changes the meaning of the token.
    """
    data = decode_segment(segment)
    # Anybody can write a header, and thousands of empty objects in it cost milliseconds.
    if data.count(b"{") + data.count(b"[") > MAX_HEADER_BRACKETS:
        raise InvalidTokenError("header_too_complex")
    values = parse_object(data)
    for name in _REFUSED_PARAMETERS:
        if name in values:
            raise InvalidTokenError(f"refused_{name}")
    content = values.get("cty")
    # RFC 7519 5.2: a token inside a token.
    if content is not None and (not isinstance(content, str) or _media_type(content) == "jwt"):
        raise InvalidTokenError("refused_cty")
    alg = _text(values, "alg")
    if alg is None:
        raise InvalidTokenError("missing_alg")
    kid = _text(values, "kid")
    if kid is not None and len(kid) > MAX_KID_CHARACTERS:
        raise InvalidTokenError("kid_too_long")
    return Header(alg, kid, _text(values, "typ"))


def decode_segment(segment: str) -> bytes:
    """Decode base64url that is spelled the only way it can be (RFC 7515 2, RFC 4648 3.5).

    Args:
        segment: at least one character, of the base64url alphabet only.

    Raises:
        InvalidTokenError: an impossible length, or unused bits that are not zero.
    """
    rest = len(segment) & 3
    if segment[-1] not in _LAST[rest]:
        raise InvalidTokenError("base64_not_canonical")
    return a2b_base64(segment.encode("ascii").translate(_TO_STANDARD) + _PADDING[rest])


def encode_segment(data: bytes) -> str:
    """Encode as base64url without padding (RFC 7515 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def header_segment(key: SigningKey, *, typ: str) -> str:
    """Return the header of every token of one type that one key signs."""
    return encode_segment(write_object({"alg": key.alg, "kid": key.kid, "typ": typ}))


def encode_compact(header: str, payload: Mapping[str, Any], key: SigningKey) -> str:
    """Sign a claim set.

    Args:
        header: what ``header_segment`` made for this key.
        payload: the claim set.
        key: signs, by its own algorithm.
    """
    signing_input = f"{header}.{encode_segment(write_object(payload))}"
    return f"{signing_input}.{encode_segment(key.sign(signing_input.encode('ascii')))}"


def _text(values: Mapping[str, object], name: str) -> str | None:
    if name not in values:
        return None
    value = values[name]
    if not isinstance(value, str):
        raise InvalidTokenError(f"malformed_{name}")
    return value


def _media_type(typ: str) -> str:
    # RFC 7515 4.1.9: compared without case, "application/" may be left out.
    return typ.lower().removeprefix("application/")
