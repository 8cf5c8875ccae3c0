"""A run that is told to end, ends the servers that it started."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from types import FrameType

import pytest


@pytest.fixture(scope="session", autouse=True)
def ends_in_good_order() -> Iterator[None]:
    """Take ``SIGTERM`` as Ctrl+C is taken: by default it ends Python without any clean-up.

    ``timeout``, a container and a cancelled job of CI send it.
    """
    before = signal.signal(signal.SIGTERM, _end)
    yield
    signal.signal(signal.SIGTERM, before)


def _end(number: int, frame: FrameType | None) -> None:
    del frame
    # Some send it twice, and the second would break off the clean-up.
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
