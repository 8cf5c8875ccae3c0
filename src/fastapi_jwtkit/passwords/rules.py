"""What a password may be: the one normal form, and the rules for a new one.

``normalize_password`` holds for every password, new or presented: it is the only place
that says which bytes are hashed. ``PasswordRules`` holds for new ones alone: whoever
set a password under older rules can still log in.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Container, Iterable
from dataclasses import dataclass, field
from typing import Literal, Self

from fastapi_jwtkit.errors import ConfigurationError, PasswordRejectedError
from fastapi_jwtkit.passwords.common_passwords import CommonPasswords

__all__ = ["MAX_PASSWORD_CHARACTERS", "PasswordRules", "fold_password", "normalize_password"]

MAX_PASSWORD_CHARACTERS = 256
"""Counted in code points after normalisation; 1,024 bytes of UTF-8 at the very most."""
_MAX_RAW_CHARACTERS = 4 * MAX_PASSWORD_CHARACTERS
"""What is looked at at all. Unicode decomposes one composed code point into four at most
(UAX 15, 9.1), so no other spelling of an allowed password is longer than this."""

_MIN_CHARACTERS = {"nist": 15, "asvs": 8}
_FLOOR = 8
_SHORTEST_WORD = 3
_OWN_CHARACTERS = 8
"""How many characters of a password must come from elsewhere than the login and the context."""

_JOINTS = " -_.,:;!?/+*#@"
"""What people put between a word and a password."""


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


def fold_password(password: str) -> str:
    """Return the form in which passwords are looked up and words are found in them.

    Case is folded, and normal form restored, which folding can undo (Unicode 3.13 D146).
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", password).casefold())


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordRules:
    """Rules for a new password: its length, and that it is not one that is guessed first.

    No composition rules and no expiry, on purpose (SP 800-63B-4 3.1.1.2): every
    printable character is welcome and none is required. Each piece can be replaced:
    ``PasswordRules.preset("nist", common=YourList())``.

    Attributes:
        min_characters: counted in code points after normalisation.
        min_with_second_factor: the same for an account that a password alone does not open.
        context: words of the service that a password must not be made of, such as its name
            and the company's. Folded here.
        common: what is guessed first; asked with ``in``, by the form of ``fold_password``,
            on the event loop: no I/O.
    """

    min_characters: int = _MIN_CHARACTERS["nist"]
    min_with_second_factor: int = _FLOOR
    context: Collection[str] = frozenset()
    common: Container[str] = field(default_factory=CommonPasswords)

    def __post_init__(self) -> None:
        for least in (self.min_characters, self.min_with_second_factor):
            if not _FLOOR <= least <= MAX_PASSWORD_CHARACTERS:
                raise ConfigurationError(
                    f"A minimum password length of {least} is refused.",
                    why="ASVS 6.2.1 sets the floor at 8 characters; the most we hash is 256.",
                    fix='PasswordRules.preset("nist") asks for 15 (8 beside a second factor),'
                    ' PasswordRules.preset("asvs") for 8.',
                    docs="how-to/password-rules/",
                )
        if isinstance(self.context, str):
            raise ConfigurationError(
                "PasswordRules(context=…) takes a set of words, not one text.",
                why="The letters of a text would be taken for words.",
                fix='PasswordRules(context={"acme", "todo"}).',
                docs="how-to/password-rules/",
            )
        words = frozenset(fold_password(word).strip() for word in self.context)
        short = sorted(word for word in words if len(word) < _SHORTEST_WORD)
        if short:
            raise ConfigurationError(
                f"The context word {short[0]!r} is refused: it has fewer than 3 characters.",
                why="It is in many passwords by chance.",
                fix="Leave it out, or write it out.",
                docs="how-to/password-rules/",
            )
        object.__setattr__(self, "context", words)

    @classmethod
    def preset(
        cls,
        name: Literal["nist", "asvs"],
        *,
        context: Collection[str] = frozenset(),
        common: Container[str] | None = None,
    ) -> Self:
        """Return the rules of SP 800-63B-4 (15 characters) or of ASVS 6.2.1 (8)."""
        return cls(
            min_characters=_MIN_CHARACTERS[name],
            context=context,
            common=CommonPasswords() if common is None else common,
        )

    def enforce(
        self,
        password: str,
        *,
        login: str,
        second_factor: bool = False,
        words: Iterable[str] = (),
    ) -> None:
        """Let a new password pass, or say what to change.

        Args:
            password: as it was typed.
            login: the login in its canonical spelling.
            second_factor: whether the account cannot be opened by the password alone.
            words: more that belongs to this person, such as their e-mail address.

        Raises:
            PasswordRejectedError: ``password_too_short``, ``password_too_long``,
                ``password_malformed``, ``password_is_login``, ``password_common`` or
                ``password_context``; ``detail`` is for the person.
        """
        normal = normalize_password(password)
        if any(unicodedata.category(character) == "Cc" for character in normal):
            raise PasswordRejectedError(
                "password_malformed",
                "Leave out control characters such as tabs and line breaks.",
            )
        least = self.min_characters
        if second_factor:
            least = min(least, self.min_with_second_factor)
        if len(normal) < least:
            raise PasswordRejectedError("password_too_short", f"Use at least {least} characters.")
        self._refuse_guessable(fold_password(normal), _spellings((login, *words)))

    def _refuse_guessable(self, folded: str, personal: frozenset[str]) -> None:
        own = _without(folded, personal)
        if len(own) < _OWN_CHARACTERS and own != folded:
            raise PasswordRejectedError(
                "password_is_login", "Choose a password that is not made of your login."
            )
        if folded in self.common or _repeated(folded) in self.common:
            raise PasswordRejectedError(
                "password_common",
                "This password is one of the first that are tried. Choose another, such as"
                " four or five words that have nothing to do with each other.",
            )
        rest = _without(folded, personal | frozenset(self.context))
        joined = rest.strip(_JOINTS)
        known = joined in self.common or _repeated(joined) in self.common
        if rest != folded and (len(rest) < _OWN_CHARACTERS or known):
            raise PasswordRejectedError(
                "password_context",
                "Choose a password that is not made of the name of this service or of yourself.",
            )


def _spellings(texts: Iterable[str]) -> frozenset[str]:
    # The name in front of the @ is the login as most people see it.
    folded = [fold_password(text).strip() for text in texts]
    words = {*folded, *(text.partition("@")[0] for text in folded)}
    return frozenset(word for word in words if len(word) >= _SHORTEST_WORD)


def _without(folded: str, words: Collection[str]) -> str:
    # The longest word first: with a shorter one gone, a longer one would no longer be found.
    for word in sorted(words, key=lambda word: (-len(word), word)):
        folded = folded.replace(word, "")
    return folded


def _repeated(text: str) -> str:
    """Return what a text is a repetition of; the text itself if it is none."""
    period = (text + text).find(text, 1)
    return text[:period]


def _too_long() -> PasswordRejectedError:
    return PasswordRejectedError(
        "password_too_long", f"Use at most {MAX_PASSWORD_CHARACTERS} characters."
    )
