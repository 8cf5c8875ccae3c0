"""The text that rings are kept as: JSON with a version, read strictly.

::

    {"version": 1, "keys": [{"state": "active", "changed_at": 123.0, "jwk": {...}}]}
    {"version": 1, "secrets": [{"id": "...", "state": "active", "changed_at": 123.0, "k": "..."}]}
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from fastapi_jwtkit.errors import InvalidKeyError
from fastapi_jwtkit.keys.json_values import as_list, as_object
from fastapi_jwtkit.keys.state import KeyState

__all__ = ["FORMAT_VERSION", "MAX_TEXT", "RingEntry", "read_entries", "write_entries"]

FORMAT_VERSION = 1
MAX_TEXT = 1 << 20
"""Characters of a ring. A hundred RSA keys take a third of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RingEntry:
    """One entry of a ring as it is written: its state, and the rest unread."""

    state: KeyState
    changed_at: float
    members: Mapping[str, object] = field(repr=False)


def read_entries(text: str, *, kind: Literal["keys", "secrets"]) -> list[RingEntry]:
    """Read the entries of a ring.

    Raises:
        InvalidKeyError: the text is not such a ring. No part of it is repeated.
    """
    document = _parse(text) if len(text) <= MAX_TEXT else None
    if document is None:
        raise _invalid(f"The text is no ring of {kind}: it is not one JSON object.")
    version = document.get("version")
    if version is True or version != FORMAT_VERSION:
        raise InvalidKeyError(
            f"The ring of {kind} is not in format {FORMAT_VERSION}, which this release reads.",
            why="A format that is not known must not be guessed: a state could be misread.",
            fix=f'Upgrade fastapi-jwtkit, or write the ring with "version": {FORMAT_VERSION}.',
            docs="reference/keys/",
        )
    entries = as_list(document.get(kind))
    if not entries:
        other = "secrets" if kind == "keys" else "keys"
        hint = f" It holds {other}: are the two files swapped?" if other in document else ""
        raise _invalid(f"The ring has no list of {kind}.{hint}")
    return [_entry(entry, kind) for entry in entries]


def write_entries(entries: Iterable[RingEntry], *, kind: Literal["keys", "secrets"]) -> str:
    """Write a ring as ``read_entries`` reads it. The text is a secret."""
    rows = [
        {"state": entry.state.value, "changed_at": entry.changed_at, **entry.members}
        for entry in entries
    ]
    return json.dumps({"version": FORMAT_VERSION, kind: rows}, indent=2) + "\n"


def _entry(entry: object, kind: str) -> RingEntry:
    fields = as_object(entry)
    if fields is None:
        raise _invalid(f"An entry of the ring of {kind} is not an object.")
    state, changed_at = fields.get("state"), fields.get("changed_at")
    if not isinstance(state, str) or state not in set(KeyState):
        states = ", ".join(KeyState)
        raise _invalid(f"A state in the ring of {kind} is none of {states}.")
    if (
        isinstance(changed_at, bool)
        or not isinstance(changed_at, int | float)
        or not 0 <= changed_at < math.inf
    ):
        raise _invalid(f"A changed_at in the ring of {kind} is no time in seconds.")
    members = {name: value for name, value in fields.items() if name not in {"state", "changed_at"}}
    return RingEntry(state=KeyState(state), changed_at=float(changed_at), members=members)


def _parse(text: str) -> Mapping[str, object] | None:
    # Returns rather than raises: a JSONDecodeError carries the whole text with it.
    try:
        value: object = json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return as_object(value)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        message = "a member comes twice"
        raise ValueError(message)
    return members


def _refuse(constant: str) -> float:
    raise ValueError(constant)


def _invalid(what: str) -> InvalidKeyError:
    return InvalidKeyError(
        what,
        why="What is half understood must not decide what verifies.",
        fix="jwtkit keys generate --keys-file keys.json "
        "--refresh-secrets-file refresh-secrets.json writes both rings.",
        docs="reference/keys/",
    )
