from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi_jwtkit import JWTAuth, Principal
from fastapi_jwtkit.stores.sqlalchemy import sql_stores
from fastapi_jwtkit.stores.sqlalchemy.users import SQLUserStore

# --8<-- [start:stores]
stores = sql_stores(
    "sqlite+aiosqlite:///./app.db",  # or postgresql+asyncpg://…
    create_tables=True,  # leave it out where Alembic migrates
)
users = SQLUserStore(stores.engine)

auth = JWTAuth.from_env(users=users, stores=stores)
# --8<-- [end:stores]

# --8<-- [start:app]
from collections.abc import AsyncGenerator  # noqa: E402
from contextlib import asynccontextmanager  # noqa: E402


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
    await users.create_tables()  # likewise
    yield


app = FastAPI(lifespan=lifespan)
auth.install(app)
# --8<-- [end:app]


@app.get("/me")
async def me(principal: Annotated[Principal, Depends(auth.current_principal)]) -> str:
    return principal.subject


# --8<-- [start:alembic]
from fastapi_jwtkit.stores.sqlalchemy import tables  # noqa: E402
from fastapi_jwtkit.stores.sqlalchemy.users import UserColumns  # noqa: E402
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column  # noqa: E402


class Model(DeclarativeBase):
    pass


class Person(UserColumns, Model):
    __tablename__ = "people"
    city: Mapped[str | None] = mapped_column()


tables(Model.metadata)  # Alembic: target_metadata = Model.metadata
# --8<-- [end:alembic]
