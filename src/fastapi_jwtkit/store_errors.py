"""One translation of whatever a store raises into ``StoreUnavailableError``."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Generator
from contextlib import contextmanager

from fastapi_jwtkit.errors import JWTKitError, StoreUnavailableError

__all__ = ["store_call"]

logger = logging.getLogger("fastapi_jwtkit")


@contextmanager
def store_call(reason: str) -> Generator[None]:
    """Run a call of a store; what is not ours becomes ``StoreUnavailableError(reason)``.

    The original is its cause. It is logged by its type and where it was raised, without
    its message: drivers like to put the values of a row into theirs. A bug in the store
    itself (a missing method, a wrong name) is no outage and is not dressed up as one.
    """
    try:
        yield
    except (JWTKitError, AttributeError, NameError, NotImplementedError):
        raise
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        logger.warning(
            "%s: %s in %s, line %s", reason, type(error).__name__, where.filename, where.lineno
        )
        raise StoreUnavailableError(reason) from error
