"""The application's own users table behind the kit's ``UserStore`` port."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Delete, Update, delete, select, update
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
    email: str | None = field(repr=False)
    email_verified: bool
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
            return await self._changes(statement)

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

    async def find_by_email(self, email: str, /) -> Account | None:
        """Return whose address this is: of several, the one who verified it."""
        statement = select(UserRow).where(UserRow.email == email)
        statement = statement.order_by(UserRow.email_verified.desc()).limit(2)
        with _answering():
            async with self._sessions() as session:
                rows = (await session.scalars(statement)).all()
        if len(rows) > 1 and rows[0].email_verified == rows[1].email_verified:
            return None
        return _account(rows[0]) if rows else None

    async def set_email(
        self, user_id: str, email: str, /, *, expected: str | None, login: str | None = None
    ) -> bool:
        """Replace the address, as verified, only if it still is ``expected``.

        Raises:
            LoginTakenError: ``login`` is somebody else's; the unique index says so.
        """
        unchanged = UserRow.email.is_not_distinct_from(expected)
        statement = update(UserRow).where(UserRow.id == user_id, unchanged)
        statement = statement.values(email=email, email_verified=True)
        if login is not None:
            statement = statement.values(login=login)
        with _answering():
            try:
                return await self._changes(statement)
            except IntegrityError:
                raise LoginTakenError("login_taken") from None

    async def set_active(self, user_id: str, active: bool, /) -> bool:  # noqa: FBT001 - the port's
        """Let a user in, or not; say whether there is such a user."""
        statement = update(UserRow).where(UserRow.id == user_id)
        with _answering():
            return await self._changes(statement.values(is_active=active))

    async def remove(self, user_id: str, /) -> bool:
        """Forget a user; their tasks go with them (``ON DELETE CASCADE``)."""
        with _answering():
            return await self._changes(delete(UserRow).where(UserRow.id == user_id))

    async def _changes(self, statement: Update | Delete) -> bool:
        """Run a statement and say whether it met a row."""
        async with self._sessions.begin() as session:
            return await session.scalar(statement.returning(UserRow.id)) is not None

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
        email=row.email,
        email_verified=row.email_verified,
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
