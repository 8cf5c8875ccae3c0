"""The application's own users table behind the kit's ``UserStore`` port."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from examples.todo.app.models import UserRow
from examples.todo.app.services.ownership import ADMIN_ROLE, ADMIN_SCOPE
from fastapi_jwtkit.errors import LoginTakenError, StoreUnavailableError
from fastapi_jwtkit.records import NewUser
from fastapi_jwtkit.scopes import format_scope, parse_scope

__all__ = ["Account", "SqlUserStore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the kit may know of a user: plain data, no database row."""

    id: str
    login: str
    password_hash: str | None = field(repr=False)
    is_active: bool
    scopes: frozenset[str]
    roles: frozenset[str]
    permissions: frozenset[str] = frozenset()


class SqlUserStore:
    """Find, add and change users. There is no base class to inherit: the shape is enough.

    Args:
        sessions: makes database sessions.
    """

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def find_by_login(self, login: str, /) -> Account | None:
        """Return the user with this canonical login."""
        return await self._find(UserRow.login == login)

    async def find_by_id(self, user_id: str, /) -> Account | None:
        """Return the user with this id, with the roles that hold now."""
        return await self._find(UserRow.id == user_id)

    async def set_password_hash(
        self, user_id: str, password_hash: str, /, *, expected: str | None
    ) -> bool:
        """Replace the hash only if it still is ``expected``: one statement decides."""
        # ``IS`` where nothing is expected: ``= NULL`` is never true.
        unchanged = UserRow.password_hash.is_not_distinct_from(expected)
        statement = update(UserRow).where(UserRow.id == user_id, unchanged)
        statement = statement.values(password_hash=password_hash)
        with _answering():
            async with self._sessions.begin() as session:
                return await session.scalar(statement.returning(UserRow.id)) is not None

    async def add(self, new: NewUser, /) -> Account:
        """Store a new user.

        Raises:
            LoginTakenError: the login is somebody's; the unique index says so.
        """
        row = UserRow(
            login=new.login,
            password_hash=new.password_hash,
            email=new.email,
            scopes=format_scope(new.scopes),
        )
        with _answering():
            try:
                async with self._sessions.begin() as session:
                    session.add(row)
            except IntegrityError:
                raise LoginTakenError("login_taken") from None
        return _account(row)

    async def make_admin(self, user_id: str) -> None:
        """Give a user the role ``admin`` and the scope ``tasks:admin``."""
        with _answering():
            async with self._sessions.begin() as session:
                row = await session.get_one(UserRow, user_id, with_for_update=True)
                row.scopes = format_scope(parse_scope(row.scopes) | {ADMIN_SCOPE})
                row.roles = format_scope(parse_scope(row.roles) | {ADMIN_ROLE})

    async def has_admin(self) -> bool:
        """Say whether anybody is an admin."""
        with _answering():
            async with self._sessions() as session:
                roles = await session.scalars(select(UserRow.roles).where(UserRow.roles != ""))
                return any(ADMIN_ROLE in parse_scope(text) for text in roles)

    async def _find(self, condition: ColumnElement[bool]) -> Account | None:
        with _answering():
            async with self._sessions() as session:
                row = await session.scalar(select(UserRow).where(condition))
        return None if row is None else _account(row)


def _account(row: UserRow) -> Account:
    return Account(
        id=row.id,
        login=row.login,
        password_hash=row.password_hash,
        is_active=row.is_active,
        scopes=parse_scope(row.scopes),
        roles=parse_scope(row.roles),
    )


@contextmanager
def _answering() -> Iterator[None]:
    """Turn a database that does not answer into 503: nobody is logged out by it."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise StoreUnavailableError("user_store_failed") from error
