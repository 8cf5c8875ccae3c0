"""Profiles: a person's own."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from examples.todo.app.models import UserRow
from examples.todo.app.schemas.profile import ProfileChanges
from fastapi_jwtkit import Principal
from fastapi_jwtkit.errors import InvalidTokenError

__all__ = ["ProfileService"]


class ProfileService:
    """Read and change one's own profile; nobody else's can be named.

    Args:
        sessions: makes database sessions.
    """

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def find(self, principal: Principal) -> UserRow:
        """Return the profile.

        Raises:
            InvalidTokenError: the account behind the token does not exist.
        """
        async with self._sessions() as session:
            return await _read(session, principal)

    async def change(self, principal: Principal, changes: ProfileChanges) -> UserRow:
        """Change the fields that were sent; raises as ``find`` does."""
        statement = update(UserRow).where(UserRow.id == principal.subject)
        async with self._sessions.begin() as session:
            await session.execute(statement.values(**changes.model_dump(exclude_unset=True)))
            return await _read(session, principal)


async def _read(session: AsyncSession, principal: Principal) -> UserRow:
    row = await session.scalar(select(UserRow).where(UserRow.id == principal.subject))
    if row is None:
        raise InvalidTokenError("account_gone")
    return row
