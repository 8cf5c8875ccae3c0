"""Rows of ``jwtkit_sessions`` to and from records."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import RowMapping

from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.records import (
    MAX_DEVICE_NAME,
    MAX_USER_AGENT,
    SESSION_VERSION,
    Device,
    NewSession,
    Session,
)
from fastapi_jwtkit.stores.sqlalchemy.tables import spent_names

__all__ = ["row_of", "session_of"]

_MAX_IP = 64
_SPENT = spent_names()
_DEVICE = ("ip", "user_agent", "device_name")


def row_of(new: NewSession) -> dict[str, object]:
    """Return the parameters of a new row; the database adds its times."""
    device = new.device
    return {
        "realm": new.realm,
        "sid": new.sid,
        "version": SESSION_VERSION,
        "line": new.line,
        "subject": new.subject,
        "client_id": new.client_id,
        "scope": None if new.scope is None else json.dumps(sorted(new.scope)),
        "audience": json.dumps(new.audience),
        "transport": new.transport,
        "auth_time": new.auth_time,
        "amr": json.dumps(new.amr),
        "epoch": 0,
        "counter": 0,
        "mac_key_id": new.mac_key_id,
        "replays": 0,
        "replay_streak": 0,
        "ip": _storable(device.ip, _MAX_IP),
        "user_agent": _storable(device.user_agent, MAX_USER_AGENT),
        "device_name": _storable(device.name, MAX_DEVICE_NAME),
        "absolute_ttl": new.absolute_ttl,
        "idle_ttl": min(new.idle_ttl, new.absolute_ttl),
    }


def session_of(row: RowMapping) -> Session:
    """Return the record of a row.

    Raises:
        StoreUnavailableError: a later release wrote the row.
    """
    if row["version"] != SESSION_VERSION:
        raise StoreUnavailableError("session_version_unknown")
    values: dict[str, Any] = dict(row)
    scope, device = values.pop("scope"), [values.pop(name) for name in _DEVICE]
    spent = [values.pop(name) for name in _SPENT]
    values.pop("now", None)
    values |= {
        "line": bytes(values["line"]),
        "scope": None if scope is None else frozenset(json.loads(scope)),
        "audience": tuple(json.loads(values["audience"])),
        "amr": tuple(json.loads(values["amr"])),
        "spent": tuple(at for at in spent if at is not None),
        "device": Device(ip=device[0], user_agent=device[1], name=device[2]),
    }
    return Session(**values)


def _storable(text: str | None, limit: int) -> str | None:
    """Return what a client said of itself, cut, without what no database stores."""
    if text is None:
        return None
    return text[:limit].replace("\0", "").encode(errors="replace").decode()
