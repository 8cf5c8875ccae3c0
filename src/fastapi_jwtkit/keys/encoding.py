"""base64url as RFC 7515 2 writes it: no padding, one spelling for each value."""

from __future__ import annotations

import base64
import binascii
import re

from fastapi_jwtkit.errors import InvalidKeyError

__all__ = ["from_base64url", "to_base64url"]

_ALPHABET = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)


def to_base64url(data: bytes) -> str:
    """Write bytes as base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_base64url(text: object, *, member: str) -> bytes:
    """Read base64url, refusing every spelling but the canonical one.

    Raises:
        InvalidKeyError: ``text`` is not canonical base64url; names only ``member``.
    """
    data = _decode(text)
    if data is None:
        raise InvalidKeyError(
            f"The member {member!r} of a key is not base64url.",
            why="RFC 7515 2: letters, digits, '-' and '_' alone, without padding.",
            fix="Write the key with the tool that made it rather than by hand.",
            docs="reference/keys/",
        )
    return data


def _decode(text: object) -> bytes | None:
    if not isinstance(text, str) or not _ALPHABET.fullmatch(text):
        return None
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        return None
    return data if to_base64url(data) == text else None  # unused bits must be zero
