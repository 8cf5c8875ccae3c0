"""Stores on PostgreSQL and SQLite, over SQLAlchemy's asyncio. Needs the extra ``sqlalchemy``."""

from __future__ import annotations

from fastapi_jwtkit.errors import MissingExtraError

try:
    import sqlalchemy.ext.asyncio as _asyncio
except ImportError:
    raise MissingExtraError("sqlalchemy", "sqlalchemy") from None
del _asyncio

from fastapi_jwtkit.stores.sqlalchemy.connect import SQLStores, sql_stores  # noqa: E402
from fastapi_jwtkit.stores.sqlalchemy.counters import SQLCounterStore  # noqa: E402
from fastapi_jwtkit.stores.sqlalchemy.database_time import DatabaseTime  # noqa: E402
from fastapi_jwtkit.stores.sqlalchemy.engines import LoopEngines  # noqa: E402
from fastapi_jwtkit.stores.sqlalchemy.one_time import SQLOneTimeStore  # noqa: E402
from fastapi_jwtkit.stores.sqlalchemy.revocations import SQLRevocationStore  # noqa: E402
from fastapi_jwtkit.stores.sqlalchemy.sessions import SQLSessionStore  # noqa: E402
from fastapi_jwtkit.stores.sqlalchemy.tables import JWTKitTables, tables  # noqa: E402

__all__ = [
    "DatabaseTime",
    "JWTKitTables",
    "LoopEngines",
    "SQLCounterStore",
    "SQLOneTimeStore",
    "SQLRevocationStore",
    "SQLSessionStore",
    "SQLStores",
    "sql_stores",
    "tables",
]
