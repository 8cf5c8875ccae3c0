"""The refresh token: opaque, self-authenticating, and nothing of it is stored.

::

    "jkr_" + base64url(version 1 | realm tag 8 | key id 8 | sid 16 | line 16 | counter 4)
           + "." + base64url(HMAC-SHA256 of those 53 bytes)

The MAC key is derived per realm, and ``line`` is random per row and compared after the
MAC: neither the key alone nor the database alone is enough to forge one. It is not a
JWT, so it never passes as one (RFC 8725 3.12).
"""

from __future__ import annotations

import hashlib
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BinasciiError
from dataclasses import dataclass, field

from fastapi_jwtkit.errors import InvalidGrantError, InvalidTokenError
from fastapi_jwtkit.keys.secret_ring import SecretRing
from fastapi_jwtkit.records import Session

__all__ = ["RefreshToken", "authenticate_refresh_token", "read_refresh_token", "refresh_token_of"]

PREFIX = "jkr_"
FORMAT_VERSION = 1
PURPOSE = "refresh"
_LAYOUT = struct.Struct(">B8s8s16s16sI")
_MAC_BYTES = 32
_LENGTH = len(PREFIX) + 71 + 1 + 43  # unpadded base64url of 53 and of 32 bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """What a refresh token says; worth nothing until its MAC was checked.

    Attributes:
        key_id: id of the secret that signed it.
        sid: the session it belongs to.
        line: ties it to that very row.
        counter: its number in the line, from 0.
    """

    key_id: str
    sid: str
    line: bytes = field(repr=False)
    counter: int
    signed: bytes = field(repr=False)
    mac: bytes = field(repr=False)


def refresh_token_of(session: Session, secrets: SecretRing) -> str:
    """Return the one refresh token that is current for this row.

    It is a pure function of the row and the secret, so a replay within the grace
    window is answered with the very same token without storing it.

    Raises:
        MissingKeyError: the secret the row names is gone or revoked.
    """
    signed = _LAYOUT.pack(
        FORMAT_VERSION,
        _realm_tag(session.realm),
        bytes.fromhex(session.mac_key_id),
        _decode(session.sid),
        session.line,
        session.counter,
    )
    mac = secrets.mac(PURPOSE, session.realm, signed, key_id=session.mac_key_id)
    return f"{PREFIX}{_encode(signed)}.{_encode(mac)}"


def read_refresh_token(text: str, *, realm: str) -> RefreshToken:
    """Take a refresh token apart, without trusting it yet.

    Raises:
        InvalidGrantError: it is not the one canonical spelling of a token of this
            realm and format.
    """
    if len(text) != _LENGTH or not text.startswith(PREFIX) or not text.isascii():
        raise InvalidGrantError("refresh_token_malformed")
    signed_text, _, mac_text = text.removeprefix(PREFIX).partition(".")
    try:
        signed, mac = _decode(signed_text), _decode(mac_text)
    except ValueError as error:
        raise InvalidGrantError("refresh_token_malformed") from error
    if len(signed) != _LAYOUT.size or len(mac) != _MAC_BYTES:
        raise InvalidGrantError("refresh_token_malformed")
    version, tag, key_id, sid, line, counter = _LAYOUT.unpack(signed)
    if version != FORMAT_VERSION:
        raise InvalidGrantError("refresh_token_version_unknown")
    if tag != _realm_tag(realm):
        raise InvalidGrantError("refresh_token_of_another_realm")
    return RefreshToken(
        key_id=key_id.hex(),
        sid=_encode(sid),
        line=line,
        counter=counter,
        signed=signed,
        mac=mac,
    )


def authenticate_refresh_token(token: RefreshToken, secrets: SecretRing, *, realm: str) -> None:
    """Check the MAC, in constant time.

    Raises:
        InvalidGrantError: it is forged. Nothing is revoked for it: who holds no secret
            must not be able to log anybody out.
    """
    try:
        secrets.check(PURPOSE, realm, token.signed, token.mac, key_id=token.key_id)
    except InvalidTokenError as error:
        raise InvalidGrantError("refresh_token_forged") from error


def _realm_tag(realm: str) -> bytes:
    return hashlib.sha256(realm.encode()).digest()[:8]


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except BinasciiError as error:
        raise ValueError("not base64url") from error
    # Python ignores foreign characters and unused bits: one token, one spelling.
    if _encode(data) != text:
        raise ValueError("not canonical base64url")
    return data
