"""Rows of sessions: one packed value each.

::

    version u8 | revoked_at u48 (0: it lives) | reason: size u8, text
    counter u48 | epoch u32 | replays u16 | replay_streak u16
    created_at, absolute_expiry, idle_expiry u48
    sizes u8 of the next three
    spent: u48 each, newest last | mac_key_id | attempt
    line: size u8, bytes | what else a session keeps from its start: a JSON array, deflated

All numbers are little-endian, and times are whole ticks of 1/1024 s. The first line
begins every format, so that any release can end any session; the rest is the format's
own. A row and not a hash: Redis keeps it in half the memory, and one write moves all of
it. The head is a plain struct, because Lua takes that apart in one call. The array is
never opened on the server, and hardly twice here; deflated, it is a third as long.
"""

from __future__ import annotations

import json
import struct
import zlib
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple

from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.records import (
    MAX_DEVICE_NAME,
    MAX_USER_AGENT,
    SESSION_VERSION,
    SPENT_KEPT,
    Advance,
    Device,
    NewSession,
    Session,
)
from fastapi_jwtkit.stores.redis.row_words import ROW_WORDS

__all__ = [
    "TIME_BYTES",
    "advance_argument",
    "new_row_argument",
    "revoke_argument",
    "session_of",
    "time_of",
]

_MAX_IP = 64
_TICKS = 1024
_HIGH = (1 << 32) / _TICKS
# A u48 is its low 32 bits and its high 16.
_TIME = struct.Struct("<IH")
TIME_BYTES = _TIME.size
_BEGIN = struct.Struct("<BIHB")
_HEAD = struct.Struct("<IHIHHIHIHIHBBB")
_SPENT = tuple(struct.Struct("<" + "IH" * count) for count in range(SPENT_KEPT + 1))
_NEW = struct.Struct("<ddB")
_ADVANCE = struct.Struct("<QIdBB")
_RAW_DEFLATE = -12
_KEPT_CACHED = 1_024
_MAX_TEXT_BYTES = 1 << 20


class _Kept(NamedTuple):
    """What a session keeps from its start."""

    line: bytes
    subject: str
    client_id: str
    scope: frozenset[str] | None
    audience: tuple[str, ...]
    transport: str
    auth_time: int
    amr: tuple[str, ...]
    device: Device


def new_row_argument(new: NewSession) -> bytes:
    """Return what a new row is made of; the server adds its times."""
    mac_key_id = _packed_id(new.mac_key_id)
    idle_ttl = min(new.idle_ttl, new.absolute_ttl)
    return _NEW.pack(new.absolute_ttl, idle_ttl, len(mac_key_id)) + mac_key_id + _packed_kept(new)


def advance_argument(advance: Advance) -> bytes:
    """Return one attempt to rotate."""
    mac_key_id, attempt = _packed_id(advance.mac_key_id), advance.attempt.encode()
    start = _ADVANCE.pack(
        advance.presented, advance.epoch, advance.idle_ttl, len(mac_key_id), len(attempt)
    )
    return start + mac_key_id + attempt


def revoke_argument(reason: str) -> bytes:
    """Return why a session ends."""
    text = reason.encode("ascii", errors="replace")[:255]
    return bytes((len(text),)) + text


def session_of(realm: str, sid: str, row: bytes, start: int = 0) -> Session:
    """Return the record of a row that begins at ``start``.

    Raises:
        StoreUnavailableError: a later release wrote the row, or something else did.
    """
    try:
        return _session_of(realm, sid, row, start)
    except (ValueError, struct.error, zlib.error, LookupError) as error:
        raise StoreUnavailableError("session_row_malformed") from error


def _session_of(realm: str, sid: str, row: bytes, start: int) -> Session:
    version, revoked_low, revoked_high, reason_size = _BEGIN.unpack_from(row, start)
    if version != SESSION_VERSION:
        raise StoreUnavailableError("session_version_unknown")
    reason_at = start + _BEGIN.size
    head_at = reason_at + reason_size
    head = _HEAD.unpack_from(row, head_at)
    number, epoch, replays, streak, times, sizes = head[:2], *head[2:5], head[5:11], head[11:]
    spent_at, mac_at, attempt_at, kept_at = accumulate(sizes, initial=head_at + _HEAD.size)
    revoked_at = _seconds(revoked_low, revoked_high)
    created_at = _seconds(*times[:2])
    spent, kept = _spent_of(row[spent_at:mac_at]), _kept_of(row[kept_at:])
    return Session(
        realm=realm,
        sid=sid,
        line=kept.line,
        subject=kept.subject,
        client_id=kept.client_id,
        scope=kept.scope,
        audience=kept.audience,
        transport=kept.transport,
        auth_time=kept.auth_time,
        amr=kept.amr,
        epoch=epoch,
        created_at=created_at,
        absolute_expiry=_seconds(*times[2:4]),
        idle_expiry=_seconds(*times[4:]),
        counter=number[0] + (number[1] << 32),
        mac_key_id=_id_of(row[mac_at:attempt_at]),
        attempt=row[attempt_at:kept_at].decode() or None,
        spent=spent,
        replays=replays,
        replay_streak=streak,
        revoked_at=revoked_at or None,
        revoked_reason=row[reason_at:head_at].decode() if revoked_at else None,
        last_seen_at=spent[-1] if spent else created_at,
        device=kept.device,
    )


def time_of(packed: bytes) -> float:
    """Return the time that begins an answer, in seconds since the epoch."""
    return _seconds(*_TIME.unpack_from(packed))


def _seconds(low: int, high: int) -> float:
    return low / _TICKS + high * _HIGH


def _spent_of(packed: bytes) -> tuple[float, ...]:
    halves = _SPENT[len(packed) // _TIME.size].unpack(packed)
    pairs = zip(halves[::2], halves[1::2], strict=True)
    return tuple([low / _TICKS + high * _HIGH for low, high in pairs])


def _packed_id(key_id: str) -> bytes:
    """Return the id of a secret: in half as many bytes where it is hexadecimal."""
    try:
        packed = bytes.fromhex(key_id)
    except ValueError:
        return key_id.encode()
    return b"\0" + packed if packed.hex() == key_id else key_id.encode()


def _id_of(packed: bytes) -> str:
    return packed[1:].hex() if packed[:1] == b"\0" else packed.decode()


def _packed_kept(new: NewSession) -> bytes:
    device = new.device
    kept = (
        new.subject,
        new.client_id,
        None if new.scope is None else sorted(new.scope),
        new.audience,
        new.transport,
        new.auth_time,
        new.amr,
        _storable(device.ip, _MAX_IP),
        _storable(device.user_agent, MAX_USER_AGENT),
        _storable(device.name, MAX_DEVICE_NAME),
    )
    text = json.dumps(kept, separators=(",", ":")).encode("ascii")
    deflate = zlib.compressobj(9, zlib.DEFLATED, _RAW_DEFLATE, 9, zdict=ROW_WORDS)
    packed = deflate.compress(text) + deflate.flush()
    return bytes((len(new.line),)) + new.line + packed


@lru_cache(maxsize=_KEPT_CACHED)
def _kept_of(packed: bytes) -> _Kept:
    """Return what a session keeps from its start; a refresh reads it twice in a row."""
    text_at = 1 + packed[0]
    inflate = zlib.decompressobj(_RAW_DEFLATE, zdict=ROW_WORDS)
    values: list[Any] = json.loads(inflate.decompress(packed[text_at:], _MAX_TEXT_BYTES))
    subject, client_id, scope, audience, transport, auth_time, amr, ip, user_agent, name = values
    return _Kept(
        line=packed[1:text_at],
        subject=subject,
        client_id=client_id,
        scope=None if scope is None else frozenset(scope),
        audience=tuple(audience),
        transport=transport,
        auth_time=auth_time,
        amr=tuple(amr),
        device=Device(ip=ip, user_agent=user_agent, name=name),
    )


def _storable(text: str | None, limit: int) -> str | None:
    """Return what a client said of itself, cut, without what is no text."""
    if text is None:
        return None
    return text[:limit].replace("\0", "").encode(errors="replace").decode()
