"""One translation of whatever a store raises into ``StoreUnavailableError``."""

from __future__ import annotations

import logging
import traceback
from types import TracebackType

from fastapi_jwtkit.errors import JWTKitError, StoreUnavailableError

__all__ = ["store_call"]

logger = logging.getLogger("fastapi_jwtkit")


class store_call:  # noqa: N801 - reads as what it stands around
    """Run a call of a store; what is not ours becomes ``StoreUnavailableError(reason)``.

    The original is its cause. It is logged by its type and where it was raised, without
    its message: drivers like to put the values of a row into theirs. A bug in the store
    itself (a missing method, a wrong name) is no outage and is not dressed up as one.
    """

    # A class and no generator: it stands around each call, and the fast ones would notice.
    __slots__ = ("_reason",)

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not isinstance(error, Exception):
            return
        if isinstance(error, JWTKitError | AttributeError | NameError | NotImplementedError):
            return
        where = traceback.extract_tb(error.__traceback__)[-1]
        logger.warning(
            "%s: %s in %s, line %s",
            self._reason,
            type(error).__name__,
            where.filename,
            where.lineno,
        )
        raise StoreUnavailableError(self._reason) from error
