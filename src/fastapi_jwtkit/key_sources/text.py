"""Keys handed in as text: from the environment or from a secrets store of your own."""

from __future__ import annotations

from pydantic import SecretStr

__all__ = ["TextKeySource"]


class TextKeySource:
    """A ring as text that does not change while the process lives.

    Args:
        text: what ``to_text`` of a ring wrote.
    """

    def __init__(self, text: str | SecretStr) -> None:
        self._text = SecretStr(text) if isinstance(text, str) else text

    async def read(self) -> str:
        """Return the text."""
        return self._text.get_secret_value()

    def __repr__(self) -> str:
        return "TextKeySource()"
