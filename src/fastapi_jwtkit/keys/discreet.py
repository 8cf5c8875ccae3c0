"""Errors about secrets that keep nothing of them, not even in their traceback."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from fastapi_jwtkit.errors import InvalidKeyError

__all__ = ["attempt"]

Given = TypeVar("Given")
Made = TypeVar("Made")


def attempt(make: Callable[[Given], Made], given: Given) -> Made | InvalidKeyError:
    """Return what ``make`` makes, or the error it raises, cut loose from its frames.

    Crash reporters send the local variables of each frame of a traceback: those of a
    parser are the key. The caller deletes its own name for the secret and raises what
    it was returned, so that the traceback starts where no secret is left.
    """
    try:
        return make(given)
    except InvalidKeyError as error:
        error.__context__ = None
        return error.with_traceback(None)
