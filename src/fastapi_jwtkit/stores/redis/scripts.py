"""The Lua scripts: files of the package, run by their digest."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

__all__ = ["Script", "load_script"]


@dataclass(frozen=True, slots=True)
class Script:
    """A script and the digest under which a server that ran it before knows it.

    Attributes:
        source: what is sent to a server that does not know it.
        digest: by which it is called.
    """

    source: bytes = field(repr=False)
    digest: str


@cache
def load_script(*names: str) -> Script:
    """Return the script that these files of ``lua/`` make, one after the other."""
    folder = files("fastapi_jwtkit.stores.redis") / "lua"
    source = b"\n".join((folder / f"{name}.lua").read_bytes() for name in names)
    # Not a secret: it is how the server names scripts.
    digest = hashlib.sha1(source, usedforsecurity=False).hexdigest()
    return Script(source, digest)
