"""Alembic sees the tables, makes them, and has nothing to change afterwards."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import compare_metadata, produce_migrations
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, class_mapper, mapped_column

from fastapi_jwtkit.records import NewUser
from fastapi_jwtkit.stores.sqlalchemy import sql_stores, tables
from fastapi_jwtkit.stores.sqlalchemy.users import SQLUserStore, UserColumns
from fastapi_jwtkit.testing.contracts.session_data import REALM, new_session
from sql_databases import tables_at

OURS = {"jwtkit_sessions", "jwtkit_revocations", "jwtkit_one_time", "jwtkit_counters"}


def own_model() -> type[UserColumns]:
    """Return a model of an application whose metadata holds the tables of the kit too."""

    class Model(DeclarativeBase):
        pass

    class Person(UserColumns, Model):
        __tablename__ = "people"
        city: Mapped[str | None] = mapped_column()

    tables(Model.metadata)
    return Person


async def test_alembic_makes_the_tables_and_then_finds_nothing_to_change(empty_url: str) -> None:
    """What it generates is run, is enough for the stores, and equals their metadata."""
    people = own_model()
    metadata = class_mapper(people).local_table.metadata
    engine = create_async_engine(empty_url)

    def migrate(connection: Connection) -> None:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        script = produce_migrations(context, metadata).upgrade_ops
        assert script is not None
        operations = Operations(context)
        for operation in script.ops:
            for part in getattr(operation, "ops", [operation]):
                operations.invoke(part)

    async with engine.begin() as connection:
        await connection.run_sync(migrate)
    assert await tables_at(empty_url) == OURS | {"people"}
    assert await differences(engine, metadata) == []
    stores = sql_stores(engine, metadata=metadata)
    await stores.sessions.add(new_session())
    await stores.revocations.snapshot(REALM)
    assert await stores.one_time.consume(REALM, "t1", expires_at=2e9)
    await stores.prune()
    ann = await SQLUserStore(engine, model=people).add(NewUser(login="ann", password_hash="h"))
    assert ann.login == "ann"
    await engine.dispose()


async def test_alembic_finds_nothing_to_change_in_tables_that_the_stores_created(
    empty_url: str,
) -> None:
    """Whoever turns to Alembic later begins with an empty migration."""
    metadata = MetaData()
    stores = sql_stores(empty_url, metadata=metadata, create_tables=True)
    await stores.prepare()
    await stores.close()
    engine = create_async_engine(empty_url)
    assert await differences(engine, metadata) == []
    await engine.dispose()


async def differences(engine: AsyncEngine, metadata: MetaData) -> list[Any]:
    """Return what Alembic would change."""

    def compare(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    async with engine.connect() as connection:
        return await connection.run_sync(compare)


def test_alembic_would_see_the_tables_on_ones_own_metadata() -> None:
    """Once, however often they are asked for, and in the schema of the metadata."""
    metadata = MetaData(schema="auth")
    first = sql_stores("sqlite+aiosqlite:///x.db", metadata=metadata)
    again = sql_stores("sqlite+aiosqlite:///x.db", metadata=metadata)
    assert first.tables == again.tables
    assert set(metadata.tables) == {
        "auth.jwtkit_sessions",
        "auth.jwtkit_revocations",
        "auth.jwtkit_one_time",
        "auth.jwtkit_counters",
    }
