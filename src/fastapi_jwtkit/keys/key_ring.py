"""Signing keys in order, each with a state; swapped as a whole."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

from fastapi_jwtkit.errors import InvalidKeyError, MissingKeyError
from fastapi_jwtkit.keys.discreet import attempt
from fastapi_jwtkit.keys.json_values import as_object
from fastapi_jwtkit.keys.ring_text import RingEntry, read_entries, write_entries
from fastapi_jwtkit.keys.signing_key import SigningKey
from fastapi_jwtkit.keys.state import KeyState, check_revoked_stay, check_states

__all__ = ["KeyRing", "KeyState", "RingKey"]


@dataclass(frozen=True, slots=True)
class RingKey:
    """A key and what it is for now.

    Attributes:
        key: the key.
        state: next, active, retired or revoked.
        changed_at: when it came to this state, seconds since the epoch.
    """

    key: SigningKey
    state: KeyState
    changed_at: float

    @property
    def key_id(self) -> str:
        """The ``kid`` of the key."""
        return self.key.kid


@dataclass(frozen=True, slots=True)
class _Content:
    """All that a ring answers from, replaced by one assignment: no reader sees a half."""

    entries: tuple[RingKey, ...]
    verifying: Mapping[str, SigningKey]
    revoked: frozenset[str]
    active: SigningKey | None


class KeyRing:
    """Ordered keys of which exactly one signs.

    The object stays while what is in it changes: hand it to issuers and verifiers once
    and let ``adopt`` bring in what a key source says later. Safe to read from any thread.

    Args:
        keys: none make an empty ring, which verifies nothing until it adopts another.

    Raises:
        InvalidKeyError: a key comes twice, or not exactly one is active.
    """

    __slots__ = ("_content", "_generations", "generation")

    def __init__(self, keys: Iterable[RingKey] = ()) -> None:
        # A counter rather than "+ 1": two threads must never give two contents one number.
        self._generations = itertools.count()
        self._content = _content(tuple(keys))
        self.generation = next(self._generations)
        """Another number for each content: what was cached under one is void after it."""

    @classmethod
    def generate(cls, alg: str = "ES256", *, now: float) -> Self:
        """Make a ring of one new active key.

        Args:
            alg: its algorithm.
            now: seconds since the epoch.
        """
        return cls([RingKey(SigningKey.generate(alg), KeyState.ACTIVE, now)])

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read what ``to_text`` wrote.

        Raises:
            InvalidKeyError: it is not such a text, or a key in it is refused.
        """
        entries = attempt(_read_all, text)
        del text
        if isinstance(entries, InvalidKeyError):
            raise entries
        return cls(entries)

    def to_text(self) -> str:
        """Write the whole ring, private keys included. The text is a secret."""
        return write_entries((_write(entry) for entry in self.entries), kind="keys")

    def adopt(self, other: KeyRing) -> None:
        """Take over what is in ``other``, at once for every reader.

        Raises:
            InvalidKeyError: it would bring back what is revoked here.
        """
        entries = other.entries
        if entries != self.entries:
            check_revoked_stay(_states(self.entries), _states(entries), noun="key")
            # In this order: what is read under the new number is of the new content.
            self._content = _content(entries)
            self.generation = next(self._generations)

    @property
    def entries(self) -> tuple[RingKey, ...]:
        """Every key with its state, in order."""
        return self._content.entries

    @property
    def active(self) -> SigningKey:
        """The key that signs.

        Raises:
            MissingKeyError: the ring is empty.
        """
        active = self._content.active
        if active is None:
            raise MissingKeyError(
                "The key ring is empty.",
                why="No keys were loaded, so there is nothing to sign with.",
                fix="await rings.ensure_loaded(), or KeyRing.generate(now=time.time()).",
                docs="reference/keys/",
            )
        return active

    def find(self, kid: str) -> SigningKey | None:
        """Return the key that verifies tokens with this ``kid``, matched exactly."""
        return self._content.verifying.get(kid)

    def is_revoked(self, kid: str) -> bool:
        """Say whether this key is here and revoked."""
        return kid in self._content.revoked

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Return the JWK Set to publish: next, active and retired public keys (RFC 7517 5)."""
        keys = self._content.verifying.values()
        return {"keys": [key.public_jwk() for key in keys if not key.is_shared_secret]}

    def __len__(self) -> int:
        return len(self.entries)

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(f'{e.state} {e.key.kid}' for e in self.entries)})"


def _states(entries: Iterable[RingKey]) -> list[tuple[str, KeyState]]:
    return [(e.key.kid, e.state) for e in entries]


def _content(entries: tuple[RingKey, ...]) -> _Content:
    check_states(_states(entries), noun="key")
    live = {e.key.kid: e.key for e in entries if e.state is not KeyState.REVOKED}
    return _Content(
        entries=entries,
        verifying=MappingProxyType(live),
        revoked=frozenset(e.key.kid for e in entries if e.state is KeyState.REVOKED),
        active=next((e.key for e in entries if e.state is KeyState.ACTIVE), None),
    )


def _read_all(text: str) -> list[RingKey]:
    return [_read(entry) for entry in read_entries(text, kind="keys")]


def _read(entry: RingEntry) -> RingKey:
    jwk = as_object(entry.members.get("jwk"))
    if jwk is None:
        raise InvalidKeyError(
            "An entry of the key ring has no jwk.",
            why="Each entry holds its key as a JWK (RFC 7517).",
            fix="jwtkit keys generate --keys-file keys.json writes a ring.",
            docs="reference/keys/",
        )
    return RingKey(SigningKey.from_jwk(jwk), entry.state, entry.changed_at)


def _write(entry: RingKey) -> RingEntry:
    members = {"jwk": entry.key.private_jwk()}
    return RingEntry(state=entry.state, changed_at=entry.changed_at, members=members)
