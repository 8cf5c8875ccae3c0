"""The rules for new passwords that the settings ask for."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from fastapi_jwtkit.passwords.rules import PasswordRules
from fastapi_jwtkit.settings import Settings

__all__ = ["rules_from_settings"]

_SHORTEST_LABEL = 4
_SAY_NOTHING = frozenset({"localhost", "auth", "accounts", "login", "example", "test"})


def rules_from_settings(settings: Settings) -> PasswordRules:
    """Return the preset, with the words of the service: those of the settings and its host."""
    context = settings.password_context | frozenset(_labels(settings.issuer))
    return PasswordRules.preset(settings.password_preset, context=context)


def _labels(issuer: str) -> Iterator[str]:
    # "https://login.acme-bank.co.uk" is called "acme-bank"; people write it so.
    host = urlsplit(issuer).hostname or ""
    if host.replace(".", "").isdigit() or ":" in host:
        return
    for label in host.split(".")[:-1] or [host]:
        if len(label) >= _SHORTEST_LABEL and label not in _SAY_NOTHING:
            yield label
