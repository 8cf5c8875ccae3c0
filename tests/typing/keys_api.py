"""What users write around keys, as a type checker sees it; nothing here is run."""

from __future__ import annotations

from collections.abc import Callable

from fastapi_jwtkit import JWTKit
from fastapi_jwtkit.key_protocols import ChangeableKeySource, KeySource
from fastapi_jwtkit.key_sources.rotation import KeyChange, KeyReport, KeyStatus


class VaultSource:
    """A source of somebody's own, which can be changed; no base class."""

    async def read(self) -> str:
        """Return the ring."""
        return ""

    async def change(self, change: Callable[[str], str], /) -> str:
        """Replace it."""
        return change(await self.read())


def sources() -> tuple[KeySource, ChangeableKeySource]:
    """It is both."""
    return VaultSource(), VaultSource()


async def rotate(kit: JWTKit) -> list[str]:
    """Rotate, and tell what happened."""
    report: KeyReport = await kit.rotate_keys(min_age=30 * 86_400, alg="EdDSA")
    changes: tuple[KeyChange, ...] = report.changes
    told = [f"{change.key_id}: {change.before} -> {change.after}" for change in changes]
    waiting: list[KeyStatus] = [key for key in report.keys if key.due_at is not None]
    revoked: KeyReport = await kit.revoke_key(waiting[0].key_id)
    ended: list[str] = await kit.revoke_all_keys()
    return [*told, *(key.key_id for key in revoked.keys), *ended]
