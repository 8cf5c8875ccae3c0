"""The tables, on a ``MetaData`` of yours, so that Alembic sees and migrates them.

Nothing but these four is written, and each name starts with ``jwtkit_``.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from fastapi_jwtkit.records import SPENT_KEPT

__all__ = ["JWTKitTables", "plain_tables", "spent_names", "tables"]

# SQLite counts only a plain INTEGER key up by itself.
_SEQUENCE = BigInteger().with_variant(Integer, "sqlite")


@dataclass(frozen=True, slots=True, kw_only=True)
class JWTKitTables:
    """The tables of the SQL stores.

    Attributes:
        sessions: ``jwtkit_sessions``, a row per login on a device.
        revocations: ``jwtkit_revocations``, what is dead before its ``exp``.
        one_time: ``jwtkit_one_time``, what happened once.
        counters: ``jwtkit_counters``, how often something was tried.
    """

    sessions: Table
    revocations: Table
    one_time: Table
    counters: Table

    def all(self) -> list[Table]:
        """Return them in a list."""
        return [self.sessions, self.revocations, self.one_time, self.counters]


def tables(metadata: MetaData) -> JWTKitTables:
    """Put the tables on ``metadata`` and return them; asked again, return the same ones.

    Call it where your models are, before Alembic compares. The schema of ``metadata``,
    if it has one, is theirs too.
    """
    known = metadata.tables
    prefix = f"{metadata.schema}." if metadata.schema else ""
    if f"{prefix}jwtkit_sessions" in known:
        return JWTKitTables(
            sessions=known[f"{prefix}jwtkit_sessions"],
            revocations=known[f"{prefix}jwtkit_revocations"],
            one_time=known[f"{prefix}jwtkit_one_time"],
            counters=known[f"{prefix}jwtkit_counters"],
        )
    return JWTKitTables(
        sessions=_sessions(metadata),
        revocations=_revocations(metadata),
        one_time=_one_time(metadata),
        counters=_counters(metadata),
    )


def plain_tables() -> JWTKitTables:
    """Return the tables on a ``MetaData`` of their own, without a schema."""
    return tables(MetaData())


def spent_names() -> list[str]:
    """Return the columns that hold spend times, oldest first."""
    return [f"spent_{number}" for number in range(1, SPENT_KEPT + 1)]


def _sessions(metadata: MetaData) -> Table:
    return Table(
        "jwtkit_sessions",
        metadata,
        Column("realm", Text, nullable=False),
        Column("sid", Text, nullable=False),
        Column("version", SmallInteger, nullable=False),
        Column("line", LargeBinary, nullable=False),
        Column("subject", Text, nullable=False),
        Column("client_id", Text, nullable=False),
        Column("scope", Text),
        Column("audience", Text, nullable=False),
        Column("transport", Text, nullable=False),
        Column("auth_time", BigInteger, nullable=False),
        Column("amr", Text, nullable=False),
        Column("epoch", Integer, nullable=False),
        Column("created_at", Double, nullable=False),
        Column("absolute_expiry", Double, nullable=False),
        Column("idle_expiry", Double, nullable=False),
        Column("counter", BigInteger, nullable=False),
        Column("mac_key_id", Text, nullable=False),
        Column("attempt", Text),
        # Columns rather than a list: one UPDATE can then shift them, on any database.
        *(Column(name, Double) for name in spent_names()),
        Column("replays", Integer, nullable=False),
        Column("replay_streak", Integer, nullable=False),
        Column("revoked_at", Double),
        Column("revoked_reason", Text),
        Column("last_seen_at", Double, nullable=False),
        Column("ip", Text),
        Column("user_agent", Text),
        Column("device_name", Text),
        PrimaryKeyConstraint("realm", "sid", name="jwtkit_sessions_pkey"),
        # No column that rotation changes is in an index, so PostgreSQL touches none then.
        Index("jwtkit_sessions_of_subject", "realm", "subject", "created_at"),
        Index("jwtkit_sessions_absolute_expiry", "absolute_expiry"),
    )


def _revocations(metadata: MetaData) -> Table:
    return Table(
        "jwtkit_revocations",
        metadata,
        Column("seq", _SEQUENCE, autoincrement=True),
        Column("realm", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("value", Text, nullable=False),
        Column("version", SmallInteger, nullable=False),
        Column("min_epoch", Integer),
        Column("not_before", Double),
        Column("expires_at", Double),
        Column("reason", Text, nullable=False),
        Column("added_at", Double, nullable=False),
        PrimaryKeyConstraint("seq", name="jwtkit_revocations_pkey"),
        UniqueConstraint("realm", "kind", "value", name="jwtkit_revocations_entry"),
        Index("jwtkit_revocations_seq_of_realm", "realm", "seq"),
        Index("jwtkit_revocations_expires_at", "expires_at"),
        # A number is never given twice, or a follower would believe to know the entry.
        sqlite_autoincrement=True,
    )


def _one_time(metadata: MetaData) -> Table:
    return Table(
        "jwtkit_one_time",
        metadata,
        Column("realm", Text, nullable=False),
        Column("token_id", Text, nullable=False),
        Column("expires_at", Double, nullable=False),
        PrimaryKeyConstraint("realm", "token_id", name="jwtkit_one_time_pkey"),
        Index("jwtkit_one_time_expires_at", "expires_at"),
    )


def _counters(metadata: MetaData) -> Table:
    return Table(
        "jwtkit_counters",
        metadata,
        Column("realm", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("value", BigInteger, nullable=False),
        Column("expires_at", Double, nullable=False),
        PrimaryKeyConstraint("realm", "name", name="jwtkit_counters_pkey"),
        Index("jwtkit_counters_expires_at", "expires_at"),
    )
