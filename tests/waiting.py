"""Wait for something that another process does, by asking again; never by hoping."""

from __future__ import annotations

import time
from collections.abc import Callable

LONGEST_SECONDS = 30.0
PAUSE_SECONDS = 0.02


def wait_until(
    condition: Callable[[], object], what: str, *, seconds: float = LONGEST_SECONDS
) -> None:
    """Ask again and again until the condition holds.

    Args:
        condition: What must become true. An ``OSError`` counts as not yet.
        what: The promise, for the error of a test that waited in vain.
        seconds: When to give up; long after it should have happened.

    Raises:
        AssertionError: It did not become true.
    """
    last: object = None
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            last = condition()
        except OSError as error:
            last = error
        else:
            if last:
                return
        time.sleep(PAUSE_SECONDS)
    message = f"waited {seconds} s in vain: {what}; last seen: {last!r}"
    raise AssertionError(message)
