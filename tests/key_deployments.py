"""Key files on disk, and rings that follow them."""

from __future__ import annotations

from pathlib import Path

from clocks import FakeClock
from fastapi_jwtkit.key_sources.file import FileKeySource, write_new_file
from fastapi_jwtkit.key_sources.live_rings import LiveRings
from fastapi_jwtkit.keys.key_ring import KeyRing, KeyState, RingKey
from fastapi_jwtkit.keys.secret_ring import SecretRing
from fastapi_jwtkit.keys.signing_key import SigningKey


class CountedSource:
    """A file source that counts its reads."""

    def __init__(self, path: Path) -> None:
        self._source = FileKeySource(path)
        self.reads = 0

    async def read(self) -> str:
        """Read the file."""
        self.reads += 1
        return await self._source.read()


class Deployment:
    """Two key files, rings that follow them, and a clock."""

    def __init__(self, directory: Path) -> None:
        self.clock = FakeClock()
        self.keys_path = directory / "keys.json"
        self.secrets_path = directory / "refresh-secrets.json"
        self.written = KeyRing.generate(now=self.clock.now())
        self.write(self.written)
        write_new_file(self.secrets_path, SecretRing.generate(now=self.clock.now()).to_text())
        self.keys = CountedSource(self.keys_path)
        self.rings = LiveRings(
            keys=self.keys, secrets=CountedSource(self.secrets_path), clock=self.clock
        )

    def write(self, ring: KeyRing) -> None:
        """Replace the key file in one step, as an orchestrator does."""
        draft = self.keys_path.with_suffix(".new")
        write_new_file(draft, ring.to_text())
        draft.replace(self.keys_path)

    def rotate(self) -> KeyRing:
        """Write a ring whose active key is new and whose old key is retired."""
        now = self.clock.now()
        old = RingKey(self.written.active, KeyState.RETIRED, now)
        ring = KeyRing([RingKey(SigningKey.generate(), KeyState.ACTIVE, now), old])
        self.write(ring)
        return ring
