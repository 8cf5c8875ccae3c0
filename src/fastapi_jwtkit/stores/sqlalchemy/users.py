"""Users in a SQL database, for applications that have no table of users yet.

Put the columns on a model of yours with ``UserColumns``, or take ``SQLUser`` as it is.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Delete,
    Dialect,
    Table,
    Text,
    TypeDecorator,
    Update,
    delete,
    false,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, class_mapper, mapped_column, validates

from fastapi_jwtkit.credentials import canonical_login
from fastapi_jwtkit.errors import LoginTakenError
from fastapi_jwtkit.protocols import User
from fastapi_jwtkit.records import NewUser
from fastapi_jwtkit.stores.sqlalchemy.creation import create_tables
from fastapi_jwtkit.stores.sqlalchemy.engines import LoopEngines
from fastapi_jwtkit.stores.sqlalchemy.retry import Database

__all__ = ["SQLUser", "SQLUserStore", "StringSet", "UserColumns", "UserTables"]

USER_ID_BYTES = 16


class StringSet(TypeDecorator[frozenset[str]]):
    """A set of strings as JSON text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Iterable[str] | None, dialect: Dialect) -> str | None:
        """Return what is stored: sorted, so that equal sets read alike."""
        del dialect
        return None if value is None else json.dumps(sorted(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> frozenset[str] | None:
        """Return the set."""
        del dialect
        return None if value is None else frozenset(json.loads(value))


def _new_id() -> str:
    # Random, not counted: a number could come again after a deletion, or after a restore,
    # and with it the tokens of whoever had it before (OIDC Core 2).
    return secrets.token_hex(USER_ID_BYTES)


class UserColumns:
    """The columns that a kit asks for; mix it into a model of yours.

    Attributes:
        id: random, never given twice.
        login: canonical, see ``canonical_login``; a unique index decides whose it is.
        password_hash: ``None`` for a user without a password.
        email: canonical address, see ``canonical_email``; need not be unique.
        email_verified: whether mail to it was shown to reach the person.
        is_active: ``False`` refuses logins and ends sessions at their next refresh.
        scopes: what the user may hold.
        roles: roles the user has.
        permissions: permissions the user has.
    """

    id: Mapped[str] = mapped_column(Text, primary_key=True, default=_new_id)
    login: Mapped[str] = mapped_column(Text, unique=True)
    password_hash: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text, index=True)
    email_verified: Mapped[bool] = mapped_column(default=False, server_default=false())
    is_active: Mapped[bool] = mapped_column(default=True)
    scopes: Mapped[frozenset[str]] = mapped_column(StringSet, default=frozenset)
    roles: Mapped[frozenset[str]] = mapped_column(StringSet, default=frozenset)
    permissions: Mapped[frozenset[str]] = mapped_column(StringSet, default=frozenset)

    @validates("login")
    def _check_login(self, _: str, login: str) -> str:
        if canonical_login(login) != login:
            raise ValueError("the login is not in its canonical spelling")
        return login


class UserTables(DeclarativeBase):
    """Where the ready model lives; ``UserTables.metadata`` is for Alembic."""


class SQLUser(UserColumns, UserTables):
    """The ready model: nothing but what a kit asks for."""

    __tablename__ = "jwtkit_users"


class SQLUserStore:
    """A user store on PostgreSQL or SQLite, with the verbs of every account flow.

    What it returns are rows of ``model``, detached and with all columns loaded, so that
    ``claims_for`` sees columns of yours as well.

    Args:
        engine: yours, or one for each event loop, such as ``SQLStores.engine``.
        model: a mapped class with ``UserColumns``.
    """

    def __init__(
        self, engine: AsyncEngine | LoopEngines, *, model: type[UserColumns] = SQLUser
    ) -> None:
        self._engine = engine
        self._database = Database(engine)
        self._model = model

    async def find_by_login(self, login: str, /) -> User | None:
        """Return the user with this canonical login."""
        return await self._find(self._model.login == login)

    async def find_by_id(self, user_id: str, /) -> User | None:
        """Return the user with this id, with the roles that hold now."""
        return await self._find(self._model.id == user_id)

    async def set_password_hash(
        self, user_id: str, password_hash: str, /, *, expected: str | None
    ) -> bool:
        """Replace the hash only if it still is ``expected``: one statement decides."""
        unchanged = self._model.password_hash.is_not_distinct_from(expected)
        return await self._write(
            update(self._model)
            .where(self._model.id == user_id, unchanged)
            .values(password_hash=password_hash)
        )

    async def add(self, new: NewUser, /) -> User:
        """Store a new user under an id that was never used before.

        Raises:
            LoginTakenError: the login is somebody's; the unique index says so.
            ValueError: the login is not in its canonical spelling, so nobody could log in.
        """
        if canonical_login(new.login) != new.login:
            raise ValueError("the login is not in its canonical spelling")

        taken = select(self._model.id).where(self._model.login == new.login)

        async def insert(connection: AsyncConnection) -> User:
            user = self._model()
            user.login, user.password_hash = new.login, new.password_hash
            user.email, user.scopes = new.email, frozenset(new.scopes)
            async with AsyncSession(connection, expire_on_commit=False) as session:
                session.add(user)
                try:
                    await session.commit()
                except IntegrityError:
                    await session.rollback()
                    if await session.scalar(taken) is not None:
                        raise LoginTakenError("login_taken") from None
                    raise
            return _as_user(user)

        return await self._database.run(insert, reason="user_add_failed")

    async def find_by_email(self, email: str, /) -> User | None:
        """Return whose address this is: of several, the one who verified it."""
        model = self._model
        # Two are enough to see that it is not one alone.
        ranked = select(model).where(model.email == email)
        ranked = ranked.order_by(model.email_verified.desc()).limit(2)

        async def read(connection: AsyncConnection) -> User | None:
            async with AsyncSession(connection, expire_on_commit=False) as session:
                rows = (await session.scalars(ranked)).all()
            if len(rows) > 1 and rows[0].email_verified == rows[1].email_verified:
                return None
            return _as_user(rows[0]) if rows else None

        return await self._database.run(read, reason="user_find_failed")

    async def set_email(
        self, user_id: str, email: str, /, *, expected: str | None, login: str | None = None
    ) -> bool:
        """Replace the address, as verified, only if it still is ``expected``.

        Raises:
            LoginTakenError: ``login`` is somebody else's; the unique index says so.
        """
        model = self._model
        values: dict[str, Any] = {"email": email, "email_verified": True}
        if login is not None:
            values["login"] = login
        unchanged = model.email.is_not_distinct_from(expected)
        statement = update(model).where(model.id == user_id, unchanged).values(**values)

        async def write(connection: AsyncConnection) -> bool | None:
            try:
                answer = await connection.execute(statement.returning(model.id))
            except IntegrityError:
                await connection.rollback()
                taken = select(model.id).where(model.login == login, model.id != user_id)
                if await connection.scalar(taken) is None:
                    raise
                return None
            return answer.first() is not None

        changed = await self._database.run(write, reason="user_write_failed")
        if changed is None:
            raise LoginTakenError("login_taken")
        return changed

    async def set_active(self, user_id: str, active: bool, /) -> bool:  # noqa: FBT001 - the port's
        """Set ``is_active``; say whether there is such a user."""
        changes = update(self._model).where(self._model.id == user_id)
        return await self._write(changes.values(is_active=active))

    async def change(
        self,
        user_id: str,
        *,
        is_active: bool | None = None,
        scopes: Iterable[str] | None = None,
        roles: Iterable[str] | None = None,
        permissions: Iterable[str] | None = None,
    ) -> User | None:
        """Change what is given and return the user; ``None`` if there is none.

        For sessions that are open, follow it with ``kit.expire_claims`` or
        ``kit.close_all``.
        """
        sets = {"scopes": scopes, "roles": roles, "permissions": permissions}
        changes: dict[str, Any] = {
            name: frozenset(values) for name, values in sets.items() if values is not None
        }
        if is_active is not None:
            changes["is_active"] = is_active
        if changes:
            await self._write(
                update(self._model).where(self._model.id == user_id).values(**changes)
            )
        return await self.find_by_id(user_id)

    async def remove(self, user_id: str, /) -> bool:
        """Forget a user and free the login, never the id. Say whether there was one."""
        return await self._write(delete(self._model).where(self._model.id == user_id))

    async def create_tables(self) -> None:
        """Create the table if it is missing. Several workers may do it at once.

        Raises:
            StoreUnavailableError: the database does not answer, or forbids it.
        """
        # Typed more widely by SQLAlchemy, for models that are mapped to a subquery.
        mapped = cast("list[Table]", class_mapper(self._model).tables)
        await create_tables(self._engine, mapped)

    async def _find(self, condition: ColumnElement[bool]) -> User | None:
        async def read(connection: AsyncConnection) -> User | None:
            async with AsyncSession(connection, expire_on_commit=False) as session:
                row = await session.scalar(select(self._model).where(condition))
                return None if row is None else _as_user(row)

        return await self._database.run(read, reason="user_find_failed")

    async def _write(self, statement: Update | Delete) -> bool:
        """Run a statement and say whether it met a row."""

        async def write(connection: AsyncConnection) -> bool:
            answer = await connection.execute(statement.returning(self._model.id))
            return answer.first() is not None

        return await self._database.run(write, reason="user_write_failed")


def _as_user(row: UserColumns) -> User:
    # It is one. But pyright compares ``Mapped[str]`` with ``str`` where a protocol is met.
    return cast("User", row)
