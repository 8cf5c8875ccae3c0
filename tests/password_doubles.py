"""Hashers and stores for the tests of passwords: real ones that can be watched or held up."""

from __future__ import annotations

import asyncio
import threading

from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from fastapi_jwtkit.records import NewUser
from fastapi_jwtkit.stores.memory.users import MemoryUser, MemoryUserStore


class WatchedHasher:
    """The cheap hasher, counting what it is asked and where."""

    def __init__(self) -> None:
        self.real = PasslibHasher.cheap_for_tests()
        self.hashed = 0
        self.compared: list[str] = []
        self.threads: set[str] = set()
        self.outdated: set[str] = set()

    @property
    def memory_bytes(self) -> int:
        """Memory that one hash takes."""
        return self.real.memory_bytes

    def hash(self, password: str, /) -> str:
        """Count and hash."""
        self.hashed += 1
        self.threads.add(threading.current_thread().name)
        return self.real.hash(password)

    def matches(self, password: str, password_hash: str, /) -> bool:
        """Count and compare."""
        self.compared.append(password_hash)
        self.threads.add(threading.current_thread().name)
        return self.real.matches(password, password_hash)

    def needs_upgrade(self, password_hash: str, /) -> bool:
        """Call outdated what a test says is."""
        return password_hash in self.outdated


class HeldHasher:
    """A hasher whose work waits until a test lets it go."""

    memory_bytes = 1

    def __init__(self) -> None:
        self.go = threading.Event()
        self.started = threading.Semaphore(0)
        self.finished = 0

    def hash(self, password: str, /) -> str:
        """Wait to be let go."""
        self.started.release()
        assert self.go.wait(30)
        self.finished += 1
        return "held:" + password

    def matches(self, password: str, password_hash: str, /) -> bool:
        """Compare in the clear."""
        return password_hash == "held:" + password

    def needs_upgrade(self, password_hash: str, /) -> bool:
        """Never."""
        return not password_hash


class MeetingUserStore(MemoryUserStore):
    """A memory store in which logins meet: nobody goes on before all have read."""

    def __init__(self, parties: int) -> None:
        super().__init__()
        self.barrier = asyncio.Barrier(parties)

    async def find_by_login(self, login: str, /) -> MemoryUser | None:
        """Read, then wait for the others."""
        user = await super().find_by_login(login)
        await self.barrier.wait()
        return user


async def add_user(store: MemoryUserStore, login: str, password_hash: str) -> MemoryUser:
    """Add a user with a hash of the test's own making."""
    return await store.add(NewUser(login=login, password_hash=password_hash))
