"""What may happen once, within this process."""

from __future__ import annotations

import threading
from itertools import islice

from fastapi_jwtkit.clock import SystemClock
from fastapi_jwtkit.protocols import Clock
from fastapi_jwtkit.stores.memory.single_worker import claim_realm

__all__ = ["MemoryOneTimeStore"]


class MemoryOneTimeStore:
    """A ``OneTimeStore`` in a dict.

    Args:
        clock: decides when an id may be forgotten.
    """

    def __init__(self, *, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._consumed: dict[tuple[str, str], float] = {}

    async def consume(self, realm: str, token_id: str, /, *, expires_at: float) -> bool:
        """Say ``True`` to the first caller with this id and ``False`` to all others."""
        claim_realm(realm)
        now = self._clock.now()
        with self._lock:
            if (realm, token_id) in self._consumed:
                return False
            self._consumed[realm, token_id] = expires_at
            for key, expiry in list(islice(self._consumed.items(), 20)):
                if expiry <= now and key != (realm, token_id):
                    del self._consumed[key]
            return True
