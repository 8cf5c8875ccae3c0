"""What a person proves who they are with, and how a login is spelled."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from pydantic import SecretStr

__all__ = ["Credentials", "canonical_email", "canonical_login"]

MAX_LOGIN_CHARACTERS = 254

# What RFC 5321 4.1.2 allows without quotes, and letters of any script (RFC 6531): nothing
# that could end an address in a header and begin another.
_EMAIL = re.compile(r"[^\s@<>()\[\]\\,;:\"']{1,64}@[^\s@<>()\[\]\\,;:\"']{1,189}")


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


def canonical_email(email: str) -> str | None:
    """Return the one spelling under which an address is stored, compared and mailed to.

    That of ``canonical_login``: a mail for a twin that merely looks alike would reach
    somebody else. Returns ``None`` for what is no address.
    """
    canonical = canonical_login(email)
    return canonical if canonical is not None and _EMAIL.fullmatch(canonical) else None
