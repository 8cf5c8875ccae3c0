"""What a password may be: the one normal form, and the rules for a new one.

``normalize_password`` holds for every password, new or presented: it is the only place
that says which bytes are hashed. ``PasswordRules`` holds for new ones alone: whoever
set a password under older rules can still log in.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal, Self

from fastapi_jwtkit.errors import ConfigurationError, PasswordRejectedError

__all__ = ["MAX_PASSWORD_CHARACTERS", "PasswordRules", "normalize_password"]

MAX_PASSWORD_CHARACTERS = 256
"""Counted in code points after normalisation; 1,024 bytes of UTF-8 at the very most."""
_MAX_RAW_CHARACTERS = 4 * MAX_PASSWORD_CHARACTERS
"""What is looked at at all. Unicode decomposes one composed code point into four at most
(UAX 15, 9.1), so no other spelling of an allowed password is longer than this."""

_MIN_CHARACTERS = {"nist": 15, "asvs": 8}
_ASVS_FLOOR = 8
_SHORTEST_LOGIN_WORD = 3
_OWN_CHARACTERS = 8
"""How many characters of a password must come from elsewhere than the login."""


def normalize_password(password: str) -> str:
    """Return the normal form in which a password is hashed and compared.

    NFKC, so that one password typed on two systems is the same bytes (SP 800-63B-4
    3.1.1.2). The length is looked at before anything that costs time, and never cut:
    a truncated password is another password.

    Raises:
        PasswordRejectedError: it is longer than 256 characters (``password_too_long``) or
            holds half of a surrogate pair, which no encoding has (``password_malformed``).
    """
    if len(password) > _MAX_RAW_CHARACTERS:
        raise _too_long()
    normal = unicodedata.normalize("NFKC", password)
    if len(normal) > MAX_PASSWORD_CHARACTERS:
        raise _too_long()
    if any(unicodedata.category(character) == "Cs" for character in normal):
        raise PasswordRejectedError("password_malformed", "Use characters that can be typed.")
    return normal


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordRules:
    """Rules for a new password: length, and that it is not the login.

    No composition rules and no expiry, on purpose (SP 800-63B-4 3.1.1.2): every
    printable character is welcome and none is required.

    Attributes:
        min_characters: counted in code points after normalisation.
    """

    min_characters: int = _MIN_CHARACTERS["nist"]

    def __post_init__(self) -> None:
        if not _ASVS_FLOOR <= self.min_characters <= MAX_PASSWORD_CHARACTERS:
            raise ConfigurationError(
                f"A minimum password length of {self.min_characters} is refused.",
                why="ASVS 6.2.1 sets the floor at 8 characters; the most we hash is 256.",
                fix='PasswordRules.preset("nist") asks for 15, PasswordRules.preset("asvs") for 8.',
            )

    @classmethod
    def preset(cls, name: Literal["nist", "asvs"]) -> Self:
        """Return the rules of SP 800-63B-4 (15 characters) or of ASVS 6.2.1 (8)."""
        return cls(min_characters=_MIN_CHARACTERS[name])

    def enforce(self, password: str, *, login: str) -> None:
        """Let a new password pass, or say what to change.

        Args:
            password: as it was typed.
            login: the login in its canonical spelling.

        Raises:
            PasswordRejectedError: ``password_too_short``, ``password_too_long``,
                ``password_malformed`` or ``password_is_login``; ``detail`` is for the person.
        """
        normal = normalize_password(password)
        if any(unicodedata.category(character) == "Cc" for character in normal):
            raise PasswordRejectedError(
                "password_malformed",
                "Leave out control characters such as tabs and line breaks.",
            )
        if len(normal) < self.min_characters:
            raise PasswordRejectedError(
                "password_too_short", f"Use at least {self.min_characters} characters."
            )
        if _little_but_login(normal, login):
            raise PasswordRejectedError(
                "password_is_login", "Choose a password that is not made of your login."
            )


def _little_but_login(password: str, login: str) -> bool:
    folded = unicodedata.normalize("NFKC", password.casefold())
    # The name in front of the @ is the login as most people see it. The longer word first:
    # with the shorter gone, the longer would no longer be found.
    for word in (login, login.partition("@")[0]):
        if len(word) >= _SHORTEST_LOGIN_WORD and word in folded:
            folded = folded.replace(word, "")
            if len(folded) < _OWN_CHARACTERS:
                return True
    return False


def _too_long() -> PasswordRejectedError:
    return PasswordRejectedError(
        "password_too_long", f"Use at most {MAX_PASSWORD_CHARACTERS} characters."
    )
