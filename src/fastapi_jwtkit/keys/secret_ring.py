"""The secrets behind refresh tokens: a ring of its own, used only through derived keys."""

from __future__ import annotations

import hmac
import itertools
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fastapi_jwtkit.errors import InvalidKeyError, InvalidTokenError, MissingKeyError
from fastapi_jwtkit.keys.algorithms import algorithm_of
from fastapi_jwtkit.keys.discreet import attempt
from fastapi_jwtkit.keys.encoding import from_base64url, to_base64url
from fastapi_jwtkit.keys.ring_text import RingEntry, read_entries, write_entries
from fastapi_jwtkit.keys.state import KeyState, check_revoked_stay, check_states
from fastapi_jwtkit.keys.well_known import refuse_weak_secret

__all__ = ["KeyState", "RingSecret", "Secret", "SecretRing"]

SECRET_BYTES = 32
ID_BYTES = 8

_ID = re.compile(r"[0-9a-f]{16}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Secret:
    """Bytes that neither ``repr`` nor a frame's locals show."""

    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class RingSecret:
    """A secret and what it is for now.

    Attributes:
        key_id: 16 hexadecimal characters, written into each token.
        state: next, active, retired or revoked.
        changed_at: when it came to this state, seconds since the epoch.
        secret: 32 random bytes or more.
    """

    key_id: str
    state: KeyState
    changed_at: float
    secret: Secret = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Content:
    """All that a ring answers from, replaced by one assignment: no reader sees a half."""

    entries: tuple[RingSecret, ...]
    live: Mapping[str, RingSecret]
    active_id: str | None
    generation: int
    keyed: dict[tuple[str, str, str], hmac.HMAC] = field(
        default_factory=dict[tuple[str, str, str], hmac.HMAC], repr=False
    )


class SecretRing:
    """Ordered secrets of which exactly one makes new MACs.

    A secret is never used itself: each purpose and realm has a key of its own, derived
    by HKDF-SHA256 (RFC 5869), so that a MAC of one never passes in another. Like
    ``KeyRing`` the object stays while its content is swapped.

    Args:
        entries: none make an empty ring, to ``adopt`` another later.

    Raises:
        InvalidKeyError: an id comes twice, or not exactly one secret is active.
    """

    __slots__ = ("_content", "_generations")

    def __init__(self, entries: Iterable[RingSecret] = ()) -> None:
        self._generations = itertools.count()
        self._content = _content(tuple(entries), next(self._generations))

    @classmethod
    def generate(cls, *, now: float) -> Self:
        """Make a ring of one new active secret; ``now`` is in seconds since the epoch."""
        secret = Secret(secrets.token_bytes(SECRET_BYTES))
        key_id = secrets.token_hex(ID_BYTES)
        return cls([RingSecret(key_id, KeyState.ACTIVE, now, secret)])

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read what ``to_text`` wrote.

        Raises:
            InvalidKeyError: it is not such a text, or a secret in it is too weak.
        """
        entries = attempt(_read_all, text)
        del text
        if isinstance(entries, InvalidKeyError):
            raise entries
        return cls(entries)

    def to_text(self) -> str:
        """Write the whole ring. The text is a secret."""
        return write_entries((_write(entry) for entry in self.entries), kind="secrets")

    def adopt(self, other: SecretRing) -> None:
        """Take over what is in ``other``, at once for every reader.

        Raises:
            InvalidKeyError: it would bring back what is revoked here.
        """
        entries = other.entries
        if entries != self.entries:
            check_revoked_stay(_states(self.entries), _states(entries), noun="secret")
            self._content = _content(entries, next(self._generations))

    @property
    def generation(self) -> int:
        """Another number for each content."""
        return self._content.generation

    @property
    def entries(self) -> tuple[RingSecret, ...]:
        """Every secret with its state, in order."""
        return self._content.entries

    @property
    def active_id(self) -> str:
        """Id of the secret that makes new MACs.

        Raises:
            MissingKeyError: the ring is empty.
        """
        active_id = self._content.active_id
        if active_id is None:
            raise _missing("The ring of refresh secrets is empty.")
        return active_id

    def has(self, key_id: str) -> bool:
        """Say whether this secret still checks MACs."""
        return key_id in self._content.live

    def mac(self, purpose: str, realm: str, data: bytes, *, key_id: str) -> bytes:
        """Return the HMAC-SHA256 of ``data`` under the key of this purpose and realm.

        Raises:
            MissingKeyError: there is no such secret, or it is revoked.
        """
        content = self._content
        keyed = content.keyed.get((key_id, purpose, realm))
        if keyed is None:
            entry = content.live.get(key_id)
            if entry is None:
                raise _missing("There is no such refresh secret in the ring.")
            keyed = content.keyed[key_id, purpose, realm] = _derive(entry, purpose, realm)
        mac = keyed.copy()
        mac.update(data)
        return mac.digest()

    def check(self, purpose: str, realm: str, data: bytes, mac: bytes, *, key_id: str) -> None:
        """Return if ``mac`` is what this ring makes of ``data``; constant time.

        Raises:
            InvalidTokenError: it is not, or the secret is unknown or revoked.
        """
        try:
            expected = self.mac(purpose, realm, data, key_id=key_id)
        except MissingKeyError:
            raise InvalidTokenError("bad_mac") from None
        if not hmac.compare_digest(expected, mac):
            raise InvalidTokenError("bad_mac")

    def __len__(self) -> int:
        return len(self.entries)

    def __repr__(self) -> str:
        return f"SecretRing({', '.join(f'{e.state} {e.key_id}' for e in self.entries)})"


def _states(entries: Iterable[RingSecret]) -> list[tuple[str, KeyState]]:
    return [(e.key_id, e.state) for e in entries]


def _content(entries: tuple[RingSecret, ...], generation: int) -> _Content:
    check_states(_states(entries), noun="secret")
    live = {e.key_id: e for e in entries if e.state is not KeyState.REVOKED}
    return _Content(
        entries=entries,
        live=MappingProxyType(live),
        active_id=next((e.key_id for e in entries if e.state is KeyState.ACTIVE), None),
        generation=generation,
    )


def _derive(entry: RingSecret, purpose: str, realm: str) -> hmac.HMAC:
    # Sizes in front: no purpose and realm can be moved into one another.
    parts = [b"fastapi-jwtkit/v1/mac", purpose.encode(), realm.encode()]
    info = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    hkdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info)
    return hmac.new(hkdf.derive(entry.secret.value), digestmod="sha256")


def _read_all(text: str) -> list[RingSecret]:
    return [_read(entry) for entry in read_entries(text, kind="secrets")]


def _read(entry: RingEntry) -> RingSecret:
    key_id = entry.members.get("id")
    if not isinstance(key_id, str) or not _ID.fullmatch(key_id):
        raise InvalidKeyError(
            "An id in the ring of refresh secrets is not 16 hexadecimal characters.",
            why="The id is part of each token and has a fixed size there.",
            fix="jwtkit keys generate --refresh-secrets-file refresh-secrets.json",
            docs="reference/keys/",
        )
    secret = Secret(from_base64url(entry.members.get("k"), member="k"))
    refuse_weak_secret(secret.value, algorithm_of("HS256"))
    return RingSecret(key_id, entry.state, entry.changed_at, secret)


def _write(entry: RingSecret) -> RingEntry:
    members = {"id": entry.key_id, "k": to_base64url(entry.secret.value)}
    return RingEntry(state=entry.state, changed_at=entry.changed_at, members=members)


def _missing(what: str) -> MissingKeyError:
    return MissingKeyError(
        what,
        why="Without it no refresh token can be made or checked.",
        fix="jwtkit keys generate --refresh-secrets-file refresh-secrets.json",
        docs="reference/keys/",
    )
