"""From ``JWTKIT_STORE_URL`` to stores: the scheme says which kind."""

from __future__ import annotations

from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.protocols import Stores

__all__ = ["stores_from_url"]

_REDIS = frozenset(
    f"{tls}{kind}" for tls in ("redis", "rediss") for kind in ("", "+cluster", "+sentinel")
)
_SQL = frozenset({"postgresql", "sqlite"})


def stores_from_url(url: str) -> Stores:
    """Return the stores on the server that a URL names. Opens nothing.

    Args:
        url: ``redis://…``, ``redis+cluster://…``, ``redis+sentinel://…`` (or ``rediss``
            for TLS), ``postgresql+asyncpg://…`` or ``sqlite+aiosqlite:///…``.

    Raises:
        ConfigurationError: the URL cannot work, or names another kind of server.
        MissingExtraError: the driver is not installed; says which pip line to run.
    """
    scheme = url.partition("://")[0]
    # Imported here: each kind of store needs an extra of its own.
    if scheme in _REDIS:
        from fastapi_jwtkit.stores.redis import redis_stores  # noqa: PLC0415

        return redis_stores(url)
    if scheme.partition("+")[0] in _SQL:
        from fastapi_jwtkit.stores.sqlalchemy import sql_stores  # noqa: PLC0415

        return sql_stores(url, create_tables=True)
    # Without the URL: there may be a password in it.
    raise ConfigurationError(
        "JWTKIT_STORE_URL names no kind of server that the kit knows.",
        fix="Begin it with redis://, redis+cluster://, redis+sentinel://, "
        "postgresql+asyncpg:// or sqlite+aiosqlite:///.",
        docs="how-to/choose-a-store/",
    )
