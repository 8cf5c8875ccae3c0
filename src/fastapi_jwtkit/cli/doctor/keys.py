"""Keys: whether they can be read, how old they are, and whether they can be rotated."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_jwtkit.cli.console import span
from fastapi_jwtkit.cli.doctor.findings import Finding, from_error, good, note, warning
from fastapi_jwtkit.errors import ConfigurationError, JWTKitError
from fastapi_jwtkit.key_sources.rotation import KeyReport
from fastapi_jwtkit.keys.state import KeyState
from fastapi_jwtkit.kit import JWTKit

__all__ = ["check_keys"]

OLD_SECONDS = 180 * 86_400.0
"""An active key that is older has probably been forgotten."""
_PAGE = "how-to/rotate-keys/"


async def check_keys(kit: JWTKit) -> list[Finding]:
    """Read the rings as the application would: modes, sizes and known keys are looked at there."""
    try:
        report = await kit.key_rotation.report()
    except JWTKitError as error:
        return [from_error("keys", error, page="reference/keys/")]
    return [*_of_rings(report, now=kit.now()), await _can_rotate(kit)]


def _of_rings(report: KeyReport, *, now: float) -> Iterator[Finding]:
    for ring in dict.fromkeys(key.ring for key in report.keys):
        keys = [key for key in report.keys if key.ring == ring]
        title = ring.replace("_", " ")
        active = next(key for key in keys if key.state is KeyState.ACTIVE)
        age = now - active.changed_at
        if age > OLD_SECONDS:
            yield warning(
                f"age of {title}",
                f"The active one has signed for {span(age)}.",
                fix="jwtkit keys rotate",
                page=_PAGE,
            )
        else:
            yield good(f"age of {title}", f"{active.alg}, active for {span(age)}")
        if not any(key.state is KeyState.NEXT for key in keys):
            yield note(
                f"next of {title}",
                "None is published ahead: after a theft, verifiers that cache your keys would "
                "refuse good tokens for a while.",
                fix="jwtkit keys rotate publishes one, and does nothing else yet",
                page=_PAGE,
            )


async def _can_rotate(kit: JWTKit) -> Finding:
    try:
        await kit.key_rotation.rotate(dry_run=True)
    except ConfigurationError as error:
        text = str(error).splitlines()[0]
        return note("rotation", text, fix="keep keys in files that can be replaced", page=_PAGE)
    except JWTKitError as error:
        return from_error("rotation", error, page=_PAGE)
    return good("rotation", "keys can be rotated where they are")
