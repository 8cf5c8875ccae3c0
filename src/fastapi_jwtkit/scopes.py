"""Scopes: plain strings in a frozenset, matched exactly (RFC 6749 3.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from fastapi_jwtkit.errors import ConfigurationError, InvalidScopeError

__all__ = ["check_scopes", "format_scope", "parse_scope"]

# RFC 6749 3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ): no space, quote, backslash.
_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+", re.ASCII)
MAX_SCOPE_CHARACTERS = 2048


def parse_scope(text: str) -> frozenset[str]:
    """Split a ``scope`` parameter or claim into its scopes.

    The delimiter is U+0020 alone: ``str.split()`` would also split on some twenty
    other Unicode spaces, and so read one scope as two.

    Raises:
        InvalidScopeError: a character outside RFC 6749 3.3, or more than 2,048 of them.
    """
    if len(text) > MAX_SCOPE_CHARACTERS:
        raise InvalidScopeError("scope_too_long")
    scopes = frozenset(part for part in text.split(" ") if part)
    if not all(_SCOPE_TOKEN.fullmatch(scope) for scope in scopes):
        raise InvalidScopeError("scope_malformed")
    return scopes


def format_scope(scopes: Iterable[str]) -> str:
    """Write scopes as one space-delimited string, sorted so that equal sets read alike."""
    return " ".join(sorted(scopes))


def check_scopes(scopes: Iterable[str]) -> tuple[str, ...]:
    """Return the scopes a developer wrote, in order and once each.

    Raises:
        ConfigurationError: one of them could never match, or would break the
            ``scope="…"`` attribute of a challenge (RFC 6750 3).
    """
    if isinstance(scopes, str):
        raise ConfigurationError(
            f"Scopes were given as one string, {scopes!r}.",
            why="A string is a sequence of characters; none of them is a scope.",
            fix='Pass them one by one: require_scopes("tasks:read", "tasks:write").',
        )
    checked = tuple(dict.fromkeys(scopes))
    for scope in checked:
        if not _SCOPE_TOKEN.fullmatch(scope):
            raise ConfigurationError(
                f"{scope!r} is not a scope.",
                why="RFC 6749 3.3 allows printable ASCII without space, quote or backslash.",
                fix="Name one scope per argument, such as 'tasks:read'.",
            )
    return checked
