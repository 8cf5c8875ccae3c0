"""Names of keys: ``jwtkit:1:<realm tag>:<what>:<which>``.

The prefix is yours to change, the number is the format of what is stored, and the tag
keeps realms apart. A script that writes two keys has the tag in braces in both, so that
a Cluster keeps them in one slot.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode

from fastapi_jwtkit.errors import ConfigurationError

__all__ = ["FORMAT_VERSION", "KeyNames"]

FORMAT_VERSION = 1
_REALM_BYTES = 6
_SUBJECT_BYTES = 12
_TAGS_KEPT = 1_000


class KeyNames:
    """Names of the keys of all realms.

    Args:
        prefix: what they begin with.

    Raises:
        ConfigurationError: the prefix would send keys of one script to several slots.
    """

    def __init__(self, prefix: str = "jwtkit") -> None:
        if not prefix or "{" in prefix or "}" in prefix:
            raise ConfigurationError(
                f"{prefix[:40]!r} cannot be the prefix of keys.",
                why="A Cluster reads braces as the part of a name that decides about the slot.",
                fix="Pass a short word, such as prefix='jwtkit'.",
                docs="how-to/redis/",
            )
        self._start = f"{prefix}:{FORMAT_VERSION}:"
        self._sessions: dict[str, str] = {}

    def session(self, realm: str, sid: str) -> str:
        """Return the name of a session's row."""
        start = self._sessions.get(realm)
        if start is None:
            start = self._remember(realm)
        return start + sid

    def subject(self, realm: str, subject: str) -> str:
        """Return the name of the index of a subject's sessions; it does not say whose."""
        return f"{self._start}{_tag(realm)}:u:{_digest(subject, _SUBJECT_BYTES)}"

    def feed(self, realm: str) -> tuple[str, str, str]:
        """Return the names of the feed's state, of what is known of it, and of its log."""
        return self.feed_of_tag(_tag(realm))

    def feed_of_tag(self, tag: str) -> tuple[str, str, str]:
        """Return the names for a realm of which only the tag is known."""
        start = f"{self._start}{{{tag}}}:revoked"
        return start, f"{start}-known", f"{start}-log"

    def tag(self, realm: str) -> str:
        """Return what stands for a realm in names."""
        return _tag(realm)

    def realms(self) -> str:
        """Return the name of the set of tags of the realms that have a feed."""
        return f"{self._start}realms"

    def one_time(self, realm: str, token_id: str) -> str:
        """Return the name of what happened once."""
        return f"{self._start}{_tag(realm)}:once:{token_id}"

    def counter(self, realm: str, key: str) -> str:
        """Return the name of a counter."""
        return f"{self._start}{_tag(realm)}:n:{key}"

    def _remember(self, realm: str) -> str:
        if len(self._sessions) >= _TAGS_KEPT:
            self._sessions.clear()
        start = self._sessions[realm] = f"{self._start}{_tag(realm)}:s:"
        return start


def _tag(realm: str) -> str:
    return _digest(realm, _REALM_BYTES)


def _digest(text: str, size: int) -> str:
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).digest()
    return urlsafe_b64encode(digest[:size]).decode("ascii")
