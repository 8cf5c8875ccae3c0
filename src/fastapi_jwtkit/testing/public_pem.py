"""The public half of a key as PEM, as any attacker can write it from a published JWK.

By hand, since ``cryptography`` has its one home in ``keys/``, and this is for forgeries alone.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping

__all__ = ["public_pem"]

_SEQUENCE, _INTEGER, _BIT_STRING, _OBJECT_ID = 0x30, 0x02, 0x03, 0x06
_NULL = b"\x05\x00"
_LONG_FORM = 0x80
_LINE = 64

# RFC 5480 2.1.1, RFC 8410 3 and RFC 8017 A.1: what the algorithm identifiers hold.
_EC_KEY = bytes.fromhex("2a8648ce3d0201")
_CURVES = {
    "P-256": bytes.fromhex("2a8648ce3d030107"),
    "P-384": bytes.fromhex("2b81040022"),
    "P-521": bytes.fromhex("2b81040023"),
}
_ED25519 = bytes.fromhex("2b6570")
_RSA = bytes.fromhex("2a864886f70d010101")


def public_pem(jwk: Mapping[str, str]) -> bytes:
    """Return a public JWK as SubjectPublicKeyInfo in PEM (RFC 7468 13).

    Args:
        jwk: a public key as it is published: of kind EC, OKP (Ed25519) or RSA.
    """
    der = _der(_SEQUENCE, _key_info(jwk))
    text = base64.b64encode(der)
    lines = [text[start : start + _LINE] for start in range(0, len(text), _LINE)]
    return b"\n".join((b"-----BEGIN PUBLIC KEY-----", *lines, b"-----END PUBLIC KEY-----", b""))


def _key_info(jwk: Mapping[str, str]) -> bytes:
    if jwk["kty"] == "EC":
        kind = _der(_OBJECT_ID, _EC_KEY) + _der(_OBJECT_ID, _CURVES[jwk["crv"]])
        key = b"\x04" + _number(jwk["x"]) + _number(jwk["y"])
    elif jwk["kty"] == "OKP":
        kind = _der(_OBJECT_ID, _ED25519)
        key = _number(jwk["x"])
    else:
        kind = _der(_OBJECT_ID, _RSA) + _NULL
        key = _der(_SEQUENCE, _integer(jwk["n"]) + _integer(jwk["e"]))
    return _der(_SEQUENCE, kind) + _der(_BIT_STRING, b"\x00" + key)


def _number(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _integer(text: str) -> bytes:
    number = int.from_bytes(_number(text), "big")
    return _der(_INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _der(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < _LONG_FORM:
        return bytes((tag, length)) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, _LONG_FORM | len(size))) + size + content
