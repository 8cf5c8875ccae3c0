"""What a stored hash says about itself before anything is spent on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

__all__ = ["MAX_HASH_CHARACTERS", "TOO_DEAR", "UNKNOWN", "OldHashes", "ReadingHasher", "StoredHash"]

MAX_HASH_CHARACTERS: Final = 512
"""No format that is read here comes near it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredHash:
    """The head of a stored hash.

    Attributes:
        cost: its format and parameters; hashes of one cost take the same time to compare.
        as_typed: its maker hashed passwords as they were typed, not in normal form.
        most_bytes: longer passwords (UTF-8) it does not tell apart; ``None``: it does.
        refused: why it must not be compared with: ``hash_format_unknown`` or
            ``hash_too_dear``; empty if it may.
    """

    cost: str
    as_typed: bool = False
    most_bytes: int | None = None
    refused: str = ""


UNKNOWN: Final = StoredHash(cost="", refused="hash_format_unknown")
"""No configured format."""
TOO_DEAR: Final = StoredHash(cost="", refused="hash_too_dear")
"""Its parameters ask for more than a login service ever chose. One row must not take the
machine down."""


class OldHashes(Protocol):
    """A format that another application hashed passwords in. Read, never made."""

    @property
    def samples(self) -> Sequence[str]:
        """Hashes as dear as the format's usual ones, of no password.

        They are compared with once per process: a login that fails takes as long as the
        slowest of them.
        """
        ...

    def read(self, password_hash: str, /) -> StoredHash | None:
        """Return what the hash says about itself; ``None`` if it is of another format."""
        ...

    def matches(self, password: str, password_hash: str, /) -> bool:
        """Compare with a hash that ``read`` did not refuse; the password is as typed."""
        ...


@runtime_checkable
class ReadingHasher(Protocol):
    """A ``PasswordHasher`` that knows what stored hashes cost.

    Optional: without these two, hashes that need an upgrade count as one cost and all others
    as another.
    """

    @property
    def samples(self) -> Sequence[str]:
        """Hashes as dear as the usual ones of each old format, of no password."""
        ...

    def read(self, password_hash: str, /) -> StoredHash:
        """Return what the hash says about itself. Costs nothing."""
        ...
