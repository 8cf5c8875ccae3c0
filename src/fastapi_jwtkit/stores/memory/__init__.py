"""Stores in this process: for development, tests and single-process apps."""

from fastapi_jwtkit.stores.memory.counters import MemoryCounterStore
from fastapi_jwtkit.stores.memory.one_time import MemoryOneTimeStore
from fastapi_jwtkit.stores.memory.revocations import MemoryRevocationStore
from fastapi_jwtkit.stores.memory.sessions import MemorySessionStore

__all__ = [
    "MemoryCounterStore",
    "MemoryOneTimeStore",
    "MemoryRevocationStore",
    "MemorySessionStore",
]
