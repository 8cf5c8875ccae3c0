"""The end of an account, for a while or for good."""

from __future__ import annotations

import asyncio

from fastapi_jwtkit.account_protocols import DisablingUserStore, RemovingUserStore
from fastapi_jwtkit.accounts.flow_parts import FlowParts
from fastapi_jwtkit.accounts.user_reads import ask_user_store
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.records import Device

__all__ = ["Removal"]


class Removal:
    """Disables, enables and deletes accounts.

    A login under way reads the user again before it is answered, after its session is in
    the store: it finds the user disabled or gone, or its session is among those ended here.
    Whoever hangs up half-way changes nothing: what was begun is finished.

    Args:
        parts: what the flows share.
    """

    def __init__(self, parts: FlowParts) -> None:
        self._parts = parts

    async def disable(self, user_id: str) -> bool:
        """Shut a user out and end their sessions; see ``AccountFlows``."""
        return await asyncio.shield(self._disable(user_id))

    async def enable(self, user_id: str) -> bool:
        """Let a user in again."""
        with self._parts.events.telling(EventName.USER_ENABLED, subject=user_id) as telling:
            telling.happened = await self._set_active(user_id, active=True)
        return telling.happened

    async def delete(self, user_id: str, device: Device) -> bool:
        """Forget a user and end their sessions; see ``AccountFlows``."""
        users = self._parts.users
        if not isinstance(users, RemovingUserStore):
            return False
        return await asyncio.shield(self._remove(users, user_id, device))

    async def _disable(self, user_id: str) -> bool:
        with self._parts.events.telling(EventName.USER_DISABLED, subject=user_id) as telling:
            exists = await self._set_active(user_id, active=False)
            # Also of a user who is not there: whoever removed them may have ended nothing.
            await self._parts.sessions.close_all(user_id, reason="user_disabled")
            telling.happened = exists
        return exists

    async def _remove(self, users: RemovingUserStore, user_id: str, device: Device) -> bool:
        sessions, events = self._parts.sessions, self._parts.events
        with events.telling(EventName.USER_DELETED, subject=user_id, device=device) as telling:
            await sessions.erase(user_id, reason="user_deleted")
            telling.happened = await ask_user_store(lambda: users.remove(user_id))
            # And again, for a login that came in between.
            await sessions.erase(user_id, reason="user_deleted")
        return telling.happened

    async def _set_active(self, user_id: str, *, active: bool) -> bool:
        users = self._parts.users
        if not isinstance(users, DisablingUserStore):
            return False
        return await ask_user_store(lambda: users.set_active(user_id, active))
