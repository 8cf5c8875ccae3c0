"""Accounts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from examples.todo.app.models.table import ID_CHARACTERS, Table, UtcDateTime, new_id, utc_now

__all__ = ["UserRow"]


class UserRow(Table):
    """One account. Scopes and roles are space-delimited, as in a token (RFC 6749 3.3)."""

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(String(ID_CHARACTERS), primary_key=True, default=new_id)
    # The canonical spelling; the unique index decides who gets a login, not a look-up before.
    login: Mapped[str] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str | None] = mapped_column(Text)
    # Not unique: an address is whose it was verified by, and anybody may claim it.
    email: Mapped[str | None] = mapped_column(String(320), index=True)
    email_verified: Mapped[bool] = mapped_column(default=False, server_default=false())
    is_active: Mapped[bool] = mapped_column(default=True)
    scopes: Mapped[str] = mapped_column(Text, default="")
    roles: Mapped[str] = mapped_column(Text, default="")
    display_name: Mapped[str | None] = mapped_column(String(100))
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
