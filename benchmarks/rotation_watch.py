"""What key files say while they are rotated: looked at every few milliseconds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.rotation_load import Load
from fastapi_jwtkit.keys.key_ring import KeyRing

__all__ = ["Watched", "watch"]

LOOK_EVERY_SECONDS = 0.005


@dataclass
class Watched:
    """What the key files said over time.

    Attributes:
        active: how many keys were active at once, each number once.
        spans: for each key of the ring of signing keys: state and time of each change.
        rotations: how often another key became the active one.
    """

    active: set[int] = field(default_factory=set[int])
    spans: dict[str, list[tuple[float, str]]] = field(
        default_factory=dict[str, list[tuple[float, str]]]
    )
    rotations: int = 0
    looks: int = 0


async def watch(rings: Sequence[Path], watched: Watched, load: Load) -> None:
    """Look at the key files until the load is over."""
    was: set[str] = set()
    while not load.is_over:
        for path in rings:
            text = path.read_text("utf-8")
            active = set(active_ids(text))
            watched.active.add(len(active))
            if path.name == "keys.json":
                note_states(text, watched)
                watched.rotations += bool(was) and active != was
                was = active
        watched.looks += 1
        await asyncio.sleep(LOOK_EVERY_SECONDS)


def note_states(text: str, watched: Watched) -> None:
    """Write down which keys came to another state since the last look."""
    now = asyncio.get_running_loop().time()
    for entry in KeyRing.from_text(text).entries:
        spans = watched.spans.setdefault(entry.key_id, [])
        if not spans or spans[-1][1] != entry.state:
            spans.append((now, entry.state.value))


def active_ids(text: str) -> Iterable[str]:
    """Return the ids of the active keys in the text of a ring."""
    ring: dict[str, Any] = json.loads(text)
    entries: list[dict[str, Any]] = ring.get("keys") or ring["secrets"]
    for entry in entries:
        if entry["state"] == "active":
            yield entry.get("id") or entry["jwk"]["kid"]
