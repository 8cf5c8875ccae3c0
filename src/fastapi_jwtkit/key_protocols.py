"""The ports of keys: where they are kept, and who may change them there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

__all__ = ["ChangeableKeySource", "KeySource"]


class KeySource(Protocol):
    """Where keys are kept, as text in the format of ``keys/``."""

    async def read(self) -> str:
        """Return the text.

        Raises:
            KeySourceUnavailableError: it cannot be read now.
            MissingKeyError: there is none.
        """
        ...


@runtime_checkable
class ChangeableKeySource(KeySource, Protocol):
    """A key source that can be changed, for ``rotate_keys`` and its kin."""

    async def change(self, change: Callable[[str], str], /) -> str:
        """Replace the text by what ``change`` makes of it, atomically, and return that.

        Nobody else may change it between the reading and the writing, or two workers that
        rotate at once would both hand over. ``change`` may be called in another thread, and
        again after a conflict; what it returns unchanged need not be written.

        Raises:
            KeySourceUnavailableError: it cannot be changed now.
            MissingKeyError: there is none.
        """
        ...
