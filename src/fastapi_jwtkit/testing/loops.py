"""Run a coroutine from a test, whatever loop that test has or has not."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["run"]

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a thread and an event loop of its own.

    So it works below a running loop as well, and leaves nothing behind on this thread:
    ``asyncio.run`` here would take away the loop that pytest-asyncio keeps for a test.
    Stores of the kit have connections for each loop, and those of this one close with it.

    Raises:
        BaseException: whatever the coroutine raises.
    """
    result: list[T] = []
    failure: list[BaseException] = []

    def work_through() -> None:
        try:
            result.append(asyncio.run(work))
        except BaseException as error:  # noqa: BLE001 - raised again where it belongs
            failure.append(error)

    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(work_through,), name="jwtkit-testing")
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return result[0]
