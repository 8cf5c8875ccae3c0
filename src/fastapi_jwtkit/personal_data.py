"""What of a request is kept at all, in events and in rows of sessions, and how it is erased."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from fastapi_jwtkit.records import Device

__all__ = ["KEEP_ALL", "ErasingSessionStore", "PersonalData"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalData:
    """Which parts of a ``Device`` may be written down.

    Attributes:
        ip: whether the address may.
        user_agent: whether what the client calls itself may.
    """

    ip: bool = True
    user_agent: bool = True

    def kept(self, device: Device) -> Device:
        """Return the device as it may be written down; the name is the person's own word."""
        if self.ip and self.user_agent:
            return device
        return replace(
            device,
            ip=device.ip if self.ip else None,
            user_agent=device.user_agent if self.user_agent else None,
        )


KEEP_ALL = PersonalData()


@runtime_checkable
class ErasingSessionStore(Protocol):
    """A session store that can forget a person; every store of the kit is one."""

    async def erase(self, realm: str, subject: str, /) -> int:
        """Delete the subject's rows that are revoked or expired, and say how many.

        Never a live one: its access tokens would outlive it. The kit revokes first.
        """
        ...
