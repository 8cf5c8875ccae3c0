"""Keys as bars over time: since when each is what it is, and until when it has to be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fastapi_jwtkit.cli.console import clock_time
from fastapi_jwtkit.key_sources.rotation import KeyStatus
from fastapi_jwtkit.keys.state import KeyState

__all__ = ["WIDTH", "timeline"]

WIDTH = 48
"""Characters of the longest bar."""
_MARKS = {
    KeyState.NEXT: "░",
    KeyState.ACTIVE: "█",
    KeyState.RETIRED: "▒",
    KeyState.REVOKED: "x",
}
_ID = 10


def timeline(keys: Sequence[KeyStatus], *, now: float) -> Iterator[str]:
    """Draw the keys of one ring, a line each, with a line of times above.

    Args:
        keys: in any state.
        now: seconds since the epoch; marked by a ``┃`` in each line.
    """
    if not keys:
        return
    start = min(now, *(key.changed_at for key in keys))
    end = max(now, *(key.due_at or now for key in keys))
    end += max(1.0, (end - start) * 0.1)  # what comes after the last step is to be seen
    at = round((now - start) / (end - start) * (WIDTH - 1))
    left, right = clock_time(start, now=now), clock_time(end, now=now)
    yield f"{'':{_ID}}  {left}{right:>{max(1, WIDTH - len(left))}}"
    for key in keys:
        bar = [_mark(key, start + n * (end - start) / (WIDTH - 1)) for n in range(WIDTH)]
        bar[at] = "┃"
        yield f"{key.key_id[:_ID]:{_ID}}  {''.join(bar).rstrip()}"


def _mark(key: KeyStatus, moment: float) -> str:
    if moment < key.changed_at:
        return " "
    if key.due_at is None or moment < key.due_at:
        return _MARKS[key.state]
    return _MARKS[KeyState.ACTIVE] if key.state is KeyState.NEXT else " "
