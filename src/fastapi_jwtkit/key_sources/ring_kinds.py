"""The two rings of a kit, read and written alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal

from fastapi_jwtkit.keys.key_ring import KeyRing, RingKey
from fastapi_jwtkit.keys.rotation import AnyKey
from fastapi_jwtkit.keys.secret_ring import RingSecret, SecretRing
from fastapi_jwtkit.keys.state import KeyState

__all__ = ["KINDS", "RingKind", "RingName", "alg_of"]

RingName = Literal["keys", "refresh_secrets"]

_MAC: Final = "HMAC-SHA256"


@dataclass(frozen=True, slots=True, kw_only=True)
class RingKind:
    """How one of the rings is read, written and added to.

    Attributes:
        read: the entries of its text.
        write: the text of its entries.
        make: the coming entry, from the time and the algorithm.
    """

    read: Callable[[str], tuple[AnyKey, ...]]
    write: Callable[[Sequence[AnyKey]], str]
    make: Callable[[float, str], AnyKey]


def alg_of(entry: AnyKey) -> str:
    """Return the algorithm of a key; refresh secrets have one and the same."""
    return entry.key.alg if isinstance(entry, RingKey) else _MAC


def _make_key(now: float, alg: str) -> RingKey:
    return replace(KeyRing.generate(alg, now=now).entries[0], state=KeyState.NEXT)


def _make_secret(now: float, alg: str) -> RingSecret:
    del alg
    return replace(SecretRing.generate(now=now).entries[0], state=KeyState.NEXT)


def _write_keys(entries: Sequence[AnyKey]) -> str:
    return KeyRing([entry for entry in entries if isinstance(entry, RingKey)]).to_text()


def _write_secrets(entries: Sequence[AnyKey]) -> str:
    return SecretRing([entry for entry in entries if isinstance(entry, RingSecret)]).to_text()


KINDS: Final[Mapping[RingName, RingKind]] = MappingProxyType(
    {
        "keys": RingKind(
            read=lambda text: KeyRing.from_text(text).entries, write=_write_keys, make=_make_key
        ),
        "refresh_secrets": RingKind(
            read=lambda text: SecretRing.from_text(text).entries,
            write=_write_secrets,
            make=_make_secret,
        ),
    }
)
