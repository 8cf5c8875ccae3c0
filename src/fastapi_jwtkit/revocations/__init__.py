"""What is dead before its ``exp``: a map in memory that follows a feed.

``known.py`` is the map, asked on every request; ``following.py`` keeps it like the feed;
``writing.py`` adds to the feed, and adds again what a server forgot.
"""

from __future__ import annotations

from fastapi_jwtkit.revocations.following import Revocations
from fastapi_jwtkit.revocations.known import KnownRevocations

__all__ = ["KnownRevocations", "Revocations"]
