"""What a person proves who they are with, and how a login is spelled."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from pydantic import SecretStr

__all__ = ["Credentials", "canonical_login"]

MAX_LOGIN_CHARACTERS = 254


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A login and a password, neither checked yet.

    Attributes:
        login: as the person typed it.
        password: masked by ``repr`` and in logs.
    """

    login: str
    password: SecretStr


def canonical_login(login: str) -> str | None:
    """Return the one spelling under which a login is stored and looked up.

    NFKC, casefolded, without surrounding white space, so that no twin that merely
    looks alike can be registered (Django CVE-2019-19844). Returns ``None`` for what
    can be nobody's login: empty, longer than 254 characters, or holding a control,
    format, surrogate or unassigned character.
    """
    if len(login) > MAX_LOGIN_CHARACTERS:
        return None
    # Casefolding can undo normal form, so it is applied on both sides (Unicode 3.13 D146).
    folded = unicodedata.normalize("NFKC", login).strip().casefold()
    canonical = unicodedata.normalize("NFKC", folded)
    if not canonical or len(canonical) > MAX_LOGIN_CHARACTERS:
        return None
    if any(unicodedata.category(character).startswith("C") for character in canonical):
        return None
    return canonical
