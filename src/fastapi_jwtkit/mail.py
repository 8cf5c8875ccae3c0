"""Mails that the kit asks to be sent: who, what, and the link; never the words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

__all__ = ["Mail", "MailKind"]

_NOTHING: Mapping[str, str] = MappingProxyType({})


class MailKind(StrEnum):
    """What a mail is about."""

    RESET_PASSWORD = "reset_password"
    """Somebody forgot the password; the link leads to your page for a new one."""
    VERIFY_EMAIL = "verify_email"
    """An address has to be confirmed; the link leads to your page that does it."""
    CHANGE_EMAIL = "change_email"
    """To the new address: the link confirms the change."""
    EMAIL_CHANGE_ASKED = "email_change_asked"
    """To the old address: somebody with the password asked for another. No link."""
    EMAIL_CHANGED = "email_changed"
    """To the old address: mail goes to another one from now on. No link."""
    PASSWORD_CHANGED = "password_changed"
    """The password was changed or reset. No link."""
    ALREADY_REGISTERED = "already_registered"
    """Somebody tried to register with what is this person's already. No link."""
    LOGIN_TAKEN = "login_taken"
    """A registration asked for a user name that is somebody else's. No link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail to send. ``repr`` shows neither the address nor the link.

    Attributes:
        to: the address, as it is stored.
        kind: what it is about; the words are yours.
        link: what the person has to open; ``None`` where there is nothing to open. It
            carries a token behind its ``#``, so that no server and no log sees it.
        context: more to write: ``login``, and with a link ``minutes``, how long it works.
    """

    to: str = field(repr=False)
    kind: MailKind
    link: str | None = field(default=None, repr=False)
    context: Mapping[str, str] = field(default_factory=lambda: _NOTHING, repr=False)
