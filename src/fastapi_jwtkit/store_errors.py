"""One translation of whatever a store raises into ``StoreUnavailableError``."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager

from fastapi_jwtkit.errors import JWTKitError, StoreUnavailableError

__all__ = ["store_call"]

logger = logging.getLogger("fastapi_jwtkit")


@contextmanager
def store_call(reason: str) -> Generator[None]:
    """Run a call of a store; what is not ours becomes ``StoreUnavailableError(reason)``.

    The original is its cause and is logged by type alone: drivers like to put the
    values of a row into their messages.
    """
    try:
        yield
    except JWTKitError:
        raise
    except Exception as error:
        logger.warning("%s: %s", reason, type(error).__name__)
        raise StoreUnavailableError(reason) from error
