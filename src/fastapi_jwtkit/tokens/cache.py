"""Verified claims, remembered by the digest of their token."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import blake2b
from types import MappingProxyType
from typing import TypeGuard

from fastapi_jwtkit.claims import Claims
from fastapi_jwtkit.errors import ConfigurationError

__all__ = ["CacheKey", "VerifiedClaimsCache"]

CacheKey = tuple[int, bytes]
"""Generation of the key ring, BLAKE2b of the token."""

MAX_CACHED_CHARACTERS = 2048
"""A longer token is verified each time: few such tokens would push out many others."""
MAX_ENTRIES_PER_SESSION = 8
DEFAULT_MAX_BYTES = 32 * 1024 * 1024
# What an entry takes, as tracemalloc measured it for tokens of 400 to 2,000 characters,
# rounded up: claims and their views, the digest, its place in the indexes. A character of
# a string takes up to four bytes; a few brackets become an object of some hundred.
_BYTES_PER_ENTRY = 2592
_BYTES_PER_CHARACTER = 3
_BYTES_PER_OBJECT = 320
_BYTES_PER_MEMBER = 160
_BYTES_PER_ARRAY = 64
_BYTES_PER_ITEM = 64


class VerifiedClaimsCache:
    """Remember what a verifier accepted, so that a second look costs a hash and a lookup.

    It remembers that a signature was good and nothing about time or revocation: those are
    asked again at each request. Failures are never kept. The oldest entry goes first.

    One verifier owns it: claims that passed for one issuer must not pass for another.

    Threads: ``find`` is one lookup of a key whose hash and comparison run no Python code,
    so it sees an entry or does not. ``keep`` changes several indexes under a lock that it
    never waits for: losing an entry costs a verification, waiting costs a request (and a
    process forked while another thread held the lock would wait for ever).

    Args:
        max_bytes: about how much memory the entries may take together.
    """

    def __init__(self, *, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._generation = -1
        self._claims: dict[CacheKey, Claims] = {}
        # The dict's own method, for it is asked on every request.
        self.find = self._claims.get
        """Return what was verified under a key, ``None`` if nothing was."""
        # In order of arrival: what each entry weighs.
        self._sizes: OrderedDict[CacheKey, int] = OrderedDict()
        self._sessions: dict[str, list[CacheKey]] = {}
        self._lock = threading.Lock()
        self._owned = False

    def __len__(self) -> int:
        return len(self._claims)

    @property
    def size(self) -> int:
        """About how many bytes the entries take."""
        return self._bytes

    def take_ownership(self) -> None:
        """Bind the cache to the one verifier that calls this.

        Raises:
            ConfigurationError: another verifier has it already.
        """
        if self._owned:
            raise ConfigurationError(
                "One VerifiedClaimsCache was given to two verifiers.",
                why="A token that one of them accepted would pass at the other, unchecked.",
                fix="Make one VerifiedClaimsCache() for each TokenVerifier.",
            )
        self._owned = True

    def key_of(self, token: object, *, generation: int) -> CacheKey | None:
        """Return the key of a token; ``None`` for one that is never kept.

        The digest stands for the token, so that no token is held in memory. The
        generation makes every change of the keys forget everything.
        """
        if not isinstance(token, str) or len(token) > MAX_CACHED_CHARACTERS or not token.isascii():
            return None
        # Not SHA-256: OpenSSL takes three times as long to get ready for it as it then takes.
        # At its full size: a shorter digest would only cost the look at one more argument.
        return generation, blake2b(token.encode("ascii")).digest()

    def keep(self, key: CacheKey, claims: Claims, *, characters: int) -> None:
        """Remember claims that were just verified.

        Args:
            key: from ``key_of``, with the generation read before the verification.
            claims: frozen, so that no request can change what the next one sees.
            characters: length of the token.
        """
        if not self._lock.acquire(blocking=False):
            return
        try:
            nested = sum(map(_weigh, claims.values()))
            self._add(key, claims, _BYTES_PER_ENTRY + _BYTES_PER_CHARACTER * characters + nested)
        finally:
            self._lock.release()

    def _add(self, key: CacheKey, claims: Claims, size: int) -> None:
        if key[0] != self._generation:
            # Nobody will ask for another generation again.
            self._clear()
            self._generation = key[0]
        if key in self._claims or size > self._max_bytes:
            return
        session = claims.session_id
        if session is not None:
            kept = self._sessions.setdefault(session, [])
            # One session that refreshes in a loop must not push out everybody else.
            if len(kept) >= MAX_ENTRIES_PER_SESSION:
                self._drop(kept[0])
            self._sessions.setdefault(session, kept).append(key)
        self._claims[key] = claims
        self._sizes[key] = size
        self._bytes += size
        while self._bytes > self._max_bytes:
            self._drop(next(iter(self._sizes)))

    def _drop(self, key: CacheKey) -> None:
        claims = self._claims.pop(key)
        self._bytes -= self._sizes.pop(key)
        session = claims.session_id
        if session is None:
            return
        kept = self._sessions[session]
        kept.remove(key)
        if not kept:
            del self._sessions[session]

    def _clear(self) -> None:
        self._claims.clear()
        self._sizes.clear()
        self._sessions.clear()
        self._bytes = 0


def _weigh(value: object) -> int:
    """Return about how many bytes a frozen claim takes beyond its characters."""
    if _is_array(value):
        return _BYTES_PER_ARRAY + sum(_BYTES_PER_ITEM + _weigh(item) for item in value)
    if _is_object(value):
        members = sum(_BYTES_PER_MEMBER + _weigh(item) for item in value.values())
        return _BYTES_PER_OBJECT + members
    return 0


def _is_array(value: object) -> TypeGuard[tuple[object, ...]]:
    return isinstance(value, tuple)


def _is_object(value: object) -> TypeGuard[Mapping[str, object]]:
    return isinstance(value, MappingProxyType)
